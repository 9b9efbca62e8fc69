// Documents to the effective settings (configuration.md 1.7-1.9, 3). One bad value never voids the rest: it gives a
// warning and its default, or the nearest limit. Pure, any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/settings.h"
#include "model/settings_load.h"

namespace tamada {

struct BuildInput {
  json::object local;
  Origins local_origins;
  json::object dynamic;
  std::string dynamic_source = "dynamic configuration";
  // A Patroni member is in the cluster: its minima for ttl and retry_timeout hold, so that all count alike.
  bool peer_minima = false;
  // What is in force: an address that cannot be used is replaced by the one before.
  const Settings* previous = nullptr;
};

struct BuiltSettings {
  Settings settings;
  std::vector<std::string> warnings;
  Origins origins;  // of every effective value; "default" and "forced" are sources too
  // For model/settings_origins.h: what the documents merged to, values in force that are not what it says, and why.
  json::object document;
  std::map<std::string, json::value> values;
  std::map<std::string, std::string> notes;
};

// Error: Unsupported for sections that are refused with a hint (citus, raft), Invalid for an empty configuration.
Result<BuiltSettings> build_settings(const BuildInput& input);

// What a daemon cannot do without: name, scope, listen addresses, data directory, a store that is served.
Result<void> check_daemon_settings(const Settings& settings);

// Corrects ttl, loop_wait and retry_timeout so that loop_wait + 2 * retry_timeout <= ttl, each at least its minimum.
void correct_timing(DynamicSettings& dynamic, bool peer_minima, std::vector<std::string>& warnings);

}  // namespace tamada
