#include "postgres/version_table.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/text.h"

namespace tamada {

namespace {

struct WalNames {
  std::string_view current, receive, replay, diff, file_name, paused, resume, directory;
};

constexpr WalNames kXlogNames{"pg_current_xlog_location",
                              "pg_last_xlog_receive_location",
                              "pg_last_xlog_replay_location",
                              "pg_xlog_location_diff",
                              "pg_xlogfile_name",
                              "pg_is_xlog_replay_paused",
                              "pg_xlog_replay_resume",
                              "pg_xlog"};
constexpr WalNames kXlogFlushNames{"pg_current_xlog_flush_location",
                                   "pg_last_xlog_receive_location",
                                   "pg_last_xlog_replay_location",
                                   "pg_xlog_location_diff",
                                   "pg_xlogfile_name",
                                   "pg_is_xlog_replay_paused",
                                   "pg_xlog_replay_resume",
                                   "pg_xlog"};
constexpr WalNames kWalNames{
    "pg_current_wal_flush_lsn", "pg_last_wal_receive_lsn", "pg_last_wal_replay_lsn", "pg_wal_lsn_diff",
    "pg_walfile_name",          "pg_is_wal_replay_paused", "pg_wal_replay_resume",   "pg_wal"};

constexpr PgVersion row(int v) {
  const WalNames& names = v >= 100000 ? kWalNames : v >= 90600 ? kXlogFlushNames : kXlogNames;
  PgVersion r{};
  r.number = v;
  r.recovery_conf = v < 120000;
  r.slots = v >= 90400;
  r.pending_restart_column = v >= 90500;
  r.wal_receiver_view = v >= 90600;
  r.passfile = v >= 100000;
  r.slot_advance = v >= 110000;
  r.rewind_without_superuser = v >= 110000;
  r.standby_needs_wal_senders = v >= 120000;
  r.gssencmode = v >= 120000;
  r.channel_binding = v >= 130000;
  r.pauses_on_parameters = v >= 140000;
  r.sslnegotiation = v >= 170000;
  r.control_version = v >= 180000 ? 1800 : v >= 170000 ? 1700 : v >= 130000 ? 1300 : 0;
  r.current_lsn = names.current;
  r.receive_lsn = names.receive;
  r.replay_lsn = names.replay;
  r.lsn_diff = names.diff;
  r.wal_file_name = names.file_name;
  r.is_paused = names.paused;
  r.resume = names.resume;
  r.receiver_lsn_column = v >= 130000 ? "written_lsn" : v >= 90600 ? "received_lsn" : "";
  r.wal_directory = names.directory;
  return r;
}

constexpr std::array kVersions{row(90300),  row(90400),  row(90500),  row(90600),  row(100000),
                               row(110000), row(120000), row(130000), row(140000), row(150000),
                               row(160000), row(170000), row(180000)};

struct GucRange {
  std::string_view name;
  int first = 0;
  int last = 0;  // first version without it; 0 = still there
};

// Parameters the daemon writes by itself that not every version knows.
constexpr GucRange kGucRanges[] = {
    {"cluster_name", 90500, 0},         {"track_commit_timestamp", 90500, 0}, {"max_replication_slots", 90400, 0},
    {"max_worker_processes", 90400, 0}, {"wal_log_hints", 90400, 0},          {"wal_keep_segments", 0, 130000},
    {"wal_keep_size", 130000, 0},
};

struct RecoveryGuc {
  std::string_view name;
  int first;          // first version that knows it
  int last;           // first version without it; 0 = still there
  int reloads_since;  // a reload suffices since; 0 = never
};

constexpr RecoveryGuc kRecoveryGucs[] = {
    {"archive_cleanup_command", 0, 0, 120000},
    {"pause_at_recovery_target", 0, 90500, 0},
    {"primary_conninfo", 0, 0, 130000},
    {"primary_slot_name", 90400, 0, 130000},
    {"promote_trigger_file", 120000, 160000, 120000},
    {"recovery_end_command", 0, 0, 120000},
    {"recovery_min_apply_delay", 90400, 0, 120000},
    {"recovery_target", 0, 0, 0},
    {"recovery_target_action", 90500, 0, 0},
    {"recovery_target_inclusive", 0, 0, 0},
    {"recovery_target_lsn", 100000, 0, 0},
    {"recovery_target_name", 0, 0, 0},
    {"recovery_target_time", 0, 0, 0},
    {"recovery_target_timeline", 0, 0, 0},
    {"recovery_target_xid", 0, 0, 0},
    {"restore_command", 0, 0, 140000},
    {"standby_mode", 0, 120000, 0},
    {"trigger_file", 0, 120000, 0},
};

const RecoveryGuc* find_recovery_guc(std::string_view name) {
  for (const RecoveryGuc& guc : kRecoveryGucs)
    if (equal_ignoring_case(guc.name, name)) return &guc;
  return nullptr;
}

constexpr bool in_range(int version, int first, int last) {
  return version == 0 || (version >= first && (last == 0 || version < last));
}

}  // namespace

const std::array<std::string_view, 13> kCommandLineGucs{"listen_addresses",
                                                        "port",
                                                        "cluster_name",
                                                        "wal_level",
                                                        "hot_standby",
                                                        "max_connections",
                                                        "max_wal_senders",
                                                        "max_prepared_transactions",
                                                        "max_locks_per_transaction",
                                                        "track_commit_timestamp",
                                                        "max_replication_slots",
                                                        "max_worker_processes",
                                                        "wal_log_hints"};

const PgVersion& pg_version(int version) {
  if (version == 0) return kVersions.back();
  const PgVersion* found = &kVersions.front();
  for (const PgVersion& candidate : kVersions)
    if (candidate.number <= version) found = &candidate;
  return *found;
}

int parse_pg_version(std::string_view text) {
  text = trim(text);
  int parts[2] = {0, 0};
  const char* at = text.data();
  const char* end = at + text.size();
  for (int i = 0; i < 2 && at < end; ++i) {
    auto [stop, error] = std::from_chars(at, end, parts[i]);
    if (error != std::errc() || parts[i] < 0 || parts[i] > 999) return 0;
    at = stop;
    if (at == end) break;
    // "17beta1" and "9.6.24" are fine, anything else is no version.
    if (*at != '.') break;
    ++at;
  }
  if (parts[0] <= 0) return 0;
  return parts[0] >= 10 ? parts[0] * 10000 : parts[0] * 10000 + parts[1] * 100;
}

std::string format_pg_version(int version) {
  if (version >= 100000) return fmt::format("{}", version / 10000);
  return fmt::format("{}.{}", version / 10000, version / 100 % 100);
}

bool guc_exists(int version, std::string_view name) {
  if (const RecoveryGuc* guc = find_recovery_guc(name)) return in_range(version, guc->first, guc->last);
  for (const GucRange& range : kGucRanges)
    if (equal_ignoring_case(range.name, name)) return in_range(version, range.first, range.last);
  return true;
}

bool is_recovery_guc(std::string_view name) {
  return find_recovery_guc(name) != nullptr;
}

bool recovery_guc_needs_restart(int version, std::string_view name) {
  const RecoveryGuc* guc = find_recovery_guc(name);
  if (guc == nullptr || pg_version(version).recovery_conf) return true;
  return guc->reloads_since == 0 || pg_version(version).number < guc->reloads_since;
}

std::string_view trigger_file_guc(int version) {
  const int number = pg_version(version).number;
  return number < 120000 ? "trigger_file" : number < 160000 ? "promote_trigger_file" : "";
}

bool standby_minimum_applies(int version, std::string_view name) {
  if (name == "max_wal_senders") return pg_version(version).standby_needs_wal_senders;
  if (name == "max_worker_processes") return pg_version(version).number >= 90400;
  return name == "max_connections" || name == "max_prepared_transactions" || name == "max_locks_per_transaction";
}

}  // namespace tamada
