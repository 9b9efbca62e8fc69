#include "host/log_format.h"

#include <time.h>

#include <charconv>
#include <cstdio>
#include <optional>
#include <variant>

#include <fmt/format.h>
#include <boost/json/value_from.hpp>

namespace tamada {

namespace {

using FieldValue = std::variant<std::string, std::int64_t, double>;

double seconds_of(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

std::int64_t milliseconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count() % 1000;
}

// nullopt = no such field. Fields about the place in the source stay empty: our records do not carry it.
std::optional<FieldValue> field_value(std::string_view field, const LogRecord& r, const std::string& date_format) {
  if (field == "message") return r.text;
  if (field == "asctime") return format_log_time(r.time, date_format);
  if (field == "levelname") return std::string(level_name(r.level));
  if (field == "levelno") return std::int64_t{level_number(r.level)};
  if (field == "name") return r.component.empty() || r.component == "tamada" ? "tamada" : "tamada." + r.component;
  if (field == "module") return r.component;
  if (field == "filename" || field == "pathname" || field == "funcName") return std::string();
  if (field == "lineno") return std::int64_t{0};
  if (field == "created") return seconds_of(r.time);
  if (field == "msecs") return std::int64_t{milliseconds_of(r.time)};
  if (field == "relativeCreated") return (seconds_of(r.time) - seconds_of(r.started)) * 1000.0;
  if (field == "process") return std::int64_t{r.process};
  if (field == "processName") return std::string("MainProcess");
  if (field == "thread") return static_cast<std::int64_t>(r.thread);
  if (field == "threadName") return std::string("MainThread");
  return std::nullopt;
}

bool is_known_field(std::string_view field) {
  return field_value(field, LogRecord{}, {}).has_value();
}

std::string as_text(const FieldValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *number);
  return fmt::format("{}", std::get<double>(value));
}

double as_double(const FieldValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return static_cast<double>(*number);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return 0.0;
}

std::string pad(std::string text, int width, bool left) {
  const auto wanted = static_cast<std::size_t>(width);
  if (text.size() >= wanted) return text;
  const std::string blanks(wanted - text.size(), ' ');
  return left ? text + blanks : blanks + text;
}

template <class T>
std::string print(const std::string& flags, int width, int precision, const char* type, T value) {
  // Every part was checked by the parser: flags are of "-+ #0", the type is fixed by the caller.
  std::string pattern = "%" + flags + std::to_string(width);
  if (precision >= 0) pattern += "." + std::to_string(precision);
  pattern += type;
  char buffer[512];
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
  const int n = std::snprintf(buffer, sizeof buffer, pattern.c_str(), value);
#pragma clang diagnostic pop
  return n < 0 ? std::string()
               : std::string(buffer, std::min<std::size_t>(static_cast<std::size_t>(n), sizeof buffer - 1));
}

bool is_flag(char c) {
  return c == '-' || c == '+' || c == ' ' || c == '#' || c == '0';
}

}  // namespace

std::string_view level_name(LogLevel level) {
  constexpr std::string_view kNames[] = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"};
  return kNames[static_cast<std::size_t>(level)];
}

int level_number(LogLevel level) {
  return (static_cast<int>(level) + 1) * 10;
}

std::string format_log_time(WallTime time, const std::string& date_format) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
  std::tm local{};
  ::localtime_r(&seconds, &local);
  char buffer[256];
  const std::size_t n =
      std::strftime(buffer, sizeof buffer, date_format.empty() ? "%Y-%m-%d %H:%M:%S" : date_format.c_str(), &local);
  std::string text(buffer, n);
  return date_format.empty() ? fmt::format("{},{:03}", text, milliseconds_of(time)) : text;
}

LogFormat::LogFormat() : pieces_(*parse(kDefaultLogFormat)) {}

