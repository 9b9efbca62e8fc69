// What one piece of work on the data directory needs, and running PostgreSQL's programs for it. A context is copied
// into the coroutine that does the work, so a reload of the settings never changes them half way.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "host/child_process.h"
#include "model/postgres_status.h"
#include "model/settings.h"
#include "ports/clone_progress.h"
#include "postgres/pg_connection.h"

namespace tamada {

// Held by work that changes the directory as a whole, on the thread that does it: when its coroutine was cancelled the
// thread may still be at it, and whoever comes next must wait for it.
struct DirectoryGate {
  std::mutex mutex;
};

struct DataContext {
  PgContext pg;
  std::shared_ptr<DirectoryGate> gate;
  std::shared_ptr<const Settings> settings;
  Logger log;
  std::shared_ptr<CloneProgress> progress = std::make_shared<CloneProgress>();

  const PostgresSettings& postgres() const { return settings->postgresql; }
  const std::string& data_dir() const { return settings->postgresql.data_dir; }
};

struct ToolRun {
  std::string tool;  // "pg_basebackup"; bin_dir and bin_name of the settings apply
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  // on top of ours less libpq's variables
  std::string input;                               // empty = nothing to read
  std::string directory;
  bool writes = false;  // works on the data directory: ended by whoever works there next, should we be killed
};

// A user's script: its output goes where ours goes, it inherits our environment.
struct ScriptRun {
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;  // on top of ours
  bool writes = false;                             // as in ToolRun
};

// Runs `work` on the pool, alone on the data directory. `work` looks at its flag now and then and gives up when it is
// set: nobody waits for it any more.
using DirectoryWork = std::function<Result<void>(const std::atomic<bool>& abandoned)>;
Task<Result<void>> run_on_directory(DataContext context, std::string what, DirectoryWork work, Instant deadline);

// "/usr/lib/postgresql/15/bin/pg_rewind", or the bare name when PATH decides.
std::string tool_path(const PostgresSettings& settings, const std::string& tool);

// Runs a program of PostgreSQL with its output captured. Errors as run_child.
Task<Result<ChildExit>> run_tool(DataContext context, ToolRun run, Instant deadline);
// Cancelled it gets SIGTERM and 10 s.
Task<Result<ChildExit>> run_script_program(DataContext context, ScriptRun run, Instant deadline);

// Writes the password file for a target; the environment that points to it, empty without a password
// (configuration.md 4.8).
Task<Result<std::map<std::string, std::string>>> write_pgpass(DataContext context, ConnectTarget target,
                                                              Credentials credentials, Instant deadline);

// pg_control of the data directory, read directly or through pg_controldata.
Task<Result<ControlData>> read_control(DataContext context, Instant deadline);

// Where the server's configuration file is.
std::string config_file_path(const PostgresSettings& settings);
// `postgres -C <name>`: what a stopped server's configuration says.
Task<Result<std::string>> configured_value(DataContext context, std::string name, Instant deadline);

// Before work on the data directory: programs and scripts that we started on it and that still run (their daemon was
// killed, or they left somebody behind) are killed with what descends from them. Then Conflict when anybody else works
// in it.
Task<Result<void>> require_alone(DataContext context, Instant deadline);

}  // namespace tamada
