#include "postgres/status_sql.h"

#include <array>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "base/json.h"
#include "postgres/status_query.h"
#include "postgres/version_table.h"

namespace tamada {

namespace {

// Order of the columns in the statement.
enum Column : std::size_t {
  kInRecovery,
  kTimeline,
  kWritten,
  kReceived,
  kReplayed,
  kReplayedTime,
  kPaused,
  kStarted,
  kReceiverStatus,
  kReceiverSlot,
  kReceiverConninfo,
  kReceiverTimeline,
  kLatestEnd,
  kReceiverAge,
  kRestoreCommand,
  kReplication,
  kPendingRestart,
  kColumns,
};

// The timeline that is replayed when there is no receiver: the later of the checkpoint's and that of the recovery's
// goal.
std::string_view control_timeline(const PgVersion& version) {
  if (!version.wal_receiver_view) return "0";
  return "(SELECT greatest(c.timeline_id, m.min_recovery_end_timeline) "
         "FROM pg_control_checkpoint() c, pg_control_recovery() m)";
}

std::string receiver_columns(const PgVersion& version) {
  if (!version.wal_receiver_view) return "NULL, NULL, NULL, NULL, NULL, NULL";
  return "w.status, w.slot_name, w.conninfo, w.received_tli, w.latest_end_lsn, "
         "(extract(epoch FROM clock_timestamp() - w.last_msg_receipt_time) * 1000)::bigint";
}

bool read_uint(std::string_view text, std::uint32_t& out) {
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  return ec == std::errc() && end == text.data() + text.size();
}

// Empty text (NULL) is an unknown position.
bool read_lsn(const PgAnswer& answer, Column column, Lsn& out) {
  std::string text = answer.value(0, column);
  if (text.empty()) return true;
  auto lsn = parse_lsn(text);
  if (lsn) out = *lsn;
  return lsn.has_value();
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->get_string());
}

bool read_replication(const std::string& text, std::vector<ReplicationConnection>& out) {
  if (text.empty()) return true;
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_array()) return false;
  for (const auto& item : parsed->get_array()) {
    const json::object* object = item.if_object();
    if (object == nullptr) return false;
    ReplicationConnection connection;
    connection.usename = text_of(*object, "usename");
    connection.application_name = text_of(*object, "application_name");
    connection.client_addr = text_of(*object, "client_addr");
    connection.state = text_of(*object, "state");
    connection.sync_state = text_of(*object, "sync_state");
    const json::value* priority = object->if_contains("sync_priority");
    if (priority != nullptr && priority->is_int64()) connection.sync_priority = static_cast<int>(priority->get_int64());
    out.push_back(std::move(connection));
  }
  return true;
}

bool read_names(const std::string& text, std::vector<std::string>& out) {
  if (text.empty()) return true;
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_array()) return false;
  for (const auto& item : parsed->get_array()) {
    if (!item.is_string()) return false;
    out.emplace_back(item.get_string());
  }
  return true;
}

bool read_timeline(const PgAnswer& answer, StatusRow& row) {
  std::string own = answer.value(0, kTimeline);
  std::string receiver = answer.value(0, kReceiverTimeline);
  if (!own.empty() && !read_uint(own, row.timeline.id)) return false;
  Timeline received;
  if (!receiver.empty() && !read_uint(receiver, received.id)) return false;
  if (row.in_recovery && received > row.timeline) row.timeline = received;
  return true;
}

Error unreadable(std::string_view what) {
  return Error(ErrorCode::Protocol, fmt::format("postgres answered the status query with an unreadable {}", what));
}

}  // namespace

