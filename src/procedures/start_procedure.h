// Starting, restarting and re-pointing PostgreSQL (ha_behaviour.md 1.7, 1.8, 1.15, 9.2).
#pragma once

#include "procedures/context.h"

namespace tamada {

struct StartPlan {
  StartRequest request;
  // How long the server may need until it accepts connections; the postmaster is left starting when it takes longer and
  // `fail_when_slow` is not set.
  std::chrono::seconds timeout{60};
  bool fail_when_slow = false;
  // A start as primary needs a proven lock; the one exception is a bootstrap (safety.md 2.1).
  bool needs_lock = true;
  bool ordered = false;  // an operator's restart, see Event::ordered
  std::optional<Callbacks::Event> callback = Callbacks::Event::OnStart;
};

// Launches and waits until PostgreSQL accepts connections. A start as primary is refused without a lock proven long
// enough, and is killed when the lock is lost on the way.
Task<Result<void>> start_postgres(ProcedureContext& context, StartPlan plan);

// Makes a running standby follow `target`: reload where PostgreSQL can, else stop and start.
Task<Result<void>> follow(ProcedureContext& context, FollowTarget target);

// Stop fast with a checkpoint and start again in the same role.
Task<Result<void>> restart(ProcedureContext& context, FollowTarget follow_target, std::chrono::seconds timeout);

}  // namespace tamada
