// tamada --generate-config and --generate-sample-config (configuration.md 6.1).
#pragma once

#include <optional>
#include <string>

namespace tamada {

struct GenerateCommand {
  bool sample = false;              // else from the PostgreSQL that runs here
  std::string dsn;                  // how to reach it; libpq's PG* variables for the rest
  std::optional<std::string> path;  // else to standard output. An existing file is left alone
};

// The exit code: 0 done, 1 not.
int run_generate(const GenerateCommand& command);

}  // namespace tamada
