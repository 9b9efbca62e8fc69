// Log lines in the format strings that Python's logging takes: %(asctime)s %(levelname)s: %(message)s
// (configuration.md 5.1, 5.5). Parsed once, rendered for each record. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/log.h"
#include "base/time.h"

namespace tamada {

struct LogRecord {
  WallTime time{};
  WallTime started{};  // of the program, for relativeCreated
  LogLevel level = LogLevel::Info;
  std::string component;
  std::string text;
  int process = 0;
  std::uint64_t thread = 0;
};

inline constexpr std::string_view kDefaultLogFormat = "%(asctime)s %(levelname)s: %(message)s";

std::string_view level_name(LogLevel level);
int level_number(LogLevel level);  // 10, 20, 30, 40, 50

// Local time with ",mmm"; with a date format exactly what strftime gives.
std::string format_log_time(WallTime time, const std::string& date_format);

class LogFormat {
 public:
  LogFormat();  // the default line
  // Error Invalid for an unknown field or a broken pattern.
  static Result<LogFormat> plain(std::string_view pattern, std::string date_format);
  // One JSON object for each record. `format`: a pattern, or a list of names and {name: shown as}; anything else is an
  // error, and so are unknown names.
  static Result<LogFormat> as_json(const json::value& format, std::string date_format, json::object static_fields);

  std::string render(const LogRecord& record) const;  // without a newline at the end

 private:
  struct Piece {
    std::string literal;  // before the field
    std::string field;    // empty = only the literal
    std::string flags;
    int width = 0;
    int precision = -1;
    char type = 's';
    std::string shown_as;  // JSON: key in the object
  };
  static Result<std::vector<Piece>> parse(std::string_view pattern);
  std::string render_json(const LogRecord& record) const;

  std::vector<Piece> pieces_;
  std::string date_format_;
  bool json_ = false;
  json::object static_fields_;
};

}  // namespace tamada
