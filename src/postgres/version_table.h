// Everything that differs between PostgreSQL 9.3 and 18, in one table (B1). Versions are numbers as server_version_num:
// 90600 for 9.6, 150000 for 15; only the major part counts. An unknown version (0) is served as the newest one.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace tamada {

struct PgVersion {
  int number;                      // 90300 ... 180000
  bool recovery_conf;              // recovery.conf and trigger files; from 12 on GUCs and signal files
  bool slots;                      // 9.4
  bool pending_restart_column;     // pg_settings, 9.5
  bool wal_receiver_view;          // pg_stat_wal_receiver, 9.6
  bool passfile;                   // conninfo key, 10
  bool slot_advance;               // pg_replication_slot_advance, 11
  bool rewind_without_superuser;   // 11
  bool standby_needs_wal_senders;  // max_wal_senders of the primary binds a standby, 12
  bool gssencmode;                 // 12
  bool channel_binding;            // 13
  bool pauses_on_parameters;       // replay pauses instead of a shutdown when a parameter is too low, 14
  bool sslnegotiation;             // 17
  int control_version;             // pg_control layout we read ourselves; 0 = through pg_controldata

  // WAL functions; in 10 "xlog" became "wal" and "location" became "lsn".
  std::string_view current_lsn;  // flushed position where the version has it (9.6), else the written one
  std::string_view receive_lsn;
  std::string_view replay_lsn;
  std::string_view lsn_diff;
  std::string_view wal_file_name;
  std::string_view is_paused;
  std::string_view resume;
  std::string_view receiver_lsn_column;  // pg_stat_wal_receiver; empty before 9.6
  std::string_view wal_directory;
};

// The row for a version, the newest row for 0 and for versions newer than the table.
const PgVersion& pg_version(int version);

// "9.6" or "9.6.24" -> 90600, "15" or "15.4" -> 150000 (contents of PG_VERSION); 0 for anything else.
int parse_pg_version(std::string_view text);
// 90600 -> "9.6", 150020 -> "15".
std::string format_pg_version(int version);

// Is the parameter known to the version? True for every name that the table does not limit.
bool guc_exists(int version, std::string_view name);

// Recovery settings: recovery.conf below 12, GUCs since. Names of all versions (configuration.md 4.6).
bool is_recovery_guc(std::string_view name);
// A change of the recovery setting takes effect only at a restart.
bool recovery_guc_needs_restart(int version, std::string_view name);
// "promote_trigger_file" for 12-15, "trigger_file" below 12, empty since 16.
std::string_view trigger_file_guc(int version);

// Parameters given on the postmaster's command line, in order (configuration.md 1.9).
extern const std::array<std::string_view, 13> kCommandLineGucs;
// Parameters that a standby cannot set lower than its primary had them (ha_behaviour.md 5.5).
bool standby_minimum_applies(int version, std::string_view name);

}  // namespace tamada
