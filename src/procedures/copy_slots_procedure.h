// Taking over logical slots of the leader on a standby (ha_behaviour.md 7.5): PostgreSQL can make them there only while
// it is stopped.
#pragma once

#include "procedures/context.h"

namespace tamada {

struct CopySlotsRequest {
  Member leader;
  std::vector<PermanentSlot> slots;
};

// Order: read the states while everything runs, wait until this standby has replayed what the slots' consumers have
// confirmed, leave synchronous duty, stop, put the slots in place, start. What is read before the stop is never newer
// than what consumers have confirmed, so a slot never stands ahead of them; interrupted anywhere, a slot is there as a
// whole or not at all, and PostgreSQL is started by the brain. Error Conflict: nothing was stopped.
Task<Result<void>> copy_logical_slots(ProcedureContext& context, CopySlotsRequest request);

}  // namespace tamada
