#include "ctl/system_console.h"

#include <unistd.h>

#include <cstdlib>

#include <fmt/format.h>

#include "base/text.h"
#include "ctl/command_context.h"
#include "host/files.h"
#include "host/operator_terminal.h"

namespace tamada::ctl {

namespace {

std::string_view level_word(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return "DEBUG";
    case LogLevel::Info:
      return "INFO";
    case LogLevel::Warning:
      return "WARNING";
    case LogLevel::Error:
      return "ERROR";
    case LogLevel::Critical:
      return "CRITICAL";
  }
  return "WARNING";
}

// Removes the file at the end of its scope, whatever happened to it.
class Removed {
 public:
  explicit Removed(std::string path) : path_(std::move(path)) {}
  ~Removed() { ::unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

void SystemConsole::out(std::string_view text) {
  write_all(STDOUT_FILENO, text);
}

void SystemConsole::err(std::string_view text) {
  write_all(STDERR_FILENO, text);
}

bool SystemConsole::out_is_terminal() const {
  return is_terminal(STDOUT_FILENO);
}

std::optional<std::string> SystemConsole::read_line() {
  return read_input_line(false);
}

std::optional<std::string> SystemConsole::read_hidden_line() {
  return read_input_line(true);
}

std::string SystemConsole::read_all() {
  return read_input_to_end();
}

std::optional<std::string> SystemPrograms::variable(const std::string& name) const {
  const char* value = std::getenv(name.c_str());
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

Result<std::string> SystemPrograms::read_file(const std::string& path) const {
  return tamada::read_file(path);
}

std::optional<std::string> SystemPrograms::find(const std::string& name) const {
  return find_program(name);
}

Result<int> SystemPrograms::run(const std::vector<std::string>& command, const std::optional<std::string>& input) {
  return run_on_terminal(command, input);
}

Result<std::string> SystemPrograms::edit(const std::string& editor, const std::string& name_prefix,
                                         const std::string& text) {
  const auto path = write_private_file(variable("TMPDIR").value_or("/tmp"), name_prefix, ".yaml", text);
  if (!path) return path.error();
  const Removed file(*path);
  const auto code = run_on_terminal({editor, file.path()}, std::nullopt);
  if (!code) return code.error();
  if (*code != 0) return Error(ErrorCode::Failed, fmt::format("Editor exited with return code {}", *code));
  return tamada::read_file(file.path());
}

void ConsoleLog::write(LogLevel level, std::string_view /*component*/, std::string text) {
  const WallTime now = clock_.wall_now();
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  console_.err(fmt::format("{},{:03} - {} - {}\n", local_time_text(now, false), millis, level_word(level), text));
}

LogLevel parse_log_level(std::string_view word) {
  for (const LogLevel level : {LogLevel::Debug, LogLevel::Info, LogLevel::Error, LogLevel::Critical}) {
    if (equal_ignoring_case(word, level_word(level))) return level;
  }
  return LogLevel::Warning;
}

}  // namespace tamada::ctl
