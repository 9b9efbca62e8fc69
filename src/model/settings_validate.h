// --validate-config: all problems of a local configuration, each with path, value and what is wrong
// (configuration.md 6.2, 6.3). Types and ranges come from the settings table. Stricter than the daemon, which goes on
// with a default. Pure but for the probe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace tamada {

struct ConfigProblem {
  std::string path;
  std::string value;  // as text; empty when it is missing
  std::string text;   // "is not a string", "didn't pass validation: ..."

  // "<path> <value> <text>", two spaces when there is no value
  std::string line() const;
};

// Questions to this machine and its network; an empty function skips the checks that need it.
struct ValidationProbe {
  std::function<bool(const std::string& host, int port)> connects;  // somebody accepts connections there
  std::function<bool(const std::string& path)> exists;
  std::function<bool(const std::string& path)> is_directory;
  std::function<bool(const std::string& path)> is_empty_directory;
  std::function<std::optional<std::string>(const std::string& path)> read;
  // The program in the directory, or in PATH when the directory is empty.
  std::function<bool(const std::string& directory, const std::string& program)> has_program;
  // Major version text of the postgres program: "15", "9.6".
  std::function<std::optional<std::string>(const std::string& directory, const std::string& program)> server_version;
};

struct ValidationOptions {
  bool ignore_listen_port = false;  // do not complain about ports in use
};

// `local` is the merged document of files and environment.
std::vector<ConfigProblem> validate_config(const json::object& local, const ValidationOptions& options,
                                           const ValidationProbe& probe);

}  // namespace tamada
