#include "core/plan_names.h"

namespace tamada {

std::string_view name_of(PlanKind kind) {
  switch (kind) {
    case PlanKind::Keep:
      return "Keep";
    case PlanKind::ProbePeers:
      return "ProbePeers";
    case PlanKind::AcquireLock:
      return "AcquireLock";
    case PlanKind::Lead:
      return "Lead";
    case PlanKind::Promote:
      return "Promote";
    case PlanKind::LeadStandby:
      return "LeadStandby";
    case PlanKind::Follow:
      return "Follow";
    case PlanKind::StartAsPrimary:
      return "StartAsPrimary";
    case PlanKind::StartAsStandby:
      return "StartAsStandby";
    case PlanKind::Demote:
      return "Demote";
    case PlanKind::ReleaseLock:
      return "ReleaseLock";
    case PlanKind::CheckDivergence:
      return "CheckDivergence";
    case PlanKind::Rewind:
      return "Rewind";
    case PlanKind::CrashRecovery:
      return "CrashRecovery";
    case PlanKind::Clone:
      return "Clone";
    case PlanKind::Reinitialize:
      return "Reinitialize";
    case PlanKind::Bootstrap:
      return "Bootstrap";
    case PlanKind::Restart:
      return "Restart";
    case PlanKind::CopySlots:
      return "CopySlots";
    case PlanKind::StopLeftOver:
      return "StopLeftOver";
    case PlanKind::Cancel:
      return "Cancel";
    case PlanKind::Exit:
      return "Exit";
  }
  return "?";
}

std::string_view name_of(DemoteMode mode) {
  switch (mode) {
    case DemoteMode::Offline:
      return "offline";
    case DemoteMode::Graceful:
      return "graceful";
    case DemoteMode::Immediate:
      return "immediate";
    case DemoteMode::Cluster:
      return "cluster";
    case DemoteMode::ImmediateNoLock:
      return "immediate-nolock";
    case DemoteMode::Sick:
      return "sick";
  }
  return "?";
}

std::string_view name_of(Chore chore) {
  switch (chore) {
    case Chore::WriteInitialize:
      return "WriteInitialize";
    case Chore::RestoreConfig:
      return "RestoreConfig";
    case Chore::ClearFailover:
      return "ClearFailover";
    case Chore::DropFailoverLeader:
      return "DropFailoverLeader";
    case Chore::ClearSync:
      return "ClearSync";
    case Chore::UpdateHistory:
      return "UpdateHistory";
    case Chore::WriteFailsafe:
      return "WriteFailsafe";
    case Chore::SyncSlots:
      return "SyncSlots";
    case Chore::MoveSlots:
      return "MoveSlots";
    case Chore::CheckpointAfterPromote:
      return "CheckpointAfterPromote";
    case Chore::TouchMember:
      return "TouchMember";
    case Chore::ActivateWatchdog:
      return "ActivateWatchdog";
    case Chore::DisableWatchdog:
      return "DisableWatchdog";
    case Chore::OnStartCallback:
      return "OnStartCallback";
    case Chore::RefuseRestart:
      return "RefuseRestart";
    case Chore::RefuseReinitialize:
      return "RefuseReinitialize";
    case Chore::CancelScheduledRestart:
      return "CancelScheduledRestart";
  }
  return "?";
}

}  // namespace tamada
