// What the brain wants done. The engine carries it out; it adds no decisions of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "core/memory.h"
#include "model/cluster_view.h"
#include "model/follow_target.h"

namespace tamada {

enum class PlanKind {
  Keep,         // nothing to start; the status says why
  ProbePeers,   // ask `peers` (ports/peers.h), then decide again with the survey
  AcquireLock,  // create the leader key; what follows is decided with the lock held
  Lead,         // running primary with the lock: `chores` keep things in order
  Promote,      // lock held, running as standby: promote procedure
  LeadStandby,  // lock held in a standby cluster, the remote is followed
  Follow,       // running standby: make it follow `follow` (reload or restart as needed)
  StartAsPrimary,
  StartAsStandby,
  Demote,
  ReleaseLock,      // PostgreSQL is stopped or was never primary: delete the key
  CheckDivergence,  // compare timelines with the leader
  Rewind,
  CrashRecovery,  // single-user mode
  Clone,          // replica creation
  Reinitialize,   // stop, remove, clone
  Bootstrap,      // race for /initialize, then initdb or the custom method
  Restart,
  CopySlots,     // running standby: take over logical slots of the leader, with a restart
  StopLeftOver,  // the data directory is gone: stop the old postmaster
  Cancel,        // the running procedure must end; decide again after it did
  Exit,          // fatal: `exit_message`
};

// Cluster: the primary becomes a standby leader; nothing may be lost and the lock is kept. Sick: a short fast stop,
// which loses least, then whatever ends it.
enum class DemoteMode { Offline, Graceful, Immediate, ImmediateNoLock, Cluster, Sick };

// Small steps beside the plan; each is idempotent and retried by the next decision.
enum class Chore {
  WriteInitialize,     // our system identifier
  RestoreConfig,       // our cached dynamic configuration
  ClearFailover,       // write {} if the request is still the one we saw
  DropFailoverLeader,  // pause: keep only candidate and schedule
  ClearSync,           // a standby cluster that follows its remote: what was promised before is over
  UpdateHistory,
  WriteFailsafe,  // whom failsafe mode asks
  SyncSlots,
  MoveSlots,  // without the store: nothing is made or dropped, slots are only moved on
  CheckpointAfterPromote,
  TouchMember,
  ActivateWatchdog,
  DisableWatchdog,
  OnStartCallback,
  RefuseRestart,           // the restart request's conditions do not hold: "restart conditions are not satisfied"
  RefuseReinitialize,      // no other leader to clone from, or this member leads
  CancelScheduledRestart,  // it will never take place: `restart_cancelled` says why
};

struct Plan {
  PlanKind kind = PlanKind::Keep;
  // The verdict the renewal timer obeys: true = this member should hold on to the lock it has. (design.md 4)
  bool hold_lock = false;
  DemoteMode demote = DemoteMode::Immediate;
  FollowTarget follow;           // Follow, StartAsStandby, Demote, Clone source for Clone and Reinitialize
  std::optional<Member> leader;  // Rewind, CheckDivergence, Clone: whom to ask
  std::vector<Member> peers;     // ProbePeers
  Duration probe_timeout{0};
  bool final_positions = false;                 // ProbePeers: a position that may still grow is read twice
  std::optional<std::string> to;                // Demote graceful: the candidate, for messages
  std::optional<std::chrono::seconds> timeout;  // start timeout, restart timeout
  std::vector<Chore> chores;
  bool scheduled_restart = false;     // Restart: the one that is scheduled
  std::string restart_cancelled;      // why the scheduled restart is over
  std::string procedure_name;         // as shown in "... in progress"
  std::string status;                 // the reference's text, "PAUSE: " included
  std::vector<std::string> warnings;  // to be logged once, in order
  bool exit_without_stop = false;
  std::string exit_message;
  // Look again no later than this even if nothing happens (hold-offs, timeouts); kNever = loop_wait decides.
  Instant wake_at = kNever;
};

// Why. For the log, /explain, history and metrics.
struct Explanation {
  std::string rule;                                        // stable id, e.g. "NL-07"
  std::string situation;                                   // "no leader"
  std::string because;                                     // one sentence
  std::vector<std::pair<std::string, std::string>> facts;  // name, value
  std::vector<std::string> details;  // election: one line for each member with the reason it counts or not
};

struct Decision {
  Plan plan;
  Memory memory;
  Explanation explanation;
};

// The pure heart: same input, same answer. `now` is the only time it knows; wall time is for schedules.
Decision decide(const Observation& observation, const Memory& memory, Instant now, WallTime wall,
                const Settings& settings);

}  // namespace tamada
