// The local configuration: texts of files and the environment to one document (configuration.md 1.1-1.4). Reads no file
// and no process environment itself: that is host/settings_files.h. Pure, any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tamada {

using SettingsVariables = std::map<std::string, std::string>;

// Dotted path of a value -> where it came from: "/etc/patroni.yml", "environment PATRONI_NAME".
using Origins = std::map<std::string, std::string>;

struct ConfigFile {
  std::string name;
  std::string text;
};

// One document as somebody wrote it, for telling what overrode what.
struct SettingsLayer {
  std::string source;                        // the file, "environment", "dynamic configuration"
  json::object document;                     // nulls included: they remove
  std::map<std::string, std::size_t> lines;  // of keys, in files
  Origins origins;                           // of leaves, in the environment: the variables
};

struct LocalSources {
  bool from_path = false;         // a file or directory was given and exists
  std::vector<ConfigFile> files;  // a directory's in the order of their names; later ones win
  SettingsVariables environment;  // PATRONI_* and TAMADA_* as they were when the process started
};

struct LocalDocument {
  json::object document;
  Origins origins;
  std::vector<std::string> warnings;
  std::vector<SettingsLayer> layers;  // weakest first
};

// Error: Invalid for YAML that cannot be read or holds no mapping. Bad environment values are dropped with a warning.
Result<LocalDocument> load_local_document(const LocalSources& sources);

// Names that are taken out of the process environment, so that children never see them.
bool is_settings_variable(std::string_view name);

// Files of a configuration directory: *.yml and *.yaml.
bool is_config_file_name(std::string_view name);

// Notes the source of every leaf below `value`; what was known below `path` is forgotten first.
void record_origins(Origins& origins, const std::string& path, const json::value& value, const std::string& source);

std::string join_key(std::string_view prefix, std::string_view key);

// Passwords and tokens are never shown. Also what lies below such a key.
bool is_secret_path(std::string_view path);

}  // namespace tamada
