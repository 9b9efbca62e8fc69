// tamada --validate-config: every problem of the local configuration on a line of its own (configuration.md 6.2).
#pragma once

#include <optional>
#include <string>

#include "host/settings_files.h"

namespace tamada {

struct ValidateCommand {
  std::optional<std::string> config_path;
  SettingsVariables variables;
  bool ignore_listen_port = false;  // ports in use are no problem
  bool print = false;               // the merged local configuration, when it is valid
};

// The exit code: 0 valid, 1 not.
int run_validate(ValidateCommand command);

}  // namespace tamada
