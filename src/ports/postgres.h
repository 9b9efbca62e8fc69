// The managed PostgreSQL, in three ports: its process and configuration (PostgresServer), its data directory
// (PostgresData) and what is done through SQL (PostgresSql). Real ones are in postgres/, the simulator has its own.
//
// All calls run on the engine's thread and never block it. Every call ends by its deadline with Timeout; a cancelled
// call (base/task.h) ends the child processes it started before it unwinds.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "model/cluster_view.h"
#include "model/follow_target.h"
#include "model/lsn.h"
#include "model/member.h"
#include "model/permanent_slots.h"
#include "model/postgres_status.h"
#include "model/settings.h"
#include "model/settings_change.h"
#include "model/slot_info.h"
#include "model/sync_replication.h"
#include "ports/clone_progress.h"

namespace tamada {

enum class StopMode { Fast, Immediate, Kill };

struct StartRequest {
  bool as_primary = false;  // no recovery files; otherwise standby of `follow`
  FollowTarget follow;
  // What /sync implies for a start as primary (safety.md 6.1); nullopt = leave what the settings say.
  std::optional<std::string> synchronous_standby_names;
  // Recovery settings of a custom bootstrap; replaces `follow`.
  std::optional<std::map<std::string, std::string>> recovery_conf;
  // The recovery files stay as a custom bootstrap wrote them.
  bool keep_recovery = false;
};

class PostgresListener {
 public:
  virtual ~PostgresListener() = default;
  // The postmaster we watched is gone (its orphans may still work, safety.md 3.1).
  virtual void on_postmaster_exit() = 0;
};

// Result of applying settings to a running server.
struct ReloadOutcome {
  bool reloaded = false;
  json::object pending_restart_reason;  // guc -> {old_value, new_value}; empty = none pending
};

class PostgresServer {
 public:
  virtual ~PostgresServer() = default;

  virtual void set_listener(PostgresListener* listener) = 0;
  // Takes effect for the next call; nothing is written by it.
  virtual void update_settings(const Settings& settings) = 0;

  // Looks at data directory, control file, processes and, when `with_query`, runs the status query. Never hangs beyond
  // the deadline: what could not be found out in time is Unknown. Never fails.
  virtual Task<PostgresStatus> observe(bool with_query, Instant deadline) = 0;

  // Attaches to a postmaster that runs already: watches it, reads back current values, rewrites configuration files if
  // needed and reloads. PostgreSQL is never restarted by it (A14).
  virtual Task<Result<void>> attach(Instant deadline) = 0;

  // Writes the configuration files and launches a postmaster in a session of its own that outlives the daemon. Returns
  // as soon as its pid is known and watched; readiness is seen by observe. Error Conflict when any process works in the
  // data directory already.
  virtual Task<Result<PostmasterId>> start(StartRequest request, Instant deadline) = 0;

  // Signals the postmaster and waits until PostgreSQL is *stopped* in the sense of safety.md 3.1 (left-over backends
  // are killed once the postmaster is gone). Error Timeout at the deadline: it is not stopped. Kill stops, then kills
  // every process of the data directory through pidfds. Not running is success.
  virtual Task<Result<void>> stop(StopMode mode, Instant deadline) = 0;

  // Asks a running standby to leave recovery; returns when the request was made (pg_ctl promote -W). Error Failed: it
  // was not asked, and nothing is left that would ask it later. Any other error: it may have been, now or before.
  virtual Task<Result<void>> promote(Instant deadline) = 0;

  // Writes recovery settings for `follow`. Returns true when a restart is needed for them, false when they were
  // reloaded.
  virtual Task<Result<bool>> follow(FollowTarget target, Instant deadline) = 0;
  // True when the running or configured recovery settings differ from those for `target`.
  virtual bool follow_differs(const FollowTarget& target, const PostgresStatus& status) const = 0;

  // Rewrites configuration files as the settings say and reloads (B3). `force` reloads even without a change.
  virtual Task<Result<ReloadOutcome>> apply_settings(bool force, Instant deadline) = 0;

  // What apply_settings would make of other settings, and what a standby would need for its recovery settings. Writes
  // and signals nothing.
  virtual Task<Result<ParameterOutlook>> preview_settings(Settings settings, Instant deadline) = 0;

  virtual Task<Result<void>> set_synchronous_standby_names(std::string value, Instant deadline) = 0;

  // Runs before_stop / pre_promote. Error Failed with the exit code.
  virtual Task<Result<void>> run_script(std::string command, std::vector<std::string> arguments, Instant deadline) = 0;

  // True when pg_rewind runs here and the control data allows it (ha_behaviour.md 4.1).
  virtual bool can_rewind(const PostgresStatus& status) const = 0;

  // Detach: forget the postmaster and leave it running (A14). Nothing is signalled.
  virtual void detach() = 0;
};

struct CloneSource {
  std::string member;  // name for messages; empty = no source (methods that need none)
  std::string host;    // empty = no source
  int port = 5432;
};

// How this member's history relates to the leader's.
struct TimelineComparison {
  enum class Verdict { Unknown, Same, Ancestor, Diverged };  // Same and Ancestor: may simply follow
  Verdict verdict = Verdict::Unknown;
  std::string because;       // one sentence with timelines and positions
  Timeline leader_timeline;  // unknown when the leader could not be asked
};

// A logical slot as another server has it: the content of its state file, checked to be whole and this slot's.
struct LogicalSlotState {
  std::string name;
  std::string state;
  Lsn confirmed_flush_lsn;  // not older than the one in `state`
};

class PostgresData {
 public:
  virtual ~PostgresData() = default;

