#include "postgres/data_context.h"

#include <cstdlib>
#include <thread>

#include <fmt/format.h>

#include "base/text.h"
#include "host/blocking_pool.h"
#include "host/files.h"
#include "host/process_table.h"
#include "postgres/control_file.h"
#include "postgres/data_directory.h"

namespace tamada {

namespace {

constexpr Duration kScriptGrace = 10s;  // ha_behaviour.md 9.9

std::string pgpass_path(const PostgresSettings& settings) {
  if (!settings.pgpass.empty()) return settings.pgpass;
  const char* home = std::getenv("HOME");
  return join_path(home != nullptr ? home : "/", "pgpass");
}

// Who works on the data directory for us carries it in its environment, and hands it on to its children: so it is found
// again whatever became of us.
constexpr const char* kWorkVariable = "TAMADA_WORKS_ON";

std::string work_value(const DataContext& context) {
  return fmt::format("{}/{}:{}", context.settings->scope, context.settings->name, context.data_dir());
}

std::string work_mark(const DataContext& context) {
  return fmt::format("{}={}", kWorkVariable, work_value(context));
}

constexpr int kEndRounds = 50;
constexpr std::chrono::milliseconds kEndPause{100};

Result<void> end_left_over_work(const std::string& mark, const Logger& log) {
  for (int round = 0; round < kEndRounds; ++round) {
    auto left = processes_with(mark);
    if (left.empty()) return {};
    for (const ProcessInfo& process : left) {
      if (round == 0) log.warning("killing process {} ({}), left over from earlier work", process.pid, process.name);
      kill_tree(process.pid);
    }
    std::this_thread::sleep_for(kEndPause);
  }
  return Error(ErrorCode::Conflict, "left-over work on the data directory does not end");
}

}  // namespace

Task<Result<void>> run_on_directory(DataContext context, std::string what, DirectoryWork work, Instant deadline) {
  auto abandoned = std::make_shared<std::atomic<bool>>(false);
  struct Abandon {
    std::shared_ptr<std::atomic<bool>> flag;
    ~Abandon() { flag->store(true); }
  } on_exit{abandoned};
  auto alone = [gate = context.gate, work = std::move(work), abandoned]() -> Result<void> {
    std::lock_guard lock(gate->mutex);
    if (*abandoned) return Error(ErrorCode::Cancelled, "nobody waits for this any more");
    return work(*abandoned);
  };
  co_return co_await context.pg.pool.run(std::move(what), std::move(alone), deadline);
}

std::string tool_path(const PostgresSettings& settings, const std::string& tool) {
  auto renamed = settings.bin_name.find(tool);
  const std::string& name = renamed == settings.bin_name.end() ? tool : renamed->second;
  return settings.bin_dir.empty() ? name : join_path(settings.bin_dir, name);
}

Task<Result<ChildExit>> run_tool(DataContext context, ToolRun run, Instant deadline) {
  ChildSpec spec;
  spec.argv.push_back(tool_path(context.postgres(), run.tool));
  spec.argv.insert(spec.argv.end(), run.arguments.begin(), run.arguments.end());
  EnvironmentRules rules;
  rules.drop_libpq = true;
  rules.set = std::move(run.environment);
  if (run.writes) rules.set[kWorkVariable] = work_value(context);
  spec.environment = child_environment(own_environment(), rules);
  spec.input = std::move(run.input);
  spec.directory = std::move(run.directory);
  co_return co_await run_child(context.pg.clock, std::move(spec), deadline);
}

Task<Result<ChildExit>> run_script_program(DataContext context, ScriptRun run, Instant deadline) {
  ChildSpec spec;
  spec.argv = std::move(run.argv);
  EnvironmentRules rules;
  rules.set = std::move(run.environment);
  if (run.writes) rules.set[kWorkVariable] = work_value(context);
  spec.environment = child_environment(own_environment(), rules);
  spec.out = ChildOutput::Inherit;
  spec.err = ChildOutput::Inherit;
  spec.grace = kScriptGrace;
  co_return co_await run_child(context.pg.clock, std::move(spec), deadline);
}

Task<Result<std::map<std::string, std::string>>> write_pgpass(DataContext context, ConnectTarget target,
                                                              Credentials credentials, Instant deadline) {
  std::map<std::string, std::string> environment;
  std::string content = pgpass_content(target, credentials);
  if (content.empty()) co_return environment;
  std::string path = pgpass_path(context.postgres());
  auto work = [path, content]() -> Result<void> { return write_file_atomic(path, content, 0600); };
  auto written = co_await context.pg.pool.run("writing the password file", work, deadline);
  if (!written) co_return written.error().wrap("password file could not be written");
  environment["PGPASSFILE"] = path;
  co_return environment;
}

Task<Result<ControlData>> read_control(DataContext context, Instant deadline) {
  std::string data_dir = context.data_dir();
  auto work = [data_dir]() -> Result<ControlData> { return read_control_file(data_dir); };
  auto control = co_await context.pg.pool.run("reading pg_control", work, deadline);
  if (control || control.error().code != ErrorCode::Unsupported) co_return control;
  auto exit = co_await run_tool(
      context,
      {.tool = "pg_controldata", .arguments = {context.data_dir()}, .environment = {{"LANG", "C"}, {"LC_ALL", "C"}}},
      deadline);
  if (!exit) co_return exit.error();
  if (!exit->ok()) co_return require_success(exit, "pg_controldata").error();
  co_return parse_pg_controldata(exit->out);
}

std::string config_file_path(const PostgresSettings& settings) {
  const std::string& directory = settings.config_dir.empty() ? settings.data_dir : settings.config_dir;
  return join_path(directory, settings.config_base_name + ".conf");
}

Task<Result<std::string>> configured_value(DataContext context, std::string name, Instant deadline) {
  std::vector<std::string> arguments = {"-D", context.data_dir(),
                                        "--config-file=" + config_file_path(context.postgres()), "-C", std::move(name)};
  auto exit = co_await run_tool(context, {.tool = "postgres", .arguments = std::move(arguments)}, deadline);
  if (!exit) co_return exit.error();
  if (!exit->ok()) co_return require_success(exit, "postgres -C").error();
  co_return std::string(trim(exit->out));
}

Task<Result<void>> require_alone(DataContext context, Instant deadline) {
  auto renamed = context.postgres().bin_name.find("postgres");
  std::string program = renamed == context.postgres().bin_name.end() ? "postgres" : renamed->second;
  auto work = [directory = context.data_dir(), program, mark = work_mark(context),
               log = context.log]() -> Result<void> {
    if (auto ended = end_left_over_work(mark, log); !ended) return ended;
    auto id = directory_id(directory);
    if (!id && id.error().code == ErrorCode::NotFound) return {};
    if (!id) return id.error();
    auto found = processes_in(*id, program);
    if (found.empty()) return {};
    return Error(ErrorCode::Conflict, fmt::format("process {} ({}) works in data directory {}", found.front().pid,
                                                  found.front().name, directory));
  };
  co_return co_await context.pg.pool.run("looking for processes of the data directory", work, deadline);
}

}  // namespace tamada
