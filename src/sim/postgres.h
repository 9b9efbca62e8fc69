// A simulated PostgreSQL on one host: data directory, postmaster, replication, commits. It is the machine's, not the
// daemon's: it lives on when a daemon dies. The ports that a daemon uses are in postgres_ports.h.
//
// Follows PostgreSQL 15 where it matters: pg_control's states, timeline numbers, what a walsender refuses, what a fast
// stop waits for, backends that outlive a killed postmaster (safety.md M4), settings that take effect process by
// process.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/cluster_view.h"
#include "model/sync_names.h"
#include "ports/postgres.h"
#include "sim/process.h"
#include "sim/wal.h"
#include "sim/world.h"

namespace tamada::sim {

class SimPostgres;

// A period in which one server accepts writes.
struct WritableEpoch {
  std::uint64_t id = 0;
  int host = -1;
  int origin = -1;
  SimTime began{0};
  bool promoted = false;  // by leaving recovery; false: started as primary
};

struct Commit {
  std::uint64_t id = 0;
  std::uint64_t epoch = 0;
  int host = -1;
  int origin = -1;
  Lsn lsn;
  SimTime acknowledged{0};
  bool synchronous = false;  // it had waited for synchronous standbys
};

// Who wants to know what really happens (checkers).
class PostgresWitness {
 public:
  virtual ~PostgresWitness() = default;
  virtual void on_writable(SimPostgres& server, const WritableEpoch& epoch) = 0;
  virtual void on_acknowledged(SimPostgres& server, const Commit& commit) = 0;
  enum class Destroyed { Removed, MovedAside, Rewound, SingleUser, Overwritten };
  virtual void on_destroyed(SimPostgres& server, Destroyed what) = 0;  // asked before it happens
};

struct PostgresFaults {
  int slow = 1;  // multiplies durations
  bool hang_queries = false;
  bool hang_disk = false;  // data directory and control file cannot be read, commits do not flush
  bool hang_stop = false;  // fast and immediate stops do not end
  bool fail_start = false;
  bool fail_promote = false;  // the request is refused
  bool hang_promote = false;  // accepted, nothing follows
  bool fail_rewind = false;
  bool fail_clone = false;
  bool fail_scripts = false;
  bool stall_stream = false;  // the receiver stands still
};

struct SimSlot {
  bool physical = true;
  Lsn restart_lsn;  // logical: what its consumer has confirmed
  std::string database = {};
  std::string plugin = {};
};

struct SimDataDirectory {
  explicit SimDataDirectory(const WalOrigins& origins) : content(origins) {}
  DataDirState state = DataDirState::Empty;
  bool has_control = false;  // false with state Present: half made or half removed
  bool broken = false;       // an interrupted rewind: cannot be started
  bool backup_label = false;
  bool needs_source_wal = false;  // after a rewind: consistent only once the upstream streams
  std::string system_identifier;
  WalContent content;
  ControlState control = ControlState::ShutDown;
  Timeline control_timeline;
  Lsn checkpoint;
  Lsn checkpoint_end;
  bool standby_signal = false;
  FollowTarget follow;
  std::string synchronous_standby_names;
  Timeline newest_timeline;  // newest history file it has seen
  std::map<std::string, SimSlot> slots;
  std::optional<json::object> dynamic_cache;
};

// All servers, found by the host name of a connection string; and what they share.
struct PostgresFleet {
  explicit PostgresFleet(SimWorld& w) : world(w) {}
  SimWorld& world;
  WalOrigins origins;
  std::vector<std::unique_ptr<SimPostgres>> servers;
  PostgresWitness* witness = nullptr;
  std::function<void(SimPostgres&)> writable;  // starts the clients
  std::uint64_t next_id = 1;
  std::string system_identifier_seed = "7711229962259062";
  SimPostgres* at_host(int host);
  SimPostgres* by_name(std::string_view host_name);
};

class SimPostgres {
 public:
  enum class Phase { Down, Starting, Ready, Stopping };

  SimPostgres(PostgresFleet& fleet, int host, std::string member);

  int host() const { return host_; }
  const std::string& member() const { return member_; }
  SimWorld& world() const { return fleet_.world; }
  PostgresFleet& fleet() { return fleet_; }
  const PostgresFaults& faults() const { return faults_; }
  // What hung goes on where a fault ends.
  void set_faults(const PostgresFaults& faults);
  SimDataDirectory& directory() { return directory_; }
  SimSignal& changed() { return changed_; }

  Phase phase() const { return phase_; }
  bool orphans() const { return orphans_; }
  bool in_recovery() const { return in_recovery_; }
  bool accepts_connections() const { return phase_ == Phase::Ready && !faults_.hang_queries; }
  // Able to take a write now, left-over backends included.
  bool writable() const { return epoch_.has_value() && ((phase_ == Phase::Ready && !in_recovery_) || orphans_); }
  bool any_process() const { return phase_ != Phase::Down || orphans_; }
  std::optional<PostmasterId> postmaster() const;
  const std::optional<WritableEpoch>& epoch() const { return epoch_; }
  Duration takes(Duration low, Duration high);  // a random duration, made longer by faults

