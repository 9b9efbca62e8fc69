// tamada: the daemon (cli.md 6).
#include <cstdio>
#include <cstring>

#include "app/daemon.h"
#include "base/version.h"
#include "host/init_process.h"

namespace {

constexpr const char* kUsage =
    "usage: tamada [-h] [--version] [configfile]\n"
    "\n"
    "Keeps a PostgreSQL cluster alive: one member of it, together with its PostgreSQL.\n"
    "\n"
    "  configfile            a YAML file, or a directory of *.yml and *.yaml files\n"
    "                        (without it: $PATRONI_CONFIGURATION, or PATRONI_* variables)\n"
    "  -h, --help            show this and end\n"
    "  --version             show the version and end\n"
    "\n"
    "Signals: SIGHUP reloads, SIGTERM and SIGINT stop with PostgreSQL, SIGUSR2 ends the daemon and leaves PostgreSQL\n"
    "and the leader lock to the next start.\n";

}  // namespace

int main(int argc, char** argv) {
  auto reaped = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
  if (std::optional<int> ended = tamada::become_init_if_first_process(reaped)) return *ended;
  tamada::DaemonOptions options;
  for (int i = 1; i < argc; ++i) {
    const char* argument = argv[i];
    if (std::strcmp(argument, "-h") == 0 || std::strcmp(argument, "--help") == 0) {
      std::fputs(kUsage, stdout);
      return 0;
    }
    if (std::strcmp(argument, "--version") == 0) {
      std::printf("tamada %s\n", std::string(tamada::own_version()).c_str());
      return 0;
    }
    if (argument[0] == '-' || options.config_path) {
      std::fprintf(stderr, "tamada: unexpected argument '%s'\n%s", argument, kUsage);
      return 2;
    }
    options.config_path = argument;
  }
  options.variables = tamada::take_settings_variables();
  tamada::QueuedLogSink sink;
  return tamada::run_daemon(std::move(options), sink);
}
