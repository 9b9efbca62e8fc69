#include "ctl/schedule_input.h"

#include <ctime>

#include <fmt/format.h>

#include "base/text.h"

namespace tamada::ctl {

namespace {

std::tm local_fields(WallTime time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm local{};
  localtime_r(&seconds, &local);
  return local;
}

int offset_of(const std::tm& local) {
  return static_cast<int>(local.tm_gmtoff / 60);
}

// `as_utc` holds local clock readings as if they were UTC.
Schedule in_local_zone(WallTime as_utc) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(as_utc.time_since_epoch()).count();
  const Duration fraction = as_utc.time_since_epoch() - std::chrono::seconds(seconds);
  std::tm fields{};
  gmtime_r(&seconds, &fields);
  fields.tm_isdst = -1;
  const std::time_t local = std::mktime(&fields);
  return {WallTime(std::chrono::seconds(local)) + fraction, offset_of(fields)};
}

}  // namespace

std::string Schedule::iso() const {
  return format_iso8601(time, offset_minutes);
}

std::string Schedule::spaced() const {
  return replace_all(iso(), "T", " ");
}

Result<std::optional<Schedule>> parse_schedule(std::string_view text, WallTime now) {
  const std::string_view word = trim(text);
  if (word.empty() || to_lower(word) == "now") return std::optional<Schedule>();
  auto parsed = parse_iso8601(word);
  if (!parsed) {
    const std::tm today = local_fields(now);
    parsed =
        parse_iso8601(fmt::format("{:04}-{:02}-{:02}T{}", today.tm_year + 1900, today.tm_mon + 1, today.tm_mday, word));
  }
  if (!parsed) {
    return Error(ErrorCode::Invalid, fmt::format("Unable to parse scheduled timestamp ({}). It should be in an "
                                                 "unambiguous format (e.g. ISO 8601)",
                                                 text));
  }
  if (!parsed->has_zone) return std::optional<Schedule>(in_local_zone(parsed->time));
  return std::optional<Schedule>(Schedule{parsed->time, parsed->offset_minutes});
}

std::string schedule_example(WallTime now) {
  const std::tm at = local_fields(now + std::chrono::hours(1));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}", at.tm_year + 1900, at.tm_mon + 1, at.tm_mday, at.tm_hour,
                     at.tm_min);
}

}  // namespace tamada::ctl
