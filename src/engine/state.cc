#include "engine/state.h"

namespace tamada {

PgState observed_state(const EngineState& state) {
  if (state.shown) return *state.shown;
  const PostgresStatus& pg = state.postgres;
  switch (pg.process) {
    case ProcessState::Running:
      if (pg.row || pg.accepting == Accepting::Yes) return PgState::Running;
      if (pg.accepting == Accepting::Rejecting) return PgState::Starting;
      return state.state == PgState::Unknown ? PgState::Starting : state.state;
    case ProcessState::NotRunning:
    case ProcessState::Orphans:
      if (state.state == PgState::Running || state.state == PgState::Starting) return PgState::Crashed;
      return state.state == PgState::Unknown ? PgState::Stopped : state.state;
    case ProcessState::SingleUser:
      return PgState::Starting;
    case ProcessState::Unknown:
      break;
  }
  return state.state;
}

Role observed_role(const EngineState& state, bool leads) {
  const PostgresStatus& pg = state.postgres;
  if (pg.row && pg.running()) {
    if (!pg.row->in_recovery) return leads || state.paused() ? Role::Primary : Role::Promoted;
    return leads && state.settings->dynamic.standby_cluster ? Role::StandbyLeader : Role::Replica;
  }
  if (pg.data_dir == DataDirState::Missing || pg.data_dir == DataDirState::Empty) return Role::Uninitialized;
  return state.memory.role == Role::Unknown ? Role::Replica : state.memory.role;
}

bool may_be_writable(const EngineState& state, const RunningProcedure& procedure) {
  const PostgresStatus& pg = state.postgres;
  if (pg.is_primary()) return true;
  const bool promotes = procedure.kind == ProcedureKind::Promote;
  if (pg.is_standby() || pg.recovery_configured) return promotes || state.memory.promotion_asked;
  // Programs of a repair work on a stopped server; none of them serves a client.
  const bool repairs = procedure.kind == ProcedureKind::CrashRecovery || procedure.kind == ProcedureKind::Rewind ||
                       procedure.kind == ProcedureKind::Clone;
  if (repairs && pg.process != ProcessState::Running) return false;
  const bool led = state.memory.role == Role::Primary || state.memory.role == Role::Promoted;
  const bool starts = procedure.kind == ProcedureKind::Start || procedure.kind == ProcedureKind::Restart;
  if (pg.process == ProcessState::NotRunning) return led && starts;
  return led || starts || promotes;
}

}  // namespace tamada
