// The real terminal behind the commands, its programs, and the log lines on stderr.
#pragma once

#include "base/log.h"
#include "ctl/console.h"
#include "ctl/programs.h"
#include "ports/clock.h"

namespace tamada::ctl {

class SystemConsole final : public Console {
 public:
  void out(std::string_view text) override;
  void err(std::string_view text) override;
  bool out_is_terminal() const override;
  std::optional<std::string> read_line() override;
  std::optional<std::string> read_hidden_line() override;
  std::string read_all() override;
};

class SystemPrograms final : public Programs {
 public:
  std::optional<std::string> variable(const std::string& name) const override;
  Result<std::string> read_file(const std::string& path) const override;
  std::optional<std::string> find(const std::string& name) const override;
  Result<int> run(const std::vector<std::string>& command, const std::optional<std::string>& input) override;
  Result<std::string> edit(const std::string& editor, const std::string& name_prefix, const std::string& text) override;
};

// "2026-11-23 05:13:10,123 - WARNING - text" on stderr, from a level on.
class ConsoleLog final : public LogSink {
 public:
  ConsoleLog(Console& console, const Clock& clock, LogLevel least) : console_(console), clock_(clock), least_(least) {}
  bool enabled(LogLevel level, std::string_view) const override { return level >= least_; }
  void write(LogLevel level, std::string_view component, std::string text) override;

 private:
  Console& console_;
  const Clock& clock_;
  LogLevel least_;
};

// DEBUG, INFO, WARNING, ERROR, CRITICAL in any case; Warning for anything else.
LogLevel parse_log_level(std::string_view word);

}  // namespace tamada::ctl
