// Which ways of building a replica are tried, in order, and how each is called (ha_behaviour.md 6.2, 6.3). Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/settings.h"
#include "ports/postgres.h"

namespace tamada {

struct ReplicaMethod {
  std::string name;
  bool basebackup = false;           // the built-in one; `command` is empty
  bool keep_data = false;            // the directory is left as it is, before and after a failure
  bool needs_source = true;          // false: no_leader or no_master
  std::vector<std::string> command;  // program and its arguments
};

struct ReplicaMethods {
  std::vector<ReplicaMethod> usable;
  std::vector<std::string> problems;  // one sentence for each method that was left out
};

// In a standby cluster its own list counts. `connstring` goes to the scripts; empty without a source.
ReplicaMethods plan_replica_methods(const Settings& settings, bool has_source, bool only_basebackup,
                                    const std::string& connstring);

// A script with `--key=value` for each scalar of its section but those in `dropped`, for bootstrap methods too.
std::vector<std::string> section_arguments(const json::object& section, const std::vector<std::string>& dropped);

}  // namespace tamada
