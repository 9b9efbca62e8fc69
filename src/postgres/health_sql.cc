#include "postgres/health_sql.h"

#include <charconv>

#include <fmt/format.h>

#include "postgres/sync_sql.h"
#include "postgres/version_table.h"

namespace tamada {

namespace {

constexpr int kFirstWithFlushPosition = 90600;
constexpr int kFirstWithBackendType = 100000;
constexpr const char* kNoPlace = "no place is left for clients: max_connections is reached";

int number_of(const std::string& text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::string health_statement(int version) {
  const bool positions = version >= kFirstWithFlushPosition;
  const std::string insert = insert_position_statement(version).substr(std::string_view("SELECT ").size());
  const auto on_primary = [&](std::string_view function) {
    return positions ? fmt::format("CASE WHEN pg_is_in_recovery() THEN NULL ELSE {} END", function)
                     : std::string("NULL");
  };
  const std::string flush = fmt::format("{}()", pg_version(version).current_lsn);
  // The places kept for superusers, and since 16 those for others with a right to them, are not for clients.
  return fmt::format(
      "SELECT pg_is_in_recovery(), {}, {}, {}, current_setting('max_connections')::int - "
      "current_setting('superuser_reserved_connections')::int{}",
      on_primary(insert), on_primary(flush),
      version >= kFirstWithBackendType ? "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
                                       : "NULL",
      version >= 160000 ? " - current_setting('reserved_connections')::int" : "");
}

ConnectionAnswer read_health_answer(const PgAnswer& answer) {
  ConnectionAnswer out{.answer = ProbeAnswer::fine()};
  const std::string insert = answer.value(0, 1);
  const std::string flush = answer.value(0, 2);
  const auto inserted = parse_lsn(insert);
  const auto flushed = parse_lsn(flush);
  if (!insert.empty() && inserted && flushed) {
    out.flushed = *flushed;
    out.wal_waits = *inserted > *flushed;
  }
  const std::string clients = answer.value(0, 3);
  if (!clients.empty() && number_of(clients) >= number_of(answer.value(0, 4))) out.notice = kNoPlace;
  return out;
}

std::string health_commit_statement(int version) {
  return version >= kFirstWithFlushPosition ? "SELECT pg_logical_emit_message(true, 'tamada', '')" : "";
}

ConnectionAnswer judge_refusal(const Error& error, std::string_view sqlstate, bool silent) {
  if (sqlstate == "53300") return {.answer = ProbeAnswer::fine(), .notice = kNoPlace};
  if (sqlstate.starts_with("28") || sqlstate == "42501" || sqlstate == "3D000") {
    return {.answer = ProbeAnswer::fine(), .notice = "the daemon's own session is refused: " + error.message};
  }
  if (sqlstate == "57014") {
    return {.answer = ProbeAnswer::trouble("a statement in a new session does not end"), .notice = ""};
  }
  if (sqlstate.starts_with("53") || sqlstate.starts_with("58") || sqlstate.starts_with("XX")) {
    return {.answer = ProbeAnswer::trouble(error.message), .notice = ""};
  }
  if (!sqlstate.empty()) return {};
  if (silent) return {.answer = ProbeAnswer::trouble("a new session gets no answer"), .notice = ""};
  // Where we connect to may be a change of the settings that waits for a restart, what our side refuses (certificates)
  // says nothing of the server, and a name that cannot be looked up neither.
  return {.answer = {}, .notice = "the daemon cannot open a session: " + error.message};
}

}  // namespace tamada
