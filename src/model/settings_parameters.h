// postgresql.parameters from both documents, with the parameters that the daemon controls (configuration.md 1.9). What
// depends on the server's version is done when the file is written. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "model/settings_load.h"

namespace tamada {

struct ParameterSources {
  const json::object& local;  // whole documents
  const json::object& dynamic;
  const Origins& local_origins;
  std::string dynamic_source;
  std::string listen_addresses;
  int port = 5432;
  std::string cluster_name;
};

// Names as spelled, compared case-insensitively; values as text. Notes the origins below postgresql.parameters.
// `notes`: why a value that somebody gave is not in force, by the path of the parameter.
std::map<std::string, std::string> build_parameters(const ParameterSources& sources, Origins& origins,
                                                    std::map<std::string, std::string>& notes,
                                                    std::vector<std::string>& warnings);

// What a controlled parameter is when nobody sets it; empty for all others.
std::string_view parameter_default(std::string_view name);

// True for the names that the local configuration cannot set.
bool is_controlled_parameter(std::string_view name);

}  // namespace tamada
