// Which physical slots should exist on this member (ha_behaviour.md 7.1-7.3). Pure.
#pragma once

#include <string>
#include <vector>

#include "core/memory.h"
#include "model/cluster_view.h"
#include "model/settings.h"

namespace tamada {

// What PostgreSQL has; a copy of ports/postgres.h's SlotInfo without the SQL layer.
struct ExistingSlot {
  std::string name;
  bool physical = true;
  bool active = false;
  bool temporary = false;
  bool failover = false;
  std::string database;  // logical slots
  std::string plugin;
};

struct SlotsPlan {
  std::vector<std::string> create;
  std::vector<std::string> drop;      // never an active one, never in pause
  std::vector<std::string> warnings;  // two members with one slot name ...
};

SlotsPlan plan_slots(const ClusterView& view, const Settings& settings, bool holds_lock, bool in_recovery,
                     const std::vector<ExistingSlot>& existing);

}  // namespace tamada
