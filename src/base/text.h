// Small helpers for text: cutting, shell-like splitting, base64 and dates in ISO 8601.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tamada {

// ASCII white space only; nothing depends on the locale.
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);

// All parts, empty ones included; one part for text without the separator.
std::vector<std::string> split(std::string_view text, char separator);
// Parts trimmed, empty ones left out: "a, b,,c" gives a b c.
std::vector<std::string> split_list(std::string_view text, char separator = ',');
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

// Words of a command as a POSIX shell cuts them (quotes, backslashes; no expansion). Error: Invalid for an open quote
// or a trailing backslash.
Result<std::vector<std::string>> split_command(std::string_view text);

std::string base64_encode(std::string_view bytes);
// Standard alphabet; padding may be missing, white space is skipped. nullopt for anything else.
std::optional<std::string> base64_decode(std::string_view text);

struct ParsedTime {
  WallTime time;  // taken as UTC when has_zone is false
  bool has_zone = false;
  int offset_minutes = 0;  // east of UTC
};
// 2030-01-01, 2030-01-01T10:00, 2030-01-01 10:00:00.123456 +02:00, ...Z, ...+0200, "... UTC", "... GMT". nullopt for
// anything else, and for dates that do not exist.
std::optional<ParsedTime> parse_iso8601(std::string_view text);
// 2030-01-01T10:00:00+00:00; microseconds only when they are not zero.
std::string format_iso8601(WallTime time, int offset_minutes = 0);

}  // namespace tamada
