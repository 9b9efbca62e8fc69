// The settings of the command line: where its file is, and what the global options put over it (cli.md 2). A daemon's
// full file works, and so does one with nothing but scope and store.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/settings.h"
#include "model/settings_load.h"

namespace tamada::ctl {

struct GlobalOptions {
  std::optional<std::string> config_file;
  std::optional<std::string> dcs_url;
  bool insecure = false;
};

struct CtlSettingsResult {
  Settings settings;
  std::vector<std::string> warnings;
};

// The default file, as patronictl's users have it: <config home>/patroni/patronictl.yaml.
std::string default_config_file(const std::optional<std::string>& config_home, const std::optional<std::string>& home);

// Documents to settings. Pure.
Result<CtlSettingsResult> build_ctl_settings(const LocalSources& sources, const GlobalOptions& options);

}  // namespace tamada::ctl
