// Which physical slots should exist on this member (ha_behaviour.md 7.1-7.3, 7.7). Pure.
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

// Who this member is for its slots.
struct SlotsSide {
  bool holds_lock = false;
  bool in_recovery = true;
  std::vector<std::string> retained;  // as lock holder: retained_slots(); others go by what it published in /status
};

SlotsPlan plan_slots(const ClusterView& view, const Settings& settings, const SlotsSide& side,
                     const std::vector<ExistingSlot>& existing);

// Notes in `m` which members are registered now. What another leader published is taken over until this member leads,
// so that neither a new leader nor a restarted daemon forgets a member that is away; its time begins anew then.
void remember_slots(Memory& m, const ClusterView& view, bool holds_lock, const Settings& settings, Instant now);

// The lock holder's retain_slots: slots of members, its own included, that were registered less than member_slots_ttl
// ago, without permanent ones. Sorted; empty where slots of absent members are not kept. `version`: PostgreSQL's,
// 0 = unknown.
std::vector<std::string> retained_slots(const Memory& m, const Settings& settings, int version, Instant now);

}  // namespace tamada
