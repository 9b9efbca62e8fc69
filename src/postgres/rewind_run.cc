#include "postgres/rewind_run.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/text.h"
#include "host/blocking_pool.h"
#include "host/files.h"
#include "postgres/crash_recovery_run.h"
#include "postgres/data_files.h"
#include "postgres/leader_probe.h"

namespace tamada {

namespace {

constexpr Duration kProbePatience = 10s;
constexpr Duration kToolPatience = 30s;

bool cleanly_stopped(const ControlData& control) {
  return control.state == ControlState::ShutDown || control.state == ControlState::ShutDownInRecovery;
}

// pg_rewind works only on a cleanly stopped target.
Task<Result<ControlData>> stopped_target(DataContext context, Instant deadline) {
  auto alone = co_await require_alone(context, context.pg.clock.now() + kToolPatience);
  if (!alone) co_return alone.error();
  auto control = co_await read_control(context, context.pg.clock.now() + kToolPatience);
  if (!control || cleanly_stopped(*control)) co_return control;
  auto recovered = co_await run_crash_recovery(context, deadline);
  if (!recovered) co_return recovered.error().wrap("the target of pg_rewind was not stopped cleanly");
  control = co_await read_control(context, context.pg.clock.now() + kToolPatience);
  if (control && !cleanly_stopped(*control)) {
    co_return Error(ErrorCode::Failed, "the data directory is not cleanly stopped even after crash recovery");
  }
  co_return control;
}

Conninfo source_conninfo(const DataContext& context, const Member& leader, int version) {
  const PostgresSettings& postgres = context.postgres();
  Conninfo info = make_conninfo(rewind_credentials(postgres, version), target_of(leader), postgres.database);
  info.set("krbsrvname", postgres.krbsrvname);
  if (!info.has("sslmode")) info.set("sslmode", "prefer");
  info.set("options", "-c statement_timeout=0");
  if (version >= 100000 && leader.role == Role::Primary) info.set("target_session_attrs", "read-write");
  return info.without("password");
}

Task<bool> has_restore_command(DataContext context, int version) {
  if (version < 130000) co_return false;
  auto value = co_await configured_value(context, "restore_command", context.pg.clock.now() + kToolPatience);
  co_return value && !value->empty();
}

Task<Result<void>> after_success(DataContext context, int version) {
  std::string data_dir = context.data_dir();
  auto work = [data_dir, version](const std::atomic<bool>&) -> Result<void> {
    if (version < 110000) {
      std::error_code ec;
      for (const auto& entry : std::filesystem::directory_iterator(join_path(data_dir, "pg_replslot"), ec)) {
        std::error_code ignored;
        std::filesystem::remove_all(entry.path(), ignored);
      }
    }
    return mark_as_standby(data_dir);
  };
  co_return co_await run_on_directory(context, "finishing pg_rewind", work, context.pg.clock.now() + kToolPatience);
}

Task<Result<void>> execute(DataContext context, const Member& leader, Instant deadline) {
  const PostgresSettings& postgres = context.postgres();
  std::string data_dir = context.data_dir();
  auto version = co_await context.pg.pool.run(
      "reading PG_VERSION", [data_dir] { return Result<int>(data_major_version(data_dir)); },
      context.pg.clock.now() + kToolPatience);
  if (!version) co_return version.error();
  auto pass = co_await write_pgpass(context, target_of(leader), rewind_credentials(postgres, *version),
                                    context.pg.clock.now() + kToolPatience);
  if (!pass) co_return pass.error();
  RewindArguments with{.version = *version, .data_dir = data_dir, .config_file = config_file_path(postgres)};
  with.config_outside = parent_path(with.config_file) != data_dir || !postgres.custom_conf.empty();
  with.restore = co_await has_restore_command(context, *version);
  with.source = source_conninfo(context, leader, *version).text();
  ToolRun run{
      .tool = "pg_rewind", .arguments = rewind_arguments(with), .environment = std::move(*pass), .writes = true};
  auto exit = co_await run_tool(context, std::move(run), deadline);
  auto done = require_success(exit, "pg_rewind");
  if (!done) co_return done;
  for (const auto& line : split(exit->out + exit->err, '\n')) {
    if (!trim(line).empty()) context.log.info("{}", line);
  }
  co_return co_await after_success(context, *version);
}

}  // namespace

std::vector<std::string> rewind_arguments(const RewindArguments& with) {
  std::vector<std::string> arguments = {"-D", with.data_dir, "--source-server", with.source};
  bool knows_config_file = with.version >= 150000;
  if (with.restore && with.version >= 130000 && (!with.config_outside || knows_config_file)) {
    arguments.emplace_back("--restore-target-wal");
    if (with.config_outside) arguments.push_back("--config-file=" + with.config_file);
  }
  return arguments;
}

Task<Result<void>> run_rewind(DataContext context, Member leader, Instant deadline) {
  // The source first: nothing is touched here while there is nothing to rewind to.
  auto source = co_await prepare_rewind_source(context, leader);
  if (!source) co_return source.error();
  auto control = co_await stopped_target(context, deadline);
  if (!control) co_return control.error();
  if (control->timeline == *source) {
    // pg_rewind would say that nothing needs to be done, and the two histories would go on side by side.
    co_return Error(ErrorCode::Failed,
                    fmt::format("pg_rewind cannot help: this member and leader {} are both on timeline {}", leader.name,
                                source->id),
                    "the member must be created anew");
  }
  co_await archive_waiting_segments(context, deadline);
  context.log.info("pg_rewind from {} ({}:{}), timeline {} to {}", leader.name, target_of(leader).host,
                   target_of(leader).port, control->timeline.id, source->id);
  auto done = co_await execute(context, leader, deadline);
  if (done || done.error().code != ErrorCode::Failed) co_return done;
  bool healthy = co_await source_is_healthy(context, leader, context.pg.clock.now() + kProbePatience);
  if (healthy) co_return done;
  co_return Error(ErrorCode::Unavailable,
                  fmt::format("leader {} went away while pg_rewind ran: {}", leader.name, done.error().text()));
}

}  // namespace tamada
