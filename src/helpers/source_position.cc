#include "helpers/source_position.h"

#include <charconv>
#include <memory>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "base/text.h"
#include "postgres/version_table.h"

namespace tamada {

namespace {

constexpr const char* kConnectSeconds = "10";

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;

std::string last_words(const PGconn* connection) {
  return std::string(trim(PQerrorMessage(connection)));
}

// The connection string is `dbname` with expansion; what it does not say is ours.
Connection connect(const std::string& connstring) {
  const char* keywords[] = {"connect_timeout", "fallback_application_name", "options", "dbname", nullptr};
  const char* values[] = {kConnectSeconds, "tamada-wale-restore", "-c statement_timeout=10000", connstring.c_str(),
                          nullptr};
  return {PQconnectdbParams(keywords, values, 1), &PQfinish};
}

std::string position_query(int version) {
  const PgVersion& names = pg_version(version);
  return fmt::format(
      "SELECT CASE WHEN pg_is_in_recovery() THEN GREATEST({}(COALESCE({}(), '0/0'), '0/0'), {}(COALESCE({}(), '0/0'), "
      "'0/0')) ELSE {}({}(), '0/0') END::bigint, (SELECT setting::bigint * CASE unit WHEN '8kB' THEN 8192 ELSE 1 END "
      "FROM pg_settings WHERE name = 'wal_segment_size')",
      names.lsn_diff, names.receive_lsn, names.lsn_diff, names.replay_lsn, names.lsn_diff, names.current_lsn);
}

template <class N>
bool read_number(const PGresult* answer, int column, N& out) {
  const std::string_view text = PQgetvalue(answer, 0, column);
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && ec == std::errc() && end == text.data() + text.size();
}

}  // namespace

Result<SourcePosition> ask_source_position(const std::string& connstring) {
  const Connection connection = connect(connstring);
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    return Error(ErrorCode::Unavailable, last_words(connection.get()));
  }
  const std::string query = position_query(PQserverVersion(connection.get()));
  const Answer answer(PQexec(connection.get(), query.c_str()), &PQclear);
  if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) {
    return Error(ErrorCode::Unavailable, last_words(connection.get()));
  }
  SourcePosition position;
  if (PQntuples(answer.get()) != 1 || !read_number(answer.get(), 0, position.position.bytes) ||
      !read_number(answer.get(), 1, position.segment_bytes)) {
    return Error(ErrorCode::Unavailable, "the source did not say where its WAL is");
  }
  return position;
}

}  // namespace tamada
