// tamada: the daemon (cli.md 6).
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/daemon.h"
#include "app/generate_command.h"
#include "app/validate_command.h"
#include "base/version.h"
#include "host/environment.h"
#include "host/init_process.h"
#include "postgres/libpq_environment.h"

namespace {

constexpr const char* kUsage =
    "usage: tamada [-h] [--version] [--validate-config [-i] [-p]] [configfile]\n"
    "       tamada --generate-config [--dsn DSN] [configfile]\n"
    "       tamada --generate-sample-config [configfile]\n"
    "\n"
    "Keeps a PostgreSQL cluster alive: one member of it, together with its PostgreSQL.\n"
    "\n"
    "  configfile                a YAML file, or a directory of *.yml and *.yaml files\n"
    "                            (without it: $PATRONI_CONFIGURATION, or PATRONI_* variables)\n"
    "  -h, --help                show this and end\n"
    "  --version                 show the version and end\n"
    "  --validate-config         check the configuration, print a line for each problem, and end: 0 valid, 1 not\n"
    "  -i, --ignore-listen-port  with --validate-config: a port in use is no problem\n"
    "  -p, --print               with --validate-config: print the merged configuration when it is valid\n"
    "  --generate-config         write a configuration for the PostgreSQL that runs here, and end\n"
    "  --dsn DSN                 with --generate-config: how to reach it as a superuser\n"
    "  --generate-sample-config  write a sample configuration, and end\n"
    "\n"
    "Signals: SIGHUP reloads, SIGTERM and SIGINT stop with PostgreSQL, SIGUSR2 ends the daemon and leaves PostgreSQL\n"
    "and the leader lock to the next start.\n";

struct Arguments {
  std::optional<std::string> config_path;
  bool help = false;
  bool version = false;
  bool validate = false;
  bool ignore_listen_port = false;
  bool print = false;
  bool generate = false;
  bool generate_sample = false;
  std::optional<std::string> dsn;
  std::string wrong;  // the argument that was not understood
};

Arguments parse(const std::vector<std::string>& words) {
  Arguments a;
  const std::map<std::string, bool Arguments::*> flags = {{"-h", &Arguments::help},
                                                          {"--help", &Arguments::help},
                                                          {"--version", &Arguments::version},
                                                          {"--validate-config", &Arguments::validate},
                                                          {"-i", &Arguments::ignore_listen_port},
                                                          {"--ignore-listen-port", &Arguments::ignore_listen_port},
                                                          {"-p", &Arguments::print},
                                                          {"--print", &Arguments::print},
                                                          {"--generate-config", &Arguments::generate},
                                                          {"--generate-sample-config", &Arguments::generate_sample}};
  for (auto next = words.begin(); next != words.end(); ++next) {
    const std::string& word = *next;
    if (word == "--dsn" && next + 1 != words.end()) {
      a.dsn = *++next;
    } else if (word.starts_with("--dsn=")) {
      a.dsn = word.substr(6);
    } else if (auto flag = flags.find(word); flag != flags.end()) {
      a.*flag->second = true;
    } else if (word.starts_with("-") || a.config_path) {
      a.wrong = word;
    } else {
      a.config_path = word;
    }
  }
  if (a.wrong.empty() && !a.validate && (a.ignore_listen_port || a.print)) {
    a.wrong = a.print ? "--print" : "--ignore-listen-port";
  }
  if (a.wrong.empty() && a.dsn && !a.generate) a.wrong = "--dsn";
  if (a.wrong.empty() && a.validate + a.generate + a.generate_sample > 1) {
    a.wrong = a.generate_sample ? "--generate-sample-config" : "--generate-config";
  }
  return a;
}

}  // namespace

int main(int argc, char** argv) {
  auto reaped = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
  if (std::optional<int> ended = tamada::become_init_if_first_process(reaped)) return *ended;
  const Arguments arguments = parse({argv + 1, argv + argc});
  if (arguments.help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (!arguments.wrong.empty()) {
    std::fprintf(stderr, "tamada: unexpected argument '%s'\n%s", arguments.wrong.c_str(), kUsage);
    return 2;
  }
  if (arguments.version) {
    std::printf("tamada %s\n", std::string(tamada::own_version()).c_str());
    return 0;
  }
  if (arguments.generate || arguments.generate_sample) {
    return tamada::run_generate(
        {.sample = arguments.generate_sample, .dsn = arguments.dsn.value_or(""), .path = arguments.config_path});
  }
  tamada::SettingsVariables variables = tamada::take_settings_variables();
  tamada::keep_environment();  // scripts and PostgreSQL are still to get what is taken out here
  std::vector<std::string> ignored = tamada::isolate_from_libpq_environment();
  if (arguments.validate) {
    return tamada::run_validate({.config_path = arguments.config_path,
                                 .variables = std::move(variables),
                                 .ignore_listen_port = arguments.ignore_listen_port,
                                 .print = arguments.print});
  }
  tamada::QueuedLogSink sink;
  return tamada::run_daemon({.config_path = arguments.config_path,
                             .variables = std::move(variables),
                             .ignored_libpq_variables = std::move(ignored)},
                            sink);
}
