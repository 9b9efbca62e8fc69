// The daemon, put together: the one place that names concrete adapters. Everything of it lives on the calling thread,
// but for the API's thread, the log's writer and the pool for blocking work.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/log_sink.h"
#include "host/settings_files.h"

namespace tamada {

struct DaemonOptions {
  std::optional<std::string> config_path;
  SettingsVariables variables;
  std::vector<std::string> ignored_libpq_variables;  // names only
};

// Runs until a signal or a decision ends it; the exit code (cli.md 6.4). The log sink outlives the call.
int run_daemon(DaemonOptions options, QueuedLogSink& sink);

}  // namespace tamada
