#include "postgres/local_sql.h"

#include <fmt/format.h>

#include "postgres/libpq_status_query.h"
#include "postgres/post_bootstrap_run.h"
#include "postgres/slot_sql.h"
#include "postgres/version_table.h"

namespace tamada {

LocalPostgresSql::LocalPostgresSql(PgContext context, Settings initial, Logger log)
    : context_{context, std::make_shared<DirectoryGate>(), std::make_shared<const Settings>(std::move(initial)),
               std::move(log)},
      session_(context) {
  update_settings(*context_.settings);
}

void LocalPostgresSql::update_settings(const Settings& settings) {
  // `settings` may be the object that context_ lets go of here.
  auto taken = std::make_shared<const Settings>(settings);
  PgSessionOptions options = local_session_options(*taken, "Patroni slots");
  context_.settings = std::move(taken);
  // A write to a slot or a grant must not wait for a synchronous standby.
  options.local_commit = true;
  session_.configure(std::move(options));
}

Task<Result<void>> LocalPostgresSql::checkpoint(Instant deadline) {
  PgConnection connection(context_.pg);
  PgSessionOptions options = local_session_options(*context_.settings, "Patroni checkpoint");
  options.statement_timeout = std::chrono::milliseconds(0);
  auto opened = co_await connection.open(std::move(options), deadline);
  if (!opened) co_return opened;
  auto done = co_await connection.query("CHECKPOINT", deadline);
  if (!done) co_return done.error();
  co_return Result<void>();
}

Task<Result<std::vector<SlotInfo>>> LocalPostgresSql::slots(Instant deadline) {
  auto connected = co_await session_.connect(deadline);
  if (!connected) co_return connected.error();
  int version = session_.server_version();
  if (!pg_version(version).slots) co_return std::vector<SlotInfo>();
  auto answer = co_await session_.query(slots_statement(version), deadline);
  if (!answer) co_return answer.error();
  co_return read_slots(*answer);
}

Task<Result<void>> LocalPostgresSql::create_physical_slot(std::string name, Instant deadline) {
  auto connected = co_await session_.connect(deadline);
  if (!connected) co_return connected;
  int version = session_.server_version();
  if (!pg_version(version).slots) {
    co_return Error(ErrorCode::Unsupported,
                    fmt::format("postgres {} has no replication slots", format_pg_version(version)));
  }
  auto made = co_await session_.query(create_physical_slot_statement(version), {name}, deadline);
  // Somebody made it between our look and our statement.
  if (made || made.error().code == ErrorCode::Conflict) co_return Result<void>();
  co_return made.error().wrap(fmt::format("slot '{}' could not be created", name));
}

Task<Result<void>> LocalPostgresSql::drop_slot(std::string name, Instant deadline) {
  auto dropped = co_await session_.query("SELECT pg_drop_replication_slot($1)", {name}, deadline);
  if (dropped || dropped.error().code == ErrorCode::NotFound) co_return Result<void>();
  co_return dropped.error().wrap(fmt::format("slot '{}' could not be dropped", name));
}

Task<Result<void>> LocalPostgresSql::advance_slot(std::string name, Lsn to, Instant deadline) {
  auto connected = co_await session_.connect(deadline);
  if (!connected) co_return connected;
  int version = session_.server_version();
  if (!pg_version(version).slot_advance) {
    co_return Error(ErrorCode::Unsupported,
                    fmt::format("postgres {} cannot advance slots", format_pg_version(version)));
  }
  auto done =
      co_await session_.query("SELECT pg_replication_slot_advance($1, $2::pg_lsn)", {name, to_string(to)}, deadline);
  if (!done) co_return done.error().wrap(fmt::format("slot '{}' could not be advanced to {}", name, to_string(to)));
  co_return Result<void>();
}

Task<Result<void>> LocalPostgresSql::post_bootstrap(Instant deadline) {
  return run_post_bootstrap(context_, deadline);
}

Task<Result<void>> LocalPostgresSql::resume_replay(Instant deadline) {
  auto connected = co_await session_.connect(deadline);
  if (!connected) co_return connected;
  auto done =
      co_await session_.query(fmt::format("SELECT {}()", pg_version(session_.server_version()).resume), deadline);
  if (!done) co_return done.error();
  co_return Result<void>();
}

}  // namespace tamada
