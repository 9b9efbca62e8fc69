#include "core/derive_groups.h"

namespace tamada {

using namespace fact;

namespace {

fact::Postgres running_postgres(const DerivationInput& in) {
  const PostgresStatus& status = in.observation.postgres;
  if (status.row) return status.row->in_recovery ? Postgres::Standby : Postgres::Primary;
  if (status.accepting == Accepting::Rejecting) return Postgres::Starting;
  const bool launched = in.memory.starting_since.has_value();
  return launched && status.accepting != Accepting::Yes ? Postgres::Starting : Postgres::Unresponsive;
}

fact::Postgres postgres(const DerivationInput& in) {
  switch (in.observation.postgres.process) {
    case ProcessState::Unknown:
      return Postgres::Unknown;
    case ProcessState::NotRunning:
      return Postgres::Stopped;
    case ProcessState::Orphans:
    case ProcessState::SingleUser:
      return Postgres::Orphans;
    case ProcessState::Running:
      return running_postgres(in);
  }
  return Postgres::Unknown;
}

// Steps that work on a stopped server with programs of their own: what is seen in the data directory meanwhile serves
// no client.
bool works_offline(ProcedureKind kind) {
  return kind == ProcedureKind::CrashRecovery || kind == ProcedureKind::Rewind || kind == ProcedureKind::Clone;
}

// Anything of which it is not certain that it is stopped or in recovery counts as able to commit.
fact::Writable writable(const DerivationInput& in, fact::Postgres postgres) {
  const PostgresStatus& status = in.observation.postgres;
  switch (postgres) {
    case Postgres::Stopped:
      return Writable::No;
    case Postgres::Standby:
      return in.memory.promotion_asked ? Writable::Yes : Writable::No;
    case Postgres::Primary:
      return Writable::Yes;
    case Postgres::Unknown:
      return Writable::Unknown;
    case Postgres::Orphans:
      if (works_offline(in.observation.procedure.kind)) return Writable::No;
      break;
    case Postgres::Starting:
    case Postgres::Unresponsive:
      break;
  }
  const bool was_primary = in.memory.role == Role::Primary || in.memory.role == Role::Promoted;
  if (status.recovery_configured && !was_primary) return Writable::No;
  return was_primary || !status.recovery_configured ? Writable::Yes : Writable::Unknown;
}

fact::LastRole last_role(Role role) {
  switch (role) {
    case Role::Primary:
    case Role::Promoted:
      return LastRole::Primary;
    case Role::Replica:
    case Role::StandbyLeader:
      return LastRole::Standby;
    default:
      return LastRole::Unknown;
  }
}

// The control file of a base backup is its source's until the copy is started for the first time. Before 15 a primary
// in exclusive backup mode has such a label, too, but nothing that configures recovery.
bool unstarted_copy(const PostgresStatus& status) {
  return status.backup_label && (status.recovery_configured || status.major_version >= 150000);
}

fact::Control control(const PostgresStatus& status) {
  if (!status.control) return Control::Unknown;
  if (unstarted_copy(status)) return Control::Standby;
  switch (status.control->state) {
    case ControlState::ShutDown:
      return Control::CleanPrimary;
    case ControlState::InProduction:
    case ControlState::ShuttingDown:
    case ControlState::InCrashRecovery:
      return Control::CrashedPrimary;
    case ControlState::ShutDownInRecovery:
    case ControlState::InArchiveRecovery:
      return Control::Standby;
    case ControlState::StartingUp:
      return status.recovery_configured ? Control::Standby : Control::CrashedPrimary;
    case ControlState::Unknown:
      return Control::Unknown;
  }
  return Control::Unknown;
}

}  // namespace

void derive_postgres(const DerivationInput& in, Facts& f) {
  const PostgresStatus& status = in.observation.postgres;
  f.set(postgres(in));
  f.set(writable(in, f.get<Postgres>()));
  f.set(last_role(in.memory.role));
  f.set(control(status));
  f.set(status.data_dir != DataDirState::Present ? RecoveryFiles::Unknown
        : status.recovery_configured             ? RecoveryFiles::Present
                                                 : RecoveryFiles::Absent);
  f.set(in.memory.stopped_for_us ? StoppedBy::Us : StoppedBy::NotUs);
}

}  // namespace tamada
