#include "postgres/replica_clone.h"

#include <fmt/format.h>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/text.h"
#include "host/blocking_pool.h"
#include "host/files.h"
#include "postgres/clone_watch.h"
#include "postgres/config_files.h"
#include "postgres/data_files.h"
#include "postgres/replica_methods.h"
#include "postgres/tool_options.h"
#include "postgres/version_table.h"

namespace tamada {

namespace {

constexpr int kBasebackupAttempts = 2;
constexpr Duration kBasebackupPause = 5s;
constexpr Duration kRemovePatience = 24h;  // as long as the file system takes
constexpr Duration kFilePatience = 60s;
constexpr Duration kVersionPatience = 10s;

using PassEnvironment = std::map<std::string, std::string>;

Task<Result<void>> empty_directory(DataContext context) {
  auto alone = co_await require_alone(context, context.pg.clock.now() + kFilePatience);
  if (!alone) co_return alone;
  auto work = [data_dir = context.data_dir()](const std::atomic<bool>& abandoned) {
    return remove_data_directory(data_dir, abandoned);
  };
  co_return co_await run_on_directory(context, "emptying the data directory", std::move(work),
                                      context.pg.clock.now() + kRemovePatience);
}

// For a method that builds on what is there. A removal that was cancelled may still be going on.
Task<Result<void>> await_directory(DataContext context) {
  auto alone = co_await require_alone(context, context.pg.clock.now() + kFilePatience);
  if (!alone) co_return alone;
  auto work = [](const std::atomic<bool>&) { return Result<void>(); };
  co_return co_await run_on_directory(context, "waiting for earlier work on the data directory", work,
                                      context.pg.clock.now() + kRemovePatience);
}

// "pg_basebackup (PostgreSQL) 15.4 (Debian 15.4-1)" -> 150000
int version_in(const std::string& text) {
  auto at = text.find_first_of("0123456789");
  if (at == std::string::npos) return 0;
  auto end = text.find_first_not_of("0123456789.", at);
  return parse_pg_version(text.substr(at, end == std::string::npos ? end : end - at));
}

Task<int> program_version(DataContext context) {
  auto exit = co_await run_tool(context, {.tool = "pg_basebackup", .arguments = {"--version"}},
                                context.pg.clock.now() + kVersionPatience);
  co_return exit && exit->ok() ? version_in(exit->out) : 0;
}

Task<Result<void>> run_basebackup(DataContext context, std::string connstring, PassEnvironment pass, Instant deadline) {
  const json::value* section = context.postgres().methods.if_contains("basebackup");
  int version = co_await program_version(context);
  ToolOptions options = basebackup_options(section != nullptr ? *section : json::value(), version);
  for (const auto& problem : options.problems) context.log.error("{}", problem);

  ToolRun run{.tool = "pg_basebackup", .environment = std::move(pass), .writes = true};
  run.arguments = {"--pgdata=" + context.data_dir(), "-X", "stream", "--dbname=" + connstring};
  run.arguments.insert(run.arguments.end(), options.arguments.begin(), options.arguments.end());
  Result<void> done;
  for (int attempt = 1; attempt <= kBasebackupAttempts; ++attempt) {
    if (attempt > 1) {
      auto emptied = co_await empty_directory(context);
      if (!emptied) co_return emptied;
    }
    auto exit = co_await run_tool(context, run, deadline);
    done = require_success(exit, "pg_basebackup");
    if (done || context.pg.clock.now() >= deadline) co_return done;
    context.log.warning("attempt {} of {}: {}", attempt, kBasebackupAttempts, done.error().text());
    if (attempt < kBasebackupAttempts) co_await context.pg.clock.sleep_for(kBasebackupPause);
  }
  co_return done;
}

Task<Result<void>> run_method(DataContext context, ReplicaMethod method, std::string connstring, PassEnvironment pass,
                              Instant deadline) {
  if (method.basebackup) co_return co_await run_basebackup(context, std::move(connstring), std::move(pass), deadline);
  ScriptRun run{.argv = method.command, .environment = std::move(pass), .writes = true};
  auto exit = co_await run_script_program(context, std::move(run), deadline);
  co_return require_success(exit, fmt::format("replica method '{}'", method.name));
}

Task<Result<void>> run_watched(DataContext context, ReplicaMethod method, std::string connstring, PassEnvironment pass,
                               std::optional<ConnectTarget> source, Instant deadline) {
  using namespace boost::asio::experimental::awaitable_operators;
  // Before the watching begins: what is being removed is no progress.
  auto ready = method.keep_data ? co_await await_directory(context) : co_await empty_directory(context);
  if (!ready) co_return ready;
  // The watching never ends by itself, so the first to end is the method.
  auto ended = co_await (run_method(context, std::move(method), std::move(connstring), std::move(pass), deadline) ||
                         watch_clone(context, std::move(source)));
  co_return std::get<0>(std::move(ended));
}

// However the clone ends: a cancelled one too.
struct Ending {
  std::shared_ptr<CloneProgress> progress;
  ~Ending() { progress->end(); }
};

Task<Result<void>> finish_clone(DataContext context) {
  std::string data_dir = context.data_dir();
  ConfigPaths paths = config_paths(*context.settings);
  auto work = [=]() -> Result<void> {
    if (data_major_version(data_dir) == 0) {
      return Error(ErrorCode::Failed, fmt::format("data directory {} has no readable PG_VERSION", data_dir));
    }
    auto tightened = tighten_permissions(data_dir);
    if (!tightened) return tightened;
    auto trigger = remove_file(join_path(data_dir, "promote"));
    if (!trigger) return trigger;
    auto restored = restore_config_backups(paths);
    if (!restored) return restored;
    return mark_as_standby(data_dir);
  };
  co_return co_await context.pg.pool.run("finishing the clone", work, context.pg.clock.now() + kFilePatience);
}

bool is_remote(const DataContext& context, const CloneSource& source) {
  const auto& standby = context.settings->dynamic.standby_cluster;
  return standby && !source.host.empty() && source.host == standby->host;
}

}  // namespace

Task<Result<void>> clone_data(DataContext context, CloneSource source, bool only_basebackup, Instant deadline) {
  bool has_source = !source.host.empty();
  bool remote = is_remote(context, source);
  ConnectTarget target{source.host, std::to_string(source.port)};
  if (remote && !context.settings->dynamic.standby_cluster->port.empty()) {
    target.port = context.settings->dynamic.standby_cluster->port;
  }
  std::string connstring;
  std::string script_connstring;  // as the scripts of that level know it
  PassEnvironment pass;
  if (has_source) {
    Conninfo info = make_conninfo(context.postgres().replication, target, context.postgres().database);
    info.set("krbsrvname", context.postgres().krbsrvname);
    if (remote) prefer_writable_host(info);
    info = info.without("password");
    connstring = info.text();
    if (context.settings->compatibility == Compatibility::V1_5) script_connstring = info.url();
    auto written = co_await write_pgpass(context, target, context.postgres().replication, deadline);
    if (!written) co_return written.error();
    pass = std::move(*written);
  }
  auto plan = plan_replica_methods(*context.settings, has_source, only_basebackup,
                                   script_connstring.empty() ? connstring : script_connstring);
  for (const auto& problem : plan.problems) context.log.warning("{}", problem);
  std::vector<std::string> failures;
  Ending progress{context.progress};
  for (const auto& method : plan.usable) {
    context.log.info("creating a replica with method {} from {}", method.name,
                     has_source ? fmt::format("{} ({}:{})", source.member, target.host, target.port) : "no source");
    context.progress->begin({.method = method.name, .source = source.member, .since = context.pg.clock.wall_now()});
    auto made = co_await run_watched(context, method, connstring, pass,
                                     has_source ? std::optional(target) : std::nullopt, deadline);
    if (made) made = co_await finish_clone(context);
    if (made) co_return made;
    context.log.error("{}", made.error().text());
    failures.push_back(made.error().text());
    if (!method.keep_data) {
      auto emptied = co_await empty_directory(context);
      if (!emptied) failures.push_back(emptied.error().text());
    }
    if (made.error().code == ErrorCode::Timeout) break;
  }
  if (plan.usable.empty()) failures.insert(failures.end(), plan.problems.begin(), plan.problems.end());
  co_return Error(ErrorCode::Failed, fmt::format("no replica method succeeded: {}", join(failures, "; ")));
}

}  // namespace tamada
