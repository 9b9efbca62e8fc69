#include "app/validate_command.h"

#include <cstdio>

#include "base/yaml.h"
#include "host/settings_probe.h"
#include "model/settings_validate.h"

namespace tamada {

namespace {

int refuse(const Error& error) {
  std::fprintf(stderr, "%s\n", error.text().c_str());
  return 1;
}

}  // namespace

int run_validate(ValidateCommand command) {
  Result<LocalSources> sources = read_local_sources(command.config_path, command.variables);
  if (!sources) return refuse(sources.error());
  Result<LocalDocument> local = load_local_document(*sources);
  if (!local) return refuse(local.error());
  for (const std::string& warning : local->warnings) std::fprintf(stderr, "%s\n", warning.c_str());
  ValidationOptions options;
  options.ignore_listen_port = command.ignore_listen_port;
  const auto problems = validate_config(local->document, options, machine_probe());
  for (const ConfigProblem& problem : problems) std::fprintf(stderr, "%s\n", problem.line().c_str());
  if (!problems.empty()) return 1;
  if (command.print) std::fputs(to_yaml(json::value(local->document)).c_str(), stdout);
  return 0;
}

}  // namespace tamada
