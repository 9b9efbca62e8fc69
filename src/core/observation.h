// Everything the brain may look at in one decision. Filled by the engine; plain values; no clock, no I/O.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "core/peer_report.h"
#include "model/cluster_view.h"
#include "model/health.h"
#include "model/postgres_status.h"
#include "model/restart_request.h"
#include "model/settings.h"

namespace tamada {

enum class StoreReach {
  Fresh,        // `view` is the answer to a request sent after the last doubt, or watch-fed since
  Doubtful,     // the watch broke, a stall or a clock jump happened: giving up is all that is allowed (safety.md 4.1)
  Unreachable,  // no answer for the whole retry budget
};

// The lock as our own renewals prove it, not as the view shows it.
struct LockStatus {
  std::optional<LockGeneration> held;  // set while proven and not refused since
  Instant valid_until = kLongAgo;
  bool lost = false;     // the last answer proved that the generation we held is gone
  bool unknown = false;  // an acquire or release without an answer: the key may be ours or not
  // Every member promised not to race until then and the store has confirmed nothing since (safety.md 6.3): the key may
  // be gone and the lock is ours all the same.
  bool consented = false;
};

// What this member promised in failsafe mode.
struct PromiseStatus {
  enum class Kind {
    Unknown,    // not read yet
    None,       // nothing that lasts
    Given,      // not to race
    Forgotten,  // what was promised before is not on record
  };
  Kind kind = Kind::Unknown;
  std::string to;
  Instant until = kLongAgo;
};

enum class ProcedureKind {
  None,
  Bootstrap,
  Clone,
  Promote,
  Demote,
  Rewind,
  Restart,
  Start,
  Follow,
  CrashRecovery,
  Reinitialize,
  CheckDivergence,
  CopySlots,
  Shutdown,
};

struct RunningProcedure {
  ProcedureKind kind = ProcedureKind::None;
  std::string name;  // as shown: "restart", "bootstrap from leader 'n1'", "running pg_rewind from n2"
  Instant started_at = kLongAgo;
};

// What an operator asked this member to do and the engine has not carried out yet.
struct ReinitializeRequest {
  bool force = false;
  bool from_leader = false;
};

// A survey of peers made for one question (safety.md 4.1: answers expire after 1 s).
struct PeerSurvey {
  Instant asked_at = kLongAgo;
  Instant completed_at = kLongAgo;
  std::vector<PeerReport> reports;
};

// A step that an earlier run of the daemon began and did not end (ports/local_state.h, WorkNote).
enum class UnfinishedWork { None, Bootstrap, Clone, Fill, Rewind };

struct Observation {
  std::string my_name;
  StoreReach store = StoreReach::Doubtful;
  std::optional<ClusterView> view;  // the last one, also when it is not fresh
  // When the view's newest sign of life of the lock's holder arrived; a decision may come much later.
  std::optional<Instant> leader_sign_at;
  LockStatus lock;
  PromiseStatus promise;
  bool failsafe_map_confirmed = false;  // this process has written /failsafe under the generation it holds
  PostgresStatus postgres;
  RunningProcedure procedure;  // None when idle
  UnfinishedWork unfinished = UnfinishedWork::None;
  std::optional<PeerSurvey> survey;
  bool can_rewind = false;                // pg_rewind usable here
  bool bootstrap_allowed = false;         // the local configuration has a bootstrap section
  bool can_clone_without_leader = false;  // a replica method with no_leader is configured
  bool watchdog_healthy = true;           // Watchdog::healthy()
  bool watchdog_running = false;
  // The running recovery settings differ from those for the target (PostgresServer::follow_differs).
  // Filled for the target of core/follow.h's follow_target(). nullopt = could not be told.
  std::optional<bool> follow_differs;
  // Logical slots of the leader that this standby lacks and could take over now (core/slots_plan.h).
  std::vector<std::string> slots_to_copy;
  std::optional<ReinitializeRequest> reinitialize;
  std::optional<RestartRequest> restart;
  std::optional<ScheduledRestart> scheduled_restart;
  bool shutting_down = false;
  HealthReport health;
  bool other_timeline_origin = false;  // safety.md 2.3: the leader's timeline has our number, but not our WAL
};

}  // namespace tamada
