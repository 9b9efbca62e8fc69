// Making the data directory right again: clone, reinitialize, rewind, single-user crash recovery (ha_behaviour.md 4,
// 6). Each leaves a work note while the directory is unusable, so that an interrupted one is finished and never started
// (S8).
#pragma once

#include "procedures/context.h"

namespace tamada {

struct CloneRequest {
  CloneSource source;
  bool only_basebackup = false;
  FollowTarget follow;      // whom the clone streams from once it is there
  bool stop_first = false;  // reinitialize: the old server is stopped and its data removed
};

Task<Result<void>> clone_replica(ProcedureContext& context, CloneRequest request);
Task<Result<void>> rewind(ProcedureContext& context, Member leader);
Task<Result<void>> crash_recovery(ProcedureContext& context);
Task<Result<void>> check_divergence(ProcedureContext& context, Member leader);

}  // namespace tamada
