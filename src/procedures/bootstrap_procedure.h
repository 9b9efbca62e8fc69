// A new cluster (ha_behaviour.md 5): race for /initialize, make the data directory, start, users, publish, take the
// lock. The one way of becoming writable without a lock (safety.md 2.1); what bounds it is that every later write of
// the bootstrap depends on the /initialize key that this member created.
#pragma once

#include "procedures/context.h"

namespace tamada {

// Error Conflict: another member won the race; nothing was touched. Any other error: the bootstrap was undone
// (PostgreSQL stopped, directory moved aside, key removed) and the daemon should end.
Task<Result<void>> bootstrap_cluster(ProcedureContext& context);

// The same for a standby cluster: the data is copied from the remote primary, which is followed from then on.
Task<Result<void>> bootstrap_standby_leader(ProcedureContext& context, FollowTarget remote);

// After a restart in the middle of a bootstrap: undoes what it left. True when something was undone.
Task<Result<bool>> undo_interrupted_bootstrap(ProcedureContext& context, const ClusterView& view);

}  // namespace tamada
