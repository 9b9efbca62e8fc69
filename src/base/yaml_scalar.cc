#include "base/yaml_scalar.h"

#include <array>
#include <charconv>
#include <chrono>
#include <limits>

#include <fmt/format.h>

#include "base/text.h"
#include "base/utf8.h"

namespace tamada::yaml {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_digit_or_underscore(char c) {
  return is_digit(c) || c == '_';
}

// A hand-written matcher: each step consumes what its pattern matches.
class Matcher {
 public:
  explicit Matcher(std::string_view text) : text_(text) {}

  bool end() const { return text_.empty(); }
  char peek() const { return text_.empty() ? '\0' : text_.front(); }
  bool one(char c) { return when(!text_.empty() && text_.front() == c, 1); }
  bool one_of(std::string_view set) { return when(!text_.empty() && set.find(text_.front()) != set.npos, 1); }
  bool word(std::string_view w) { return when(text_.starts_with(w), w.size()); }
  template <class Predicate>
  std::size_t many(Predicate predicate) {
    std::size_t n = 0;
    while (n < text_.size() && predicate(text_[n])) ++n;
    text_.remove_prefix(n);
    return n;
  }
  // Between `least` and `most` digits, as many as there are.
  std::optional<int> digits(std::size_t least, std::size_t most) {
    std::size_t n = 0;
    int value = 0;
    while (n < most && n < text_.size() && is_digit(text_[n])) value = value * 10 + (text_[n++] - '0');
    if (n < least) return std::nullopt;
    text_.remove_prefix(n);
    return value;
  }
  std::string_view rest() const { return text_; }

 private:
  bool when(bool matches, std::size_t size) {
    if (matches) text_.remove_prefix(size);
    return matches;
  }
  std::string_view text_;
};

bool is_bool(std::string_view text) {
  constexpr std::array kWords{"yes",   "Yes",   "YES",   "no", "No", "NO", "true", "True", "TRUE",
                              "false", "False", "FALSE", "on", "On", "ON", "off",  "Off",  "OFF"};
  for (const char* word : kWords) {
    if (text == word) return true;
  }
  return false;
}

bool is_null(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

// (:[0-5]?[0-9])+ up to the end or the character in `stop`.
bool sexagesimal_tail(Matcher& m, char stop) {
  bool any = false;
  while (m.one(':')) {
    if (!m.digits(1, 2)) return false;
    if (!m.end() && m.peek() != ':' && m.peek() != stop) return false;
    any = true;
  }
  return any;
}

// Each group after the first is below 60, with one or two digits.
bool groups_below_sixty(std::string_view text) {
  const auto parts = split(text, ':');
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].size() == 2 && parts[i][0] > '5') return false;
  }
  return true;
}

bool is_int(std::string_view text) {
  Matcher m(text);
  m.one_of("+-");
  if (m.word("0b")) return m.many([](char c) { return c == '0' || c == '1' || c == '_'; }) > 0 && m.end();
  if (m.word("0x")) {
    const auto hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '_'; };
    return m.many(hex) > 0 && m.end();
  }
  if (m.one('0')) {
    m.many([](char c) { return (c >= '0' && c <= '7') || c == '_'; });
    return m.end();
  }
  if (!is_digit(m.peek())) return false;
  m.many(is_digit_or_underscore);
  if (m.end()) return true;
  const std::string_view tail = m.rest();
  return sexagesimal_tail(m, '\0') && m.end() && groups_below_sixty(tail);
}

bool exponent_or_end(Matcher& m) {
  if (m.end()) return true;
  if (!m.one_of("eE") || !m.one_of("+-")) return false;
  return m.many(is_digit) > 0 && m.end();
}

bool is_float(std::string_view text) {
  Matcher m(text);
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return true;
  if (m.peek() == '.' && text.size() > 1 && is_digit(text[1])) {
    m.one('.');
    m.many(is_digit_or_underscore);
    return exponent_or_end(m);
  }
  m.one_of("+-");
  if (m.rest() == ".inf" || m.rest() == ".Inf" || m.rest() == ".INF") return true;
  if (!is_digit(m.peek())) return false;
  m.many(is_digit_or_underscore);
  if (m.peek() == ':') {
    const std::string_view tail = m.rest().substr(0, m.rest().find('.'));
    if (!sexagesimal_tail(m, '.') || !groups_below_sixty(tail) || !m.one('.')) return false;
    m.many(is_digit_or_underscore);
    return m.end();
  }
  if (!m.one('.')) return false;
  m.many(is_digit_or_underscore);
  return exponent_or_end(m);
}

struct Timestamp {
  int year = 0, month = 0, day = 0;
  bool has_clock = false;
  int hour = 0, minute = 0, second = 0;
  std::string fraction;  // six digits or empty
  bool has_zone = false;
  int offset_minutes = 0;
};