  // What pg_ctl and signals do. None of them waits; `changed` tells of progress.
  Result<void> launch(bool as_primary);
  void ask_stop(StopMode mode);
  bool ask_promote();
  void reload();
  void end_orphans();
  void set_on_exit(std::function<void()> on_exit) { on_exit_ = std::move(on_exit); }

  // Faults from outside.
  void kill_postmaster(bool leave_orphans);
  void power_lost();

  PostgresStatus status(bool with_query, Instant now) const;
  // A logical slot's consumer is at the end of the WAL, and feedback of standbys holds what their slots need.
  std::vector<SlotInfo> slot_list();
  bool slot_in_use(const std::string& name) const;
  void checkpoint();
  void new_directory(std::string system_identifier);
  void wipe(bool half);
  void copy_from(const SimPostgres& source);
  void rewind_from(const SimPostgres& source);
  void single_user_recovery();

  // One client's write of `bytes`; `done` tells whether it was acknowledged (it may be committed although it was not).
  void write(std::uint64_t bytes, std::function<void(bool)> done);

  // Replication.
  // Connected, and the server at the other end is still the same.
  bool streaming() const;
  bool receiver_stopped() const { return !receiver_.connected; }
  int upstream() const { return receiver_.upstream; }
  void on_network_change();

  // Synchronous replication (postgres_sync.cc).
  const std::string& names_in_force() const { return names_in_force_; }
  // The checkpointer has read the names: commits wait, where the names say so.
  bool waiting_is_on() const { return !gate_closed_; }
  SyncReplication sync_replication() const;
  // A little WAL that no client wrote; the position before it.
  Lsn write_own();

 private:
  struct Receiver {
    int upstream = -1;
    bool connected = false;
    bool delivering = false;
    std::uint64_t upstream_run = 0;
    SimTime last_message{0};
    SimTime cut_since = kSimNever;
    std::string slot;
  };
  struct PendingCommit {
    Commit commit;
    std::function<void(bool)> done;
  };

  void start_ready(std::uint64_t run, bool as_primary);
  void become_writable(bool promoted);
  void go_on_promoting();
  void go_on_stopping();
  void finish_promotion(std::uint64_t run);
  void finish_stop(std::uint64_t run, StopMode mode, SimTime began);
  void go_down();
  void write_shutdown_checkpoint();
  void flushed(std::uint64_t bytes, std::uint64_t run, std::function<void(bool)> done);
  void acknowledge(Commit commit, const std::function<void(bool)>& done);
  void release_pending();
  void fail_pending();
  bool confirmed(Lsn lsn) const;
  // The names as the walsender of that standby reads them, and its priority by them; 0 = not listed.
  const SyncNames& names_read_by(const SimPostgres& standby) const;
  int priority_of(const SimPostgres& standby) const;
  std::vector<const SimPostgres*> candidates() const;
  void take_names();
  void forget_stale();
  bool reads_old_names(const std::string& member) const { return stale_.contains(member); }

  bool recovering() const {
    return any_process() && in_recovery_ && (phase_ == Phase::Ready || phase_ == Phase::Starting);
  }
  void schedule_connect(Duration delay);
  void try_connect();
  void disconnect();
  void feed_standbys();
  void want_delivery(SimPostgres& standby);
  void deliver(std::uint64_t run);
  void on_standby_flushed(const std::string& member, Lsn lsn);

  PostgresFleet& fleet_;
  int host_;
  std::string member_;
  PostgresFaults faults_;
  SimDataDirectory directory_;
  SimSignal changed_;
  std::function<void()> on_exit_;

  Phase phase_ = Phase::Down;
  bool in_recovery_ = true;
  bool orphans_ = false;
  bool promoting_ = false;
  bool stopping_ready_ = false;  // it was ready when the stop was asked for
  std::uint64_t run_ = 0;        // counts starts; events of an earlier run do nothing
  int pid_ = 0;
  SimTime started_at_{0};
  std::optional<WritableEpoch> epoch_;
  std::string names_in_force_;
  SyncNames sync_names_;
  // A walsender that has not read the new names: it sends nothing before it does, but hears answers.
  struct Stale {
    SyncNames names;
    Lsn sent;
    std::uint64_t id = 0;
  };
  std::map<std::string, Stale> stale_;
  std::uint64_t stale_count_ = 0;
  bool gate_closed_ = false;  // the checkpointer has not read that there are names
  FollowTarget follow_in_force_;
  Receiver receiver_;
  bool connect_scheduled_ = false;
  std::map<std::string, Lsn> standby_flushed_;
  std::vector<PendingCommit> pending_;
};

}  // namespace tamada::sim
