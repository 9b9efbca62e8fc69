// Demotion in its modes (ha_behaviour.md 1.16). Ends with PostgreSQL stopped; the brain decides how it comes back.
#pragma once

#include "procedures/stop.h"

namespace tamada {

struct DemoteRequest {
  DemoteMode mode = DemoteMode::Immediate;
  std::string to;                       // graceful: the candidate, for messages; may be empty
  std::optional<StopPlan> stop;         // set by the fence, which has a deadline
  std::optional<Lsn> standby_position;  // of a standby leader, left behind with the key; nullopt = it is a primary
  FollowTarget remote;                  // cluster: whom the data follows from here on
};

// Order: checkpoint (graceful), before_stop, stop, on_stop, then - and only with PostgreSQL stopped - release of the
// lock for the modes that release. A stop that fails keeps the lock: its validity ends, and so does everything that
// holds it. The mode for a whole cluster keeps the lock, makes standby data of what is stopped and archives its end.
Task<Result<void>> demote(ProcedureContext& context, DemoteRequest request);

// SIGTERM: like a graceful demotion without the explicit checkpoint's patience (ha_behaviour.md 1.17).
Task<Result<void>> shutdown_postgres(ProcedureContext& context);

}  // namespace tamada
