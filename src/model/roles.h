// Roles and states of a member. The words on the wire differ by compatibility level: see model/compatibility.h.
#pragma once

#include <string_view>

namespace tamada {

enum class Role { Uninitialized, Replica, StandbyLeader, Promoted, Primary, Demoted, Unknown };

// States of the managed PostgreSQL as peers and tools see them (dcs.md 1.7).
enum class PgState {
  InitializingNewCluster,
  InitdbFailed,
  RunningCustomBootstrap,
  CustomBootstrapFailed,
  CreatingReplica,
  Running,
  Starting,
  StartingAfterCustomBootstrap,
  StartFailed,
  Restarting,
  RestartFailed,
  Stopping,
  Stopped,
  StopFailed,
  Crashed,
  Unknown,
};

}  // namespace tamada