  // Runs initdb into an empty data directory and prepares it for the first start. (A1)
  virtual Task<Result<void>> initdb(Instant deadline) = 0;
  // Runs the custom bootstrap method of the settings. (A2)
  virtual Task<Result<void>> custom_bootstrap(Instant deadline) = 0;
  // Runs the replica methods in order until one succeeds. What is in the directory goes before each of them (logged
  // first, S7), and after it failed; only a method with keep_data finds and leaves what is there. (A3)
  virtual Task<Result<void>> clone(CloneSource source, bool only_basebackup, Instant deadline) = 0;
  // How far clone() has come; null = never told.
  virtual std::shared_ptr<const CloneProgress> clone_progress() const { return nullptr; }
  // Renames the data directory (and linked WAL and tablespaces) aside; the new name. (A1)
  virtual Task<Result<std::string>> move_aside(Instant deadline) = 0;

  // Compares with `leader` by the replication protocol (ha_behaviour.md 4.3). Works with a running or stopped server.
  virtual Task<TimelineComparison> compare_timelines(const Member& leader, const PostgresStatus& status,
                                                     Instant deadline) = 0;
  // The target is cleanly stopped (checked). Error Unavailable when the leader went away, Failed when pg_rewind failed
  // against a healthy leader.
  virtual Task<Result<void>> rewind(const Member& leader, Instant deadline) = 0;
  // Single-user crash recovery with empty input (ha_behaviour.md 4.6).
  virtual Task<Result<void>> crash_recovery(Instant deadline) = 0;
  // Lines of the history file of the timeline: (timeline, lsn, reason), and the file's modification time.
  virtual Task<Result<std::vector<HistoryLine>>> read_history(Timeline timeline, Instant deadline) = 0;
  // The next promotion makes a timeline above `last`: for each number from `own` + 1 up to it that has no history file
  // a placeholder is left in pg_wal, which PostgreSQL passes over like a timeline that it finds in an archive.
  virtual Task<Result<void>> pass_over_timelines(Timeline own, Timeline last, Instant deadline) = 0;
  // After a clean stop, the directory being a standby's by now: archives the segments that wait, and the one that holds
  // the shutdown checkpoint, which PostgreSQL does not archive itself. Success where nothing is archived.
  virtual Task<Result<void>> archive_shutdown_checkpoint(Instant deadline) = 0;
  // LSN of the record to publish as final position after a clean stop, and of the shutdown checkpoint.
  virtual Task<Result<Lsn>> shutdown_checkpoint(Instant deadline) = 0;

  // The slots of a running primary. Error Unavailable when it is in recovery or cannot be reached.
  virtual Task<Result<std::vector<SlotInfo>>> slots_of(const Member& primary, Instant deadline) = 0;
  // The states of those of `wanted` that the primary has with the same database and plugin; others are left out. A
  // state is never newer than what consumers of the slot have confirmed.
  virtual Task<Result<std::vector<LogicalSlotState>>> read_logical_slots(const Member& primary,
                                                                         std::vector<PermanentSlot> wanted,
                                                                         Instant deadline) = 0;
  // PostgreSQL is stopped (checked). Each slot is there as a whole afterwards or not at all, whenever the work ends;
  // one that is there already stays as it is.
  virtual Task<Result<void>> install_logical_slots(std::vector<LogicalSlotState> slots, Instant deadline) = 0;
};

class PostgresSql {
 public:
  virtual ~PostgresSql() = default;

  virtual Task<Result<void>> checkpoint(Instant deadline) = 0;
  virtual Task<Result<std::vector<SlotInfo>>> slots(Instant deadline) = 0;
  // Reserves WAL at once. An existing slot of that name is success.
  virtual Task<Result<void>> create_physical_slot(std::string name, Instant deadline) = 0;
  // Conflict when it is active.
  virtual Task<Result<void>> drop_slot(std::string name, Instant deadline) = 0;
  // On a primary. Waits for transactions that run. An existing slot of that name is success.
  virtual Task<Result<void>> create_logical_slot(PermanentSlot slot, Instant deadline) = 0;
  // Never back, and never beyond what the server has flushed or replayed. `database`: of a logical slot, empty for a
  // physical one. NotFound: the slot or the WAL that it needs is not there; Conflict: it is active.
  virtual Task<Result<void>> advance_slot(std::string name, std::string database, Lsn to, Instant deadline) = 0;
  // Users, post_init/post_bootstrap, as ha_behaviour.md 5.6.
  virtual Task<Result<void>> post_bootstrap(Instant deadline) = 0;
  virtual Task<Result<void>> resume_replay(Instant deadline) = 0;

  // Standbys, names and positions, for synchronous mode. On a primary.
  virtual Task<Result<SyncReplication>> sync_replication(Instant deadline) = 0;
  // Proves that every process which runs now was told of `names` (a reload signals them one by one), and, unless
  // `waiting_is_on` is known already, that commits wait where the names say so. Then writes a little WAL. The result
  // lies behind everything written before the proof and not behind what was written now: a walsender that has sent so
  // much goes by the names. In recovery nothing is written and the result is unknown. Conflict: the names are others.
  virtual Task<Result<Lsn>> sync_mark(std::string names, bool waiting_is_on, Instant deadline) = 0;
};

}  // namespace tamada
