// The section of permanent replication slots (configuration.md 3.3). Pure.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace tamada {

struct PermanentSlot {
  std::string name;
  bool physical = true;
  std::string database;  // logical
  std::string plugin;    // logical
  enum class Cluster { Any, Primary, Standby };
  Cluster cluster = Cluster::Any;  // physical: the only kind of cluster that has it

  bool operator==(const PermanentSlot&) const = default;
};

struct PermanentSlots {
  std::vector<PermanentSlot> slots;   // sorted by name
  std::vector<std::string> problems;  // one sentence for each entry that is skipped
};

PermanentSlots parse_permanent_slots(const json::object& section);

}  // namespace tamada