bool match_zone(Matcher& m, Timestamp& out) {
  m.many([](char c) { return c == ' ' || c == '\t'; });
  if (m.end()) return true;
  out.has_zone = true;
  if (m.one('Z')) return m.end();
  const bool west = m.one('-');
  if (!west && !m.one('+')) return false;
  const auto hours = m.digits(1, 2);
  if (!hours) return false;
  int minutes = 0;
  if (m.one(':')) {
    const auto read = m.digits(2, 2);
    if (!read) return false;
    minutes = *read;
  }
  out.offset_minutes = (*hours * 60 + minutes) * (west ? -1 : 1);
  return m.end();
}

bool match_clock(Matcher& m, Timestamp& out) {
  const bool mark = m.one_of("Tt") || m.many([](char c) { return c == ' ' || c == '\t'; }) > 0;
  const auto hour = mark ? m.digits(1, 2) : std::nullopt;
  if (!hour || !m.one(':')) return false;
  const auto minute = m.digits(2, 2);
  if (!minute || !m.one(':')) return false;
  const auto second = m.digits(2, 2);
  if (!second) return false;
  out.has_clock = true;
  out.hour = *hour;
  out.minute = *minute;
  out.second = *second;
  if (m.one('.')) {
    const std::string_view rest = m.rest();
    const std::size_t n = m.many(is_digit);
    out.fraction = std::string(rest.substr(0, std::min<std::size_t>(n, 6)));
    if (n > 0) out.fraction.resize(6, '0');
  }
  // A space before the end is only allowed in front of a zone.
  const bool space = m.peek() == ' ' || m.peek() == '\t';
  return match_zone(m, out) && (!space || out.has_zone);
}

std::optional<Timestamp> match_timestamp(std::string_view text) {
  Matcher m(text);
  Timestamp out;
  const auto year = m.digits(4, 4);
  if (!year || !m.one('-')) return std::nullopt;
  const std::size_t before = m.rest().size();
  const auto month = m.digits(1, 2);
  const bool short_month = before - m.rest().size() == 1;
  if (!month || !m.one('-')) return std::nullopt;
  const std::size_t before_day = m.rest().size();
  const auto day = m.digits(1, 2);
  const bool short_day = before_day - m.rest().size() == 1;
  if (!day) return std::nullopt;
  out.year = *year;
  out.month = *month;
  out.day = *day;
  if (m.end()) return short_month || short_day ? std::nullopt : std::optional(out);
  return match_clock(m, out) ? std::optional(out) : std::nullopt;
}

std::optional<json::value> timestamp_value(std::string_view text) {
  const auto t = match_timestamp(text);
  if (!t) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(t->year),
                                         std::chrono::month(static_cast<unsigned>(t->month)),
                                         std::chrono::day(static_cast<unsigned>(t->day)));
  if (t->year == 0 || !date.ok() || t->hour > 23 || t->minute > 59 || t->second > 59) return std::nullopt;
  const int distance = t->offset_minutes < 0 ? -t->offset_minutes : t->offset_minutes;
  if (distance >= 24 * 60) return std::nullopt;
  std::string out = fmt::format("{:04}-{:02}-{:02}", t->year, t->month, t->day);
  if (!t->has_clock) return json::value(out);
  out += fmt::format(" {:02}:{:02}:{:02}", t->hour, t->minute, t->second);
  if (!t->fraction.empty() && t->fraction != "000000") out += "." + t->fraction;
  if (t->has_zone) out += fmt::format("{}{:02}:{:02}", t->offset_minutes < 0 ? '-' : '+', distance / 60, distance % 60);
  return json::value(out);
}

// A whole number of any size: 64 bits where it fits, else its decimal digits as text.
class BigInteger {
 public:
  void multiply_add(unsigned factor, unsigned addend) {
    unsigned carry = addend;
    for (unsigned& digit : digits_) {
      const unsigned sum = digit * factor + carry;
      digit = sum % 10;
      carry = sum / 10;
    }
    for (; carry > 0; carry /= 10) digits_.push_back(carry % 10);
  }
  json::value value(bool negative) const {
    std::string text;
    for (auto it = digits_.rbegin(); it != digits_.rend(); ++it) text += static_cast<char>('0' + *it);
    if (text.empty()) return json::value(std::int64_t{0});
    if (negative) text.insert(0, "-");
    std::int64_t whole = 0;
    const char* end = text.data() + text.size();
    if (std::from_chars(text.data(), end, whole).ec == std::errc()) return json::value(whole);
    std::uint64_t large = 0;
    if (!negative && std::from_chars(text.data(), end, large).ec == std::errc()) return json::value(large);
    return json::value(text);
  }

 private:
  std::vector<unsigned> digits_;  // decimal, lowest first
};

