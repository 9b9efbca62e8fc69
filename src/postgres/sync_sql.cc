#include "postgres/sync_sql.h"

#include <charconv>

#include <fmt/format.h>

#include "base/json.h"

namespace tamada {

namespace {

constexpr int kFirstWithLsnNames = 100000;
constexpr int kFirstWithWaitEvents = 90600;

std::string text_of(const json::object& row, std::string_view key) {
  const json::value* value = row.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Result<Lsn> lsn_of(const json::object& row, std::string_view key) {
  const std::string text = text_of(row, key);
  if (text.empty()) return Lsn{};
  return parse_lsn(text);
}

Result<WalSender> read_sender(const json::object& row) {
  WalSender sender;
  sender.application_name = text_of(row, "name");
  sender.state = text_of(row, "state");
  sender.sync_state = text_of(row, "sync_state");
  const json::value* priority = row.if_contains("priority");
  if (priority != nullptr && priority->is_int64()) sender.sync_priority = static_cast<int>(priority->get_int64());
  for (auto [key, out] : {std::pair{"sent", &sender.sent}, std::pair{"written", &sender.written},
                          std::pair{"flushed", &sender.flushed}, std::pair{"replayed", &sender.replayed}}) {
    auto lsn = lsn_of(row, key);
    if (!lsn) return lsn.error();
    *out = *lsn;
  }
  return sender;
}

int number_of(const std::string& text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::string insert_position_statement(int version) {
  return version >= kFirstWithLsnNames ? "SELECT pg_current_wal_insert_lsn()"
                                       : "SELECT pg_current_xlog_insert_location()";
}

std::string checkpointer_waits_statement(int version) {
  if (version < kFirstWithLsnNames) return "";
  return "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'checkpointer' AND wait_event IN ('CheckpointerMain', "
         "'CheckpointWriteDelay')";
}

std::string sync_replication_statement(int version) {
  const char* suffix = version >= kFirstWithLsnNames ? "lsn" : "location";
  const std::string waiting =
      version >= kFirstWithWaitEvents ? "(SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep')" : "0";
  return fmt::format(
      "SELECT current_setting('synchronous_standby_names'), current_setting('synchronous_commit'), ({position}), "
      "{waiting}, (SELECT count(*) FROM (SELECT unnest(setconfig) AS one FROM pg_db_role_setting) s WHERE one IN "
      "('synchronous_commit=off', 'synchronous_commit=local')), "
      "(SELECT json_agg(row_to_json(q)) FROM (SELECT application_name AS name, state, sync_state, sync_priority AS "
      "priority, sent_{suffix}::text AS sent, write_{suffix}::text AS written, flush_{suffix}::text AS flushed, "
      "replay_{suffix}::text AS replayed FROM pg_stat_replication) q)",
      fmt::arg("position", insert_position_statement(version)), fmt::arg("waiting", waiting),
      fmt::arg("suffix", suffix));
}

Result<SyncReplication> read_sync_replication(const PgAnswer& answer, int version) {
  const auto unreadable = [](std::string_view what) {
    return Error(ErrorCode::Protocol, fmt::format("postgres answered with an unreadable {}", what));
  };
  if (answer.rows.size() != 1 || answer.rows[0].size() != 6) return unreadable("number of rows or columns");
  SyncReplication out;
  out.server_version = version;
  out.names = answer.value(0, 0);
  out.synchronous_commit = answer.value(0, 1);
  auto position = parse_lsn(answer.value(0, 2));
  if (!position) return unreadable("position");
  out.position = *position;
  out.waiting = number_of(answer.value(0, 3));
  out.lowered = number_of(answer.value(0, 4));
  const std::string list = answer.value(0, 5);
  if (list.empty()) return out;
  auto rows = parse_json(list);
  if (!rows || !rows->is_array()) return unreadable("list of standbys");
  for (const json::value& row : rows->get_array()) {
    if (!row.is_object()) return unreadable("list of standbys");
    auto sender = read_sender(row.get_object());
    if (!sender) return unreadable("position of a standby");
    out.senders.push_back(std::move(*sender));
  }
  return out;
}

}  // namespace tamada
