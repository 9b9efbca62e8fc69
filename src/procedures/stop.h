// Stopping PostgreSQL, with escalation: fast -> immediate -> kill (design.md 4).
#pragma once

#include "procedures/context.h"

namespace tamada {

struct StopPlan {
  StopMode first = StopMode::Fast;
  Instant immediate_at = kNever;  // a fast stop that has not ended by then becomes an immediate one
  Instant kill_at = kNever;       // then every process of the data directory is killed
  Instant give_up_at = kNever;    // the last deadline; kNever = kill_bound after kill_at
};

// Deadlines for a stop that must be complete before `valid_until` (safety.md 1.7); straight to kill where `timing` says
// so.
StopPlan fencing_stop(const Timing& timing, Instant now, Instant valid_until);
// For a stop that an operator or a lost lock asks for and no validity bounds.
StopPlan patient_stop(StopMode first, Instant now, std::chrono::seconds patience);

// Error: PostgreSQL is *not* known to be stopped; nothing that needs a stopped server may follow.
Task<Result<void>> stop_postgres(ProcedureContext& context, StopPlan plan);

}  // namespace tamada
