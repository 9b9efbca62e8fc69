// The replication slots here as the last look found them: for /status, the failsafe question, /explain and the metrics.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/slots_plan.h"

namespace tamada {

struct SlotReport {
  struct Line {
    SlotInfo slot;
    std::uint64_t retained_bytes = 0;  // WAL that it keeps from being removed
    // A permanent logical slot on a standby: it is proven that a promotion would lose none of its changes.
    std::optional<bool> sound;
  };
  std::vector<Line> slots;
  // As lock holder, since PostgreSQL is primary: where the slots stand that are published. nullopt: not looked yet.
  std::optional<SlotPositions> positions;
  std::vector<PermanentSlot> to_copy;
  // Logical slots of this primary whose consumers may miss changes, and why. Until this member leads no more, or the
  // daemon ends.
  std::map<std::string, std::string> gaps;
};

}  // namespace tamada
