// Which parameters a server of a version gets, from the settings: what is the file's, what is the command line's, what
// is raised for a standby (configuration.md 1.9, ha_behaviour.md 9.5). Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/postgres_status.h"
#include "model/settings.h"

namespace tamada {

// Parameters by the spelling the user chose. At most one spelling of a name.
using GucMap = std::map<std::string, std::string>;

// Finds a name in any spelling; nullptr when absent.
const std::string* find_guc(const GucMap& map, std::string_view name);
// Sets a name, removing other spellings of it.
void set_guc(GucMap& map, const std::string& name, std::string value);
void erase_guc(GucMap& map, std::string_view name);

struct ParameterRequest {
  int version = 0;  // of the data directory; 0 = unknown, everything is kept
  // Set for a start as standby: values that may not be lower than these.
  std::optional<ControlData> standby_of;
  std::optional<std::string> synchronous_standby_names;  // what the resolver set last
  bool custom_bootstrap = false;                         // archiving off, recovery_conf of the bootstrap in charge
  // Left out (nullopt) or replaced: what this PostgreSQL refused (config_check.h).
  std::map<std::string, std::optional<std::string>> corrections;
  std::string bootstrap_target_action;  // recovery_target_action of that recovery_conf
};

struct ServerParameters {
  GucMap file;  // part 3 of postgresql.conf
  std::vector<std::pair<std::string, std::string>> command_line;
  GucMap recovery;  // recovery settings that stood in `parameters`
  // Raised over what is configured: name -> {configured, used}; a restart with the configured value is pending.
  std::map<std::string, std::pair<std::string, std::string>> raised;
};

ServerParameters server_parameters(const Settings& settings, const ParameterRequest& request);

}  // namespace tamada
