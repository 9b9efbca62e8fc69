#include "postgres/libpq_status_query.h"

#include "postgres/local_address.h"
#include "postgres/status_sql.h"

namespace tamada {

PgSessionOptions local_session_options(const Settings& settings, std::string application_name) {
  const PostgresSettings& postgres = settings.postgresql;
  PgSessionOptions options;
  options.conninfo = make_conninfo(postgres.superuser, local_target(postgres, LocalUse::Sql), postgres.database);
  options.conninfo.set("krbsrvname", postgres.krbsrvname);
  options.application_name = std::move(application_name);
  return options;
}

LibpqStatusQuery::LibpqStatusQuery(PgContext context, const Settings& initial) : context_(context), session_(context) {
  update_settings(initial);
}

void LibpqStatusQuery::update_settings(const Settings& settings) {
  session_.configure(local_session_options(settings, "Patroni heartbeat"));
  ready_options_ = local_session_options(settings, "Patroni readiness");
}

Task<Result<StatusRow>> LibpqStatusQuery::run_once(Instant deadline) {
  auto connected = co_await session_.connect(deadline);
  if (!connected) co_return connected.error();
  int version = session_.server_version();
  auto answer = co_await session_.query(status_statement(version), deadline);
  if (!answer) co_return answer.error();
  co_return read_status_row(*answer, version);
}

Task<Result<StatusRow>> LibpqStatusQuery::run(Instant deadline) {
  auto row = co_await run_once(deadline);
  // The server left recovery between two functions of the statement.
  bool left_recovery = !row && session_.connection().sqlstate() == "55000";
  if (left_recovery) row = co_await run_once(deadline);
  co_return row;
}

// What pg_isready does: the server's first words tell, a refused password is an answer too.
Task<Accepting> LibpqStatusQuery::ready(Instant deadline) {
  PgConnection probe(context_);
  auto opened = co_await probe.open(ready_options_, deadline);
  if (opened) co_return Accepting::Yes;
  if (probe.sqlstate() == "57P03") co_return Accepting::Rejecting;
  if (!probe.sqlstate().empty()) co_return Accepting::Yes;
  if (probe.refused()) co_return Accepting::NoResponse;
  co_return Accepting::Unknown;
}

Task<Result<std::vector<GucRow>>> LibpqStatusQuery::settings_rows(Instant deadline) {
  auto connected = co_await session_.connect(deadline);
  if (!connected) co_return connected.error();
  auto answer = co_await session_.query(settings_statement(session_.server_version()), deadline);
  if (!answer) co_return answer.error();
  std::vector<GucRow> rows;
  for (std::size_t i = 0; i < answer->rows.size(); ++i) {
    GucRow row;
    row.name = answer->value(i, 0);
    row.setting = answer->value(i, 1);
    row.unit = answer->value(i, 2);
    row.vartype = answer->value(i, 3);
    row.context = answer->value(i, 4);
    row.boot_value = answer->value(i, 5);
    row.pending_restart = answer->value(i, 6) == "t";
    rows.push_back(std::move(row));
  }
  co_return rows;
}

}  // namespace tamada
