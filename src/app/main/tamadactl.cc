// tamadactl: puts the real terminal, store and REST client behind the commands of ctl/.
#include <signal.h>

#include <clocale>
#include <cstdlib>
#include <filesystem>

#include "ctl/ctl_settings.h"
#include "ctl/program.h"
#include "ctl/rest_client.h"
#include "ctl/system_console.h"
#include "host/operator_terminal.h"
#include "host/settings_files.h"
#include "host/system_clock.h"
#include "net/curl_transport.h"
#include "net/resolver.h"
#include "store/catalogue/store_catalogue.h"

namespace tamada::ctl {
namespace {

struct Environment {
  SystemPrograms programs;
  std::optional<std::string> operator[](const char* name) const { return programs.variable(name); }
};

std::optional<std::string> first_of(std::optional<std::string> a, std::optional<std::string> b) {
  return a ? std::move(a) : std::move(b);
}

LogLevel log_level(const Environment& environment) {
  LogLevel level = LogLevel::Warning;
  for (const char* name : {"LOGLEVEL", "PATRONI_LOGLEVEL", "PATRONI_LOG_LEVEL", "TAMADA_LOG_LEVEL"}) {
    if (const auto word = environment[name]) level = parse_log_level(*word);
  }
  return level;
}

GlobalOptions global_options_of(const Arguments& global, const Environment& environment) {
  GlobalOptions options;
  options.config_file = first_of(global.value("config-file"), environment["PATRONICTL_CONFIG_FILE"]);
  options.dcs_url = first_of(global.value("dcs-url"), first_of(environment["DCS_URL"], environment["DCS"]));
  options.insecure = global.has("insecure");
  return options;
}

// A file that was named has to be there; the default one may be missing.
Result<CtlSettingsResult> load_settings(const GlobalOptions& options, const Environment& environment) {
  std::string path =
      options.config_file.value_or(default_config_file(environment["XDG_CONFIG_HOME"], environment["HOME"]));
  std::error_code ignored;
  if (options.config_file && !std::filesystem::exists(path, ignored)) {
    return Error(ErrorCode::Invalid, "Provided config file " + path +
                                         " not existing or no read rights. Check the -c/--config-file parameter");
  }
  const auto sources = read_local_sources(path, take_settings_variables());
  if (!sources) return sources.error();
  return build_ctl_settings(*sources, options);
}

// The adapters; everything that a store client uses outlives it.
class Wiring {
 public:
  Wiring(Console& console, LogLevel level, const Settings& settings, bool insecure)
      : sink_(console, clock_, level),
        log_(sink_, "tamadactl"),
        resolver_(loop_.executor(), [this] { return clock_.now(); }),
        rest_(loop_.executor(), [this] { return clock_.now(); }, rest_client_settings(settings, insecure), resolver_) {}

  Result<OpenedStore> make_store(Settings settings) {
    settings.name.clear();
    return open_store({loop_.executor(), clock_, resolver_, log_}, settings);
  }

  LocalLoop& loop() { return loop_; }
  SystemClock& clock() { return clock_; }
  SystemRandom& random() { return random_; }
  HttpTransport& rest() { return rest_; }
  const Logger& log() const { return log_; }

 private:
  LocalLoop loop_;
  SystemClock clock_;
  SystemRandom random_;
  ConsoleLog sink_;
  Logger log_;
  SystemResolver resolver_;
  CurlTransport rest_;
};

int run(const std::string& program, const std::vector<std::string>& words) {
  SystemConsole console;
  const Environment environment;
  const ParsedLine line = parse_line(words);
  if (const auto code = answer_without_command(console, program, line)) return *code;

  const GlobalOptions options = global_options_of(line.global, environment);
  const LogLevel level = log_level(environment);
  auto loaded = load_settings(options, environment);
  if (!loaded) return report(console, loaded.error(), line.command->failure_exit);

  Wiring wiring(console, level, loaded->settings, options.insecure);
  for (const std::string& warning : loaded->warnings) wiring.log().warning("{}", warning);
  SystemPrograms programs;
  CommandContext context{.console = console,
                         .loop = wiring.loop(),
                         .clock = wiring.clock(),
                         .random = wiring.random(),
                         .http = wiring.rest(),
                         .programs = programs,
                         .log = wiring.log(),
                         .make_store = [&wiring](const Settings& settings) { return wiring.make_store(settings); },
                         .settings = std::move(loaded->settings),
                         .program = program};
  return run_command(context, line);
}

}  // namespace
}  // namespace tamada::ctl

int main(int argc, char** argv) {
  // Wide characters are measured by the locale; texts stay as they are.
  std::setlocale(LC_CTYPE, "");
  ::signal(SIGPIPE, SIG_IGN);
  tamada::abort_on_interrupt();
  const std::string program = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "tamadactl";
  return tamada::ctl::run(program, std::vector<std::string>(argv + 1, argv + argc));
}
