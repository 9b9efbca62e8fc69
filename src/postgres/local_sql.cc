#include "postgres/local_sql.h"

#include <fmt/format.h>

#include "postgres/libpq_status_query.h"
#include "postgres/post_bootstrap_run.h"
#include "postgres/slot_sql.h"
#include "postgres/sync_sql.h"
#include "postgres/version_table.h"

namespace tamada {

namespace {
constexpr Duration kCheckpointerLook = 100ms;
constexpr Duration kCheckpointerPatience = 5s;
}  // namespace

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

Task<Result<void>> LocalPostgresSql::open_for_slot(PgConnection& connection, std::string database, Instant deadline) {
  PgSessionOptions options = local_session_options(*context_.settings, "Patroni slots");
  options.conninfo.set("dbname", database);
  options.statement_timeout = std::chrono::milliseconds(0);
  options.local_commit = true;
  co_return co_await connection.open(std::move(options), deadline);
}

Task<Result<void>> LocalPostgresSql::create_logical_slot(PermanentSlot slot, Instant deadline) {
  PgConnection connection(context_.pg);
  const std::string what = fmt::format("logical slot '{}' could not be created", slot.name);
  auto opened = co_await open_for_slot(connection, slot.database, deadline);
  if (!opened) co_return opened.error().wrap(what);
  auto made = co_await connection.query(kCreateLogicalSlotStatement, {slot.name, slot.plugin}, deadline);
  if (made || made.error().code == ErrorCode::Conflict) co_return Result<void>();
  co_return made.error().wrap(what);
}

Task<Result<void>> LocalPostgresSql::advance_slot(std::string name, std::string database, Lsn to, Instant deadline) {
  constexpr const char* kStatement = "SELECT pg_replication_slot_advance($1, $2::pg_lsn)";
  const std::string what = fmt::format("slot '{}' could not be advanced to {}", name, to_string(to));
  if (!database.empty()) {
    PgConnection connection(context_.pg);
    auto opened = co_await open_for_slot(connection, database, deadline);
    if (!opened) co_return opened.error().wrap(what);
    auto done = co_await connection.query(kStatement, {name, to_string(to)}, deadline);
    if (!done) co_return done.error().wrap(what);
    co_return Result<void>();
  }
  auto connected = co_await session_.connect(deadline);
  if (!connected) co_return connected;
  int version = session_.server_version();
  if (!pg_version(version).slot_advance) {
    co_return Error(ErrorCode::Unsupported,
                    fmt::format("postgres {} cannot advance slots", format_pg_version(version)));
  }
  auto done = co_await session_.query(kStatement, {name, to_string(to)}, deadline);
  if (!done) co_return done.error().wrap(what);
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

Task<Result<SyncReplication>> LocalPostgresSql::sync_replication(Instant deadline) {
  auto connected = co_await session_.connect(deadline);
  if (!connected) co_return connected.error();
  const int version = session_.server_version();
  auto answer = co_await session_.query(sync_replication_statement(version), deadline);
  if (!answer) co_return answer.error();
  co_return read_sync_replication(*answer, version);
}

// The checkpointer switches waiting on for all sessions. While it is busy with files it does not look at signals; what
// it waits for shows that it has. Two looks, because the first may have come between the signal and its waking.
Task<Result<void>> LocalPostgresSql::prove_waiting(PgConnection& connection, Instant deadline) {
  const std::string statement = checkpointer_waits_statement(connection.server_version());
  const Instant until = std::min(deadline, context_.pg.clock.now() + kCheckpointerPatience);
  int seen = 0;
  while (!statement.empty() && context_.pg.clock.now() < until) {
    auto answer = co_await connection.query(statement, deadline);
    if (!answer) co_return answer.error();
    seen = answer->rows.empty() ? 0 : seen + 1;
    if (seen == 2) co_return Result<void>();
    co_await context_.pg.clock.sleep_for(kCheckpointerLook);
  }
  // A checkpoint that is asked for now begins after the signal was acted on.
  auto done = co_await connection.query("CHECKPOINT", deadline);
  if (!done) co_return done.error();
  co_return Result<void>();
}

// The postmaster signals all its children before it accepts the next connection: a session that is opened now and reads
// the names proves that everybody was signalled.
Task<Result<Lsn>> LocalPostgresSql::sync_mark(std::string names, bool waiting_is_on, Instant deadline) {
  PgConnection connection(context_.pg);
  PgSessionOptions options = local_session_options(*context_.settings, "Patroni synchronous");
  options.local_commit = true;
  options.statement_timeout = std::chrono::milliseconds(0);
  auto opened = co_await connection.open(std::move(options), deadline);
  if (!opened) co_return opened.error();
  auto told = co_await connection.query(kNamesStatement, deadline);
  if (!told) co_return told.error();
  if (told->value(0, 0) != names)
    co_return Error(ErrorCode::Conflict,
                    fmt::format("synchronous_standby_names is '{}', not '{}'", told->value(0, 0), names));
  if (!waiting_is_on && !names.empty()) {
    auto proven = co_await prove_waiting(connection, deadline);
    if (!proven) co_return proven.error().wrap("the checkpointer did not show that it read synchronous_standby_names");
  }
  if (told->value(0, 1) == "t") co_return Lsn{};
  auto before = co_await connection.query(insert_position_statement(connection.server_version()), deadline);
  if (!before) co_return before.error();
  auto position = parse_lsn(before->value(0, 0));
  if (!position) co_return position.error();
  auto written = co_await connection.query(kWriteWalStatement, deadline);
  if (!written) co_return written.error();
  co_return Lsn{position->bytes + 1};
}

}  // namespace tamada
