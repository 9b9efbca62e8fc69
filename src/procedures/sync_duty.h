// Leaving synchronous duty before a stop or restart (ha_behaviour.md 3.8): commits of the primary should not stand
// still because this member goes.
#pragma once

#include "procedures/context.h"

namespace tamada {

// Asks the leader to do without this member and waits until /sync does not name it, at most twice loop_wait. Does
// nothing where the mode is off, this member leads, or nobody does.
Task<void> leave_sync_duty(ProcedureContext& context);
// The tag comes back.
void return_to_sync_duty(ProcedureContext& context);

}  // namespace tamada
