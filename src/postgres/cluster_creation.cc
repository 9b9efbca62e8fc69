#include "postgres/cluster_creation.h"

#include <fmt/format.h>

#include "base/text.h"
#include "host/blocking_pool.h"
#include "host/files.h"
#include "postgres/config_files.h"
#include "postgres/data_files.h"
#include "postgres/local_address.h"
#include "postgres/replica_methods.h"
#include "postgres/tool_options.h"

namespace tamada {

namespace {

constexpr Duration kFilePatience = 60s;

std::string credential(const Credentials& credentials, const std::string& key) {
  auto it = credentials.find(key);
  return it == credentials.end() ? std::string() : it->second;
}

// bootstrap.pg_hba goes behind what initdb wrote, unless the file is managed otherwise.
Task<Result<void>> append_bootstrap_hba(DataContext context, Instant deadline) {
  const auto& lines = context.settings->bootstrap.pg_hba;
  const PostgresSettings& postgres = context.postgres();
  bool managed = (postgres.pg_hba && !postgres.pg_hba->empty()) || !find_parameter(postgres, "hba_file").empty();
  if (lines.empty() || managed) co_return Result<void>();
  std::string path = join_path(postgres.data_dir, "pg_hba.conf");
  std::string text = "\n" + join(lines, "\n") + "\n";
  auto work = [path, text]() -> Result<void> { return append_to_file(path, text); };
  co_return co_await context.pg.pool.run("appending to pg_hba.conf", work, deadline);
}

// What a restored directory may lack or have too much of before its first start.
Task<Result<void>> tidy_restored_directory(DataContext context, bool remove_recovery) {
  std::string data_dir = context.data_dir();
  ConfigPaths paths = config_paths(*context.settings);
  auto work = [=]() -> Result<void> {
    auto tightened = tighten_permissions(data_dir);
    if (!tightened) return tightened;
    auto trigger = remove_file(join_path(data_dir, "promote"));
    if (!trigger) return trigger;
    auto restored = restore_config_backups(paths);
    if (!restored) return restored;
    return remove_recovery ? remove_recovery_files(data_dir) : Result<void>();
  };
  co_return co_await context.pg.pool.run("preparing the new data directory", work,
                                         context.pg.clock.now() + kFilePatience);
}

}  // namespace

Task<Result<void>> create_with_initdb(DataContext context, Instant deadline) {
  ToolOptions options = initdb_options(context.settings->bootstrap.initdb);
  if (!options.problems.empty()) co_return Error(ErrorCode::Invalid, join(options.problems, "; "));
  const PostgresSettings& postgres = context.postgres();
  ToolRun run{.tool = "initdb", .arguments = std::move(options.arguments), .writes = true};
  std::string user = credential(postgres.superuser, "username");
  std::string password = credential(postgres.superuser, "password");
  if (!user.empty()) run.arguments.push_back("--username=" + user);
  if (!password.empty()) {
    // Through standard input the password never lies on a disk.
    run.arguments.emplace_back("--pwfile=/dev/stdin");
    run.input = password + "\n";
  }
  run.arguments.push_back(postgres.data_dir);
  if (auto alone = co_await require_alone(context, context.pg.clock.now() + kFilePatience); !alone) co_return alone;
  context.log.info("running initdb for data directory {}", postgres.data_dir);
  auto exit = co_await run_tool(context, std::move(run), deadline);
  auto done = require_success(exit, "initdb");
  if (!done) co_return done;
  co_return co_await append_bootstrap_hba(context, deadline);
}

Task<Result<void>> create_with_script(DataContext context, Instant deadline) {
  const BootstrapSettings& bootstrap = context.settings->bootstrap;
  const json::value* value = bootstrap.methods.if_contains(bootstrap.method);
  const json::object* section = value != nullptr ? value->if_object() : nullptr;
  if (section == nullptr || !section->contains("command")) co_return co_await create_with_initdb(context, deadline);
  auto argv = split_command(scalar_text(section->at("command")));
  if (!argv) co_return argv.error().wrap(fmt::format("bootstrap method '{}' cannot be run", bootstrap.method));
  if (argv->empty())
    co_return Error(ErrorCode::Invalid, fmt::format("bootstrap method '{}' has an empty command", bootstrap.method));

  auto flag = [&](const char* key) { return section->contains(key) && is_truthy(section->at(key)); };
  if (!flag("no_params")) {
    argv->push_back("--scope=" + context.settings->scope);
    argv->push_back("--datadir=" + context.data_dir());
  }
  auto extra = section_arguments(
      *section, {"command", "no_params", "keep_existing_recovery_conf", "recovery_conf", "scope", "datadir"});
  argv->insert(argv->end(), extra.begin(), extra.end());
  if (auto alone = co_await require_alone(context, context.pg.clock.now() + kFilePatience); !alone) co_return alone;
  context.log.info("running bootstrap method {}", bootstrap.method);
  bool remove_recovery = !flag("keep_existing_recovery_conf") && !flag("recovery_conf");
  auto exit = co_await run_script_program(context, {.argv = std::move(*argv), .writes = true}, deadline);
  auto done = require_success(exit, fmt::format("bootstrap method '{}'", bootstrap.method));
  if (!done) co_return done;
  auto tidied = co_await tidy_restored_directory(context, remove_recovery);
  if (!tidied) co_return tidied;
  auto appended = co_await append_bootstrap_hba(context, deadline);
  if (!appended) co_return appended;
  // Last: the pg_hba.conf of now is what end_custom_bootstrap brings back.
  auto work = [paths = config_paths(*context.settings)]() -> Result<void> { return begin_custom_bootstrap(paths); };
  co_return co_await context.pg.pool.run("beginning the custom bootstrap", work,
                                         context.pg.clock.now() + kFilePatience);
}

}  // namespace tamada
