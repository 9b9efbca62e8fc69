#include <chrono>

#include <fmt/format.h>

#include "base/text.h"

namespace tamada {

namespace {

namespace chr = std::chrono;

// Reads fields from the front of a text; every read either takes all it needs or nothing.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool done() const { return text_.empty(); }
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool take_word(std::string_view word) {
    if (!equal_ignoring_case(text_.substr(0, word.size()), word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  std::optional<int> number(std::size_t digits) {
    if (text_.size() < digits) return std::nullopt;
    int value = 0;
    for (char c : text_.substr(0, digits)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    text_.remove_prefix(digits);
    return value;
  }
  // Digits after the decimal mark as microseconds; further digits are dropped.
  std::optional<int> fraction() {
    int value = 0;
    int seen = 0;
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9') {
      if (seen < 6) value = value * 10 + (text_.front() - '0');
      ++seen;
      text_.remove_prefix(1);
    }
    if (seen == 0) return std::nullopt;
    for (int i = seen; i < 6; ++i) value *= 10;
    return value;
  }
  void skip_spaces() {
    while (take(' ')) {
    }
  }

 private:
  std::string_view text_;
};

std::optional<chr::sys_days> read_date(Cursor& in) {
  const auto year = in.number(4);
  if (!year || !in.take('-')) return std::nullopt;
  const auto month = in.number(2);
  if (!month || !in.take('-')) return std::nullopt;
  const auto day = in.number(2);
  if (!day) return std::nullopt;
  const chr::year_month_day date(chr::year(*year), chr::month(static_cast<unsigned>(*month)),
                                 chr::day(static_cast<unsigned>(*day)));
  if (*year == 0 || !date.ok()) return std::nullopt;
  return chr::sys_days(date);
}

std::optional<Duration> read_clock(Cursor& in) {
  const auto hour = in.number(2);
  if (!hour || *hour > 23 || !in.take(':')) return std::nullopt;
  const auto minute = in.number(2);
  if (!minute || *minute > 59) return std::nullopt;
  Duration out = chr::hours(*hour) + chr::minutes(*minute);
  if (!in.take(':')) return out;
  const auto second = in.number(2);
  if (!second || *second > 59) return std::nullopt;
  out += chr::seconds(*second);
  if (in.take('.') || in.take(',')) {
    const auto micros = in.fraction();
    if (!micros) return std::nullopt;
    out += Duration(*micros);
  }
  return out;
}

// Minutes east of UTC; the outer optional tells a malformed zone, the flag whether there was one.
bool read_zone(Cursor& in, ParsedTime& out) {
  in.skip_spaces();
  if (in.done()) return true;
  out.has_zone = true;
  if (in.take_word("Z") || in.take_word("UTC") || in.take_word("GMT")) return in.done();
  const bool west = in.take('-');
  if (!west && !in.take('+')) return false;
  const auto hours = in.number(2);
  if (!hours || *hours > 23) return false;
  int minutes = 0;
  if (!in.done()) {
    in.take(':');
    const auto read = in.number(2);
    if (!read || *read > 59) return false;
    minutes = *read;
  }
  out.offset_minutes = (*hours * 60 + minutes) * (west ? -1 : 1);
  return in.done();
}

}  // namespace

std::optional<ParsedTime> parse_iso8601(std::string_view text) {
  Cursor in(trim(text));
  const auto date = read_date(in);
  if (!date) return std::nullopt;
  ParsedTime out{WallTime(*date), false, 0};
  if (in.done()) return out;
  if (!in.take('T') && !in.take('t') && !in.take(' ')) return std::nullopt;
  in.skip_spaces();
  const auto clock = read_clock(in);
  if (!clock || !read_zone(in, out)) return std::nullopt;
  out.time += *clock - chr::minutes(out.offset_minutes);
  return out;
}

std::string format_iso8601(WallTime time, int offset_minutes) {
  const WallTime local = time + chr::minutes(offset_minutes);
  const auto day = chr::floor<chr::days>(local);
  const chr::year_month_day date(day);
  const Duration rest = local - day;
  const auto seconds = chr::floor<chr::seconds>(rest);
  const chr::hh_mm_ss clock(seconds);
  std::string out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (rest != seconds) out += fmt::format(".{:06}", (rest - seconds).count());
  const int distance = offset_minutes < 0 ? -offset_minutes : offset_minutes;
  return out + fmt::format("{}{:02}:{:02}", offset_minutes < 0 ? '-' : '+', distance / 60, distance % 60);
}

}  // namespace tamada
