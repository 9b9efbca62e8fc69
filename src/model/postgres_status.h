// What is known of the local PostgreSQL at one moment: data directory, control file, process, one status row.
// Every part can be unknown; unknown is never read as "no" (S6).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/lsn.h"
#include "model/roles.h"

namespace tamada {

enum class DataDirState { Unknown, Missing, Empty, Present, Inaccessible };

// DBState of pg_control (PostgreSQL's catalog/pg_control.h).
enum class ControlState {
  Unknown,
  StartingUp,
  ShutDown,
  ShutDownInRecovery,
  ShuttingDown,
  InCrashRecovery,
  InArchiveRecovery,
  InProduction,
};

struct ControlData {
  ControlState state = ControlState::Unknown;
  std::string system_identifier;  // decimal
  Timeline timeline;              // of the latest checkpoint
  Lsn checkpoint;                 // latest checkpoint location
  Lsn redo;
  Lsn min_recovery_end;
  Timeline min_recovery_timeline;
  bool wal_log_hints = false;
  bool data_checksums = false;
  int max_connections = 0;
  int max_worker_processes = 0;
  int max_wal_senders = 0;
  int max_prepared_xacts = 0;
  int max_locks_per_xact = 0;
  int pg_control_version = 0;  // 1300 for PostgreSQL 13-16 and so on
};

// Identity of a postmaster (B5): pid alone is reused by the kernel.
struct PostmasterId {
  int pid = 0;
  std::int64_t start_ticks = 0;  // field 22 of /proc/<pid>/stat
  bool operator==(const PostmasterId&) const = default;
};

enum class ProcessState {
  Unknown,
  NotRunning,  // no postmaster and no process works in the data directory (safety.md 3.1)
  Orphans,     // the postmaster is gone, other processes still work in the data directory
  Running,
  SingleUser,
};

enum class Accepting { Unknown, Yes, Rejecting, NoResponse };

struct ReplicationConnection {
  std::string usename;
  std::string application_name;
  std::string client_addr;
  std::string state;
  std::string sync_state;
  int sync_priority = 0;
};

// The one status row (B5). Exists only when the query succeeded.
struct StatusRow {
  bool in_recovery = false;
  Timeline timeline;               // primary: current; standby: of the walreceiver or the replay, 0 = unknown
  Lsn write_lsn;                   // primary: flushed position
  Lsn received_lsn;                // standby
  Lsn replayed_lsn;                // standby
  Lsn latest_end_lsn;              // standby: what the walreceiver last heard of its upstream
  std::string replayed_timestamp;  // PostgreSQL text, empty = none
  bool replay_paused = false;
  std::string receiver_status;  // "streaming", "starting", ... or empty
  std::string receiver_slot;
  std::string receiver_conninfo;
  std::int64_t receiver_last_message_age_ms = -1;  // age of the last message of the upstream; -1 = none
  std::string postmaster_start_time;               // ISO 8601 with zone
  int server_version = 0;                          // e.g. 150020
  bool restore_command_set = false;
  std::vector<ReplicationConnection> replication;
  std::vector<std::string> pending_restart_parameters;

  // Standby: the larger of received and replayed; primary: write_lsn.
  Lsn position() const {
    if (!in_recovery) return write_lsn;
    return received_lsn > replayed_lsn ? received_lsn : replayed_lsn;
  }
};

struct PostgresStatus {
  DataDirState data_dir = DataDirState::Unknown;
  std::string data_dir_error;  // with Inaccessible
  std::optional<ControlData> control;
  ProcessState process = ProcessState::Unknown;
  std::optional<PostmasterId> postmaster;
  Accepting accepting = Accepting::Unknown;
  std::optional<StatusRow> row;
  std::string row_error;             // why there is no row although the server runs
  bool recovery_configured = false;  // standby.signal, recovery.signal or recovery.conf is there
  bool backup_label = false;         // is there: a base backup that was not started yet, or (before 15) one being made
  int major_version = 0;             // PG_VERSION as 90600 or 150000; 0 = unknown
  Instant observed_at = kLongAgo;    // before the first look

  bool running() const { return process == ProcessState::Running; }
  // Known to be running and out of recovery.
  bool is_primary() const { return running() && row && !row->in_recovery; }
  bool is_standby() const { return running() && row && row->in_recovery; }
  std::string one_line() const;
};

}  // namespace tamada
