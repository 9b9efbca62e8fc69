// A member's configuration as a start: for a PostgreSQL that runs already, or as a sample (C3). What nobody but the
// operator knows is "#FIXME ...", which no validation lets through where it matters. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace tamada {

struct Machine {
  std::string host_name;
  std::string address;  // under which the other members reach it
};

struct InstanceSetting {
  std::string name;
  std::string value;  // as SHOW tells it
};

struct RunningInstance {
  // Everything that was set in a file or on the command line, and what the configuration needs besides.
  std::vector<InstanceSetting> settings;
  std::vector<std::string> hba;  // lines that are neither empty nor comments
  std::vector<std::string> ident;
  std::string superuser;
  std::string password;  // of the superuser; empty = not known
  std::string bin_dir;   // empty = not known
};

json::object sample_config(const Machine& machine);
json::object config_of(const RunningInstance& instance, const Machine& machine);

// Without empty lines and comments.
std::vector<std::string> meaningful_lines(std::string_view text);

}  // namespace tamada