Result<std::vector<LogFormat::Piece>> LogFormat::parse(std::string_view pattern) {
  std::vector<Piece> pieces;
  Piece piece;
  const auto bad = [&](std::string_view why) {
    return Error(ErrorCode::Invalid, fmt::format("log format '{}' {}", pattern, why));
  };
  for (std::size_t i = 0; i < pattern.size();) {
    if (pattern[i] != '%') {
      piece.literal += pattern[i++];
      continue;
    }
    if (pattern.substr(i).starts_with("%%")) {
      piece.literal += '%';
      i += 2;
      continue;
    }
    const auto close = pattern.find(')', i);
    if (i + 1 >= pattern.size() || pattern[i + 1] != '(' || close == std::string_view::npos)
      return bad("has a % without a field name");
    piece.field = pattern.substr(i + 2, close - i - 2);
    if (!is_known_field(piece.field)) return bad(fmt::format("names the unknown field '{}'", piece.field));
    i = close + 1;
    while (i < pattern.size() && is_flag(pattern[i])) piece.flags += pattern[i++];
    const auto read_number = [&](int& number) {
      auto [stop, error] = std::from_chars(pattern.data() + i, pattern.data() + pattern.size(), number);
      i = static_cast<std::size_t>(stop - pattern.data());
      return error == std::errc() && number <= 256;
    };
    if (i < pattern.size() && pattern[i] >= '1' && pattern[i] <= '9' && !read_number(piece.width))
      return bad("is too wide");
    if (i < pattern.size() && pattern[i] == '.') {
      ++i;
      piece.precision = 0;
      if (i < pattern.size() && pattern[i] >= '0' && pattern[i] <= '9' && !read_number(piece.precision))
        return bad("is too wide");
    }
    if (i >= pattern.size() || std::string_view("srdiufFeEgGxX").find(pattern[i]) == std::string_view::npos)
      return bad("has a field without a conversion such as s or d");
    piece.type = pattern[i++];
    pieces.push_back(std::exchange(piece, Piece{}));
  }
  if (!piece.literal.empty()) pieces.push_back(std::move(piece));
  return pieces;
}

Result<LogFormat> LogFormat::plain(std::string_view pattern, std::string date_format) {
  auto pieces = parse(pattern);
  if (!pieces) return pieces.error();
  LogFormat format;
  format.pieces_ = std::move(*pieces);
  format.date_format_ = std::move(date_format);
  return format;
}

Result<LogFormat> LogFormat::as_json(const json::value& description, std::string date_format,
                                     json::object static_fields) {
  LogFormat format;
  format.json_ = true;
  format.date_format_ = std::move(date_format);
  format.static_fields_ = std::move(static_fields);
  if (description.is_string() || description.is_null()) {
    auto pieces = parse(description.is_null() ? kDefaultLogFormat : std::string_view(description.as_string()));
    if (!pieces) return pieces.error();
    format.pieces_ = std::move(*pieces);
    std::erase_if(format.pieces_, [](const Piece& piece) { return piece.field.empty(); });
    for (Piece& piece : format.pieces_) piece.shown_as = piece.field;
    return format;
  }
  const Error wrong(ErrorCode::Invalid, "log.format is neither a text nor a list of field names");
  if (!description.is_array()) return wrong;
  format.pieces_.clear();
  const auto add = [&](std::string_view field, std::string_view shown_as) {
    Piece piece;
    piece.field = field;
    piece.shown_as = shown_as;
    format.pieces_.push_back(std::move(piece));
    return is_known_field(field);
  };
  for (const json::value& item : description.as_array()) {
    bool known = true;
    if (item.is_string()) {
      known = add(item.as_string(), item.as_string());
    } else if (item.is_object()) {
      for (const auto& [field, shown_as] : item.as_object())
        known = known && shown_as.is_string() && add(field, shown_as.as_string());
    } else {
      return wrong;
    }
    if (!known)
      return Error(ErrorCode::Invalid, "log.format names an unknown field: " + to_json(item, JsonStyle::Compact));
  }
  return format;
}

std::string LogFormat::render_json(const LogRecord& record) const {
  json::object object;
  for (const Piece& piece : pieces_) {
    const FieldValue value = *field_value(piece.field, record, date_format_);
    std::visit([&](const auto& v) { object[piece.shown_as] = json::value_from(v); }, value);
  }
  for (const auto& [key, value] : static_fields_) object[key] = value;
  return to_json(object, JsonStyle::Spaced);
}

std::string LogFormat::render(const LogRecord& record) const {
  if (json_) return render_json(record);
  std::string line;
  for (const Piece& piece : pieces_) {
    line += piece.literal;
    if (piece.field.empty()) continue;
    const FieldValue value = *field_value(piece.field, record, date_format_);
    const bool left = piece.flags.find('-') != std::string::npos;
    if (piece.type == 's' || piece.type == 'r' || std::holds_alternative<std::string>(value)) {
      std::string text = as_text(value);
      if (piece.type == 'r' && std::holds_alternative<std::string>(value)) text = "'" + text + "'";
      if (piece.precision >= 0)
        text.resize(std::min<std::size_t>(text.size(), static_cast<std::size_t>(piece.precision)));
      line += pad(std::move(text), piece.width, left);
    } else if (std::string_view("fFeEgG").find(piece.type) != std::string_view::npos) {
      const char type[] = {piece.type, 0};
      line += print(piece.flags, piece.width, piece.precision, type, as_double(value));
    } else {
      const char type[] = {'l', 'l', piece.type == 'x' || piece.type == 'X' ? piece.type : 'd', 0};
      line += print(piece.flags, piece.width, piece.precision, type, static_cast<long long>(as_double(value)));
    }
  }
  return line;
}

}  // namespace tamada
