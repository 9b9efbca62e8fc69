// Numbers with units as PostgreSQL and the configuration files write them, and comparison of settings by value
// (configuration.md 1.12). Units are case-sensitive; memory B kB MB GB TB, time us ms s min h d.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tamada {

// on true yes 1 / off false no 0, any case; nullopt otherwise.
std::optional<bool> parse_boolean(std::string_view text);

// Optional sign, 0x hexadecimal, leading 0 octal, else decimal; decimals and exponents are rounded, ties to even; then
// an optional unit, converted to `base_unit` ("kB", "8kB", "16MB", "ms", "s", "min" ...). Without a unit the number
// is in base units already. nullopt: no number, unknown unit, unit of the other group, unit without a base unit, or a
// number that does not fit.
std::optional<std::int64_t> parse_integer(std::string_view text, std::string_view base_unit = {});
// The same syntax, without rounding to whole base units.
std::optional<double> parse_real(std::string_view text, std::string_view base_unit = {});

// True when the text is a number followed by a unit.
bool has_unit(std::string_view text);

// One row of pg_settings to compare with.
struct ServerSetting {
  std::string_view setting;  // without a unit
  std::string_view unit;     // pg_settings.unit, may be empty
  std::string_view vartype;  // bool, integer, real, enum, string
};
// True when the configured text means what the server has. What does not parse counts as different.
bool same_setting(const ServerSetting& server, std::string_view configured);

// The setting in the largest unit that keeps it whole: "131072" in 8kB gives 1GB. Returned as it is when it has no unit
// or does not parse.
std::string with_largest_unit(const ServerSetting& server);

}  // namespace tamada