// Longer ones would take quadratic time; nobody means them as numbers.
constexpr std::size_t kMaxNumberLength = 1000;

std::optional<unsigned> digit_value(char c, unsigned base) {
  unsigned value = 99;
  if (is_digit(c)) value = static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') value = static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') value = static_cast<unsigned>(c - 'A') + 10;
  if (value >= base) return std::nullopt;
  return value;
}

std::optional<json::value> number_in_base(std::string_view digits, unsigned base, bool negative) {
  if (digits.empty()) return std::nullopt;
  BigInteger out;
  for (char c : digits) {
    const auto value = digit_value(c, base);
    if (!value) return std::nullopt;
    out.multiply_add(base, *value);
  }
  return out.value(negative);
}

std::optional<json::value> sexagesimal_int(std::string_view text, bool negative) {
  BigInteger out;
  for (const std::string& part : split(text, ':')) {
    unsigned value = 0;
    const auto read = std::from_chars(part.data(), part.data() + part.size(), value);
    if (read.ec == std::errc::result_out_of_range || value > 1'000'000'000) return json::value(text);
    if (read.ec != std::errc() || read.ptr != part.data() + part.size()) return std::nullopt;
    out.multiply_add(60, value);
  }
  return out.value(negative);
}

bool take_sign(std::string_view& text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  return negative;
}

std::optional<json::value> int_value(std::string_view written) {
  const std::string clean = replace_all(written, "_", "");
  std::string_view text = clean;
  const bool negative = take_sign(text);
  if (text.size() > kMaxNumberLength) return json::value(written);
  if (text.starts_with("0b")) return number_in_base(text.substr(2), 2, negative);
  if (text.starts_with("0x")) return number_in_base(text.substr(2), 16, negative);
  if (text.starts_with('0')) return number_in_base(text, 8, negative);
  if (text.find(':') != text.npos) return sexagesimal_int(text, negative);
  return number_in_base(text, 10, negative);
}

std::optional<double> plain_double(std::string_view text) {
  // from_chars wants digits before an exponent's sign and no sign of its own; both hold here.
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ptr != text.data() + text.size() || text.empty()) return std::nullopt;
  if (read.ec == std::errc::result_out_of_range) {
    const std::size_t e = text.find_first_of("eE");
    const bool tiny = e != text.npos && e + 1 < text.size() && text[e + 1] == '-';
    return tiny ? 0.0 : std::numeric_limits<double>::infinity();
  }
  if (read.ec != std::errc()) return std::nullopt;
  return value;
}

std::optional<json::value> float_value(std::string_view written) {
  const std::string clean = to_lower(replace_all(written, "_", ""));
  std::string_view text = clean;
  const double sign = take_sign(text) ? -1.0 : 1.0;
  if (text == ".inf") return json::value(sign * std::numeric_limits<double>::infinity());
  if (text == ".nan") return json::value(std::numeric_limits<double>::quiet_NaN());
  double total = 0;
  double factor = 1;
  const auto parts = split(text, ':');
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    const auto value = plain_double(*part);
    if (!value) return std::nullopt;
    total += *value * factor;
    factor *= 60;
  }
  return json::value(sign * total);
}

std::optional<json::value> bool_value(std::string_view text) {
  const std::string word = to_lower(text);
  if (word == "yes" || word == "true" || word == "on") return json::value(true);
  if (word == "no" || word == "false" || word == "off") return json::value(false);
  return std::nullopt;
}

std::optional<json::value> binary_value(std::string_view text) {
  // PyYAML's decoder passes over everything that is not of the alphabet.
  std::string clean;
  for (char c : text) {
    if (is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/' || c == '=') clean += c;
  }
  const auto bytes = base64_decode(clean);
  if (!bytes || !is_valid_utf8(*bytes)) return std::nullopt;
  return json::value(*bytes);
}

}  // namespace

Tag resolve_plain(std::string_view text) {
  if (is_null(text)) return Tag::Null;
  if (is_bool(text)) return Tag::Bool;
  if (is_float(text)) return Tag::Float;
  if (is_int(text)) return Tag::Int;
  if (text == "<<") return Tag::Merge;
  if (text == "=") return Tag::Value;
  if (match_timestamp(text)) return Tag::Timestamp;
  return Tag::Str;
}

std::optional<json::value> scalar_value(Tag tag, std::string_view text) {
  switch (tag) {
    case Tag::Null:
      return json::value(nullptr);
    case Tag::Bool:
      return bool_value(text);
    case Tag::Int:
      return int_value(text);
    case Tag::Float:
      return float_value(text);
    case Tag::Timestamp:
      return timestamp_value(text);
    case Tag::Str:
      return json::value(text);
    case Tag::Binary:
      return binary_value(text);
    default:
      return std::nullopt;
  }
}

}  // namespace tamada::yaml