std::string status_statement(int version) {
  const PgVersion& v = pg_version(version);
  // One reading of pg_is_in_recovery() steers all of it: functions of a primary fail in recovery.
  return fmt::format(
      "SELECT s.r, "
      "CASE WHEN s.r THEN {control_timeline} ELSE ('x' || substr({file_name}({current}()), 1, 8))::bit(32)::int END, "
      "CASE WHEN s.r THEN NULL ELSE {current}() END, "
      "CASE WHEN s.r THEN {received}() END, "
      "CASE WHEN s.r THEN {replayed}() END, "
      "CASE WHEN s.r THEN pg_last_xact_replay_timestamp() END, "
      "CASE WHEN s.r THEN {paused}() ELSE false END, "
      "pg_postmaster_start_time(), {receiver_columns}, {restore_command}, "
      "(SELECT json_agg(row_to_json(q)) FROM (SELECT usename, application_name, client_addr, state, sync_state, "
      "sync_priority FROM pg_stat_replication) q), {pending} "
      "FROM (SELECT pg_is_in_recovery() AS r OFFSET 0) s{receiver}",
      fmt::arg("control_timeline", control_timeline(v)), fmt::arg("file_name", v.wal_file_name),
      fmt::arg("current", v.current_lsn), fmt::arg("received", v.receive_lsn), fmt::arg("replayed", v.replay_lsn),
      fmt::arg("paused", v.is_paused), fmt::arg("receiver_columns", receiver_columns(v)),
      fmt::arg("restore_command", v.recovery_conf ? "false" : "current_setting('restore_command') <> ''"),
      fmt::arg("pending", v.pending_restart_column
                              ? "(SELECT json_agg(name ORDER BY name) FROM pg_settings WHERE pending_restart)"
                              : "NULL"),
      fmt::arg("receiver", v.wal_receiver_view ? " LEFT JOIN pg_stat_wal_receiver w ON true" : ""));
}

Result<StatusRow> read_status_row(const PgAnswer& answer, int version) {
  if (answer.rows.size() != 1 || answer.rows[0].size() != kColumns) return unreadable("number of rows or columns");
  StatusRow row;
  std::string in_recovery = answer.value(0, kInRecovery);
  if (in_recovery != "t" && in_recovery != "f") return unreadable("role");
  row.in_recovery = in_recovery == "t";
  if (!read_timeline(answer, row)) return unreadable("timeline");
  if (!read_lsn(answer, kWritten, row.write_lsn) || !read_lsn(answer, kReceived, row.received_lsn) ||
      !read_lsn(answer, kReplayed, row.replayed_lsn) || !read_lsn(answer, kLatestEnd, row.latest_end_lsn)) {
    return unreadable("position");
  }
  row.replayed_timestamp = full_timestamp(answer.value(0, kReplayedTime));
  row.replay_paused = answer.value(0, kPaused) == "t";
  row.postmaster_start_time = full_timestamp(answer.value(0, kStarted));
  row.receiver_status = answer.value(0, kReceiverStatus);
  row.receiver_slot = answer.value(0, kReceiverSlot);
  row.receiver_conninfo = answer.value(0, kReceiverConninfo);
  std::string age = answer.value(0, kReceiverAge);
  if (!age.empty()) {
    auto [end, ec] = std::from_chars(age.data(), age.data() + age.size(), row.receiver_last_message_age_ms);
    if (ec != std::errc() || end != age.data() + age.size()) return unreadable("receiver age");
    // The server's wall clock may have been set back since.
    if (row.receiver_last_message_age_ms < 0) row.receiver_last_message_age_ms = 0;
  }
  row.server_version = version;
  row.restore_command_set = answer.value(0, kRestoreCommand) == "t";
  if (!read_replication(answer.value(0, kReplication), row.replication)) return unreadable("list of standbys");
  if (!read_names(answer.value(0, kPendingRestart), row.pending_restart_parameters)) {
    return unreadable("list of parameters");
  }
  return row;
}

std::string full_timestamp(std::string text) {
  if (text.size() < 19) return text;
  auto zone = text.find_first_of("+-", 19);
  std::string offset = zone == std::string::npos ? "" : text.substr(zone);
  std::string time = text.substr(0, zone);
  auto dot = time.find('.');
  if (dot == std::string::npos) {
    time += ".000000";
  } else {
    time.resize(dot + 7, '0');
  }
  if (offset.size() == 3) offset += ":00";
  return time + offset;
}

std::string settings_statement(int version) {
  return fmt::format(
      "SELECT name, setting, unit, vartype, context, boot_val, {} FROM pg_settings"
      " UNION ALL SELECT '{}', extract(epoch from pg_conf_load_time())::text, '', 'string', 'internal', '', false",
      pg_version(version).pending_restart_column ? "pending_restart" : "false", kReloadedAt);
}

}  // namespace tamada
