#include "base/units.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/python_text.h"
#include "base/text.h"

namespace tamada {

namespace {

enum class Group { Memory, Time };

struct Unit {
  std::string_view name;
  Group group;
  double factor;  // bytes or microseconds
};

// Largest first in each group: conversion rounds to the next smaller one.
constexpr std::array<Unit, 11> kUnits{{
    {"TB", Group::Memory, 1099511627776.0},
    {"GB", Group::Memory, 1073741824.0},
    {"MB", Group::Memory, 1048576.0},
    {"kB", Group::Memory, 1024.0},
    {"B", Group::Memory, 1.0},
    {"d", Group::Time, 86400e6},
    {"h", Group::Time, 3600e6},
    {"min", Group::Time, 60e6},
    {"s", Group::Time, 1e6},
    {"ms", Group::Time, 1e3},
    {"us", Group::Time, 1.0},
}};

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

const Unit* next_smaller(const Unit* unit) {
  const Unit* next = unit + 1;
  return next != kUnits.data() + kUnits.size() && next->group == unit->group ? next : nullptr;
}

struct Base {
  Group group;
  double factor;
};

// "kB", "8kB", "min".
std::optional<Base> parse_base(std::string_view text) {
  std::uint32_t count = 1;
  const auto digits = std::from_chars(text.data(), text.data() + text.size(), count);
  if (digits.ec == std::errc::result_out_of_range || count == 0) return std::nullopt;
  if (digits.ec == std::errc()) text.remove_prefix(static_cast<std::size_t>(digits.ptr - text.data()));
  const Unit* unit = find_unit(text);
  if (unit == nullptr) return std::nullopt;
  return Base{unit->group, unit->factor * count};
}

struct Number {
  double value = 0;
  std::optional<std::int64_t> whole;  // exact, when it was written as an integer that fits
  std::string_view rest;
};

std::optional<Number> read_whole(std::string_view digits, int base, bool negative) {
  std::uint64_t magnitude = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, magnitude, base);
  if (read.ec != std::errc()) return std::nullopt;
  Number out;
  out.rest = std::string_view(read.ptr, static_cast<std::size_t>(end - read.ptr));
  out.value = static_cast<double>(magnitude) * (negative ? -1 : 1);
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (magnitude <= kMax) out.whole = static_cast<std::int64_t>(magnitude) * (negative ? -1 : 1);
  return out;
}

std::optional<Number> read_decimal(std::string_view digits, bool negative) {
  double value = 0;
  const char* end = digits.data() + digits.size();
  // from_chars also reads "inf" and "nan", which are no numbers here.
  if (digits.empty() || (digits.front() != '.' && (digits.front() < '0' || digits.front() > '9'))) return std::nullopt;
  const auto read = std::from_chars(digits.data(), end, value, std::chars_format::general);
  if (read.ec != std::errc()) return std::nullopt;
  Number out;
  out.rest = std::string_view(read.ptr, static_cast<std::size_t>(end - read.ptr));
  out.value = negative ? -value : value;
  return out;
}

bool starts_fraction(std::string_view rest) {
  return !rest.empty() && (rest.front() == '.' || rest.front() == 'e' || rest.front() == 'E');
}

std::optional<Number> read_number(std::string_view text) {
  text = trim(text);
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    return read_whole(text.substr(2), 16, negative);
  }
  const bool octal = text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
  const auto whole = read_whole(text, octal ? 8 : 10, negative);
  if (whole && !starts_fraction(whole->rest)) return whole;
  return read_decimal(text, negative);
}

// In base units, rounded as PostgreSQL does it: a fraction of a unit becomes a multiple of the next smaller unit.
std::optional<double> convert(double value, std::string_view unit_name, std::string_view base_unit) {
  const Unit* unit = find_unit(unit_name);
  const auto base = parse_base(base_unit);
  if (unit == nullptr || !base || unit->group != base->group) return std::nullopt;
  double out = value * (unit->factor / base->factor);
  if (const Unit* smaller = next_smaller(unit); smaller != nullptr) {
    const double step = smaller->factor / base->factor;
    out = std::nearbyint(out / step) * step;
  }
  return out;
}

std::optional<std::int64_t> to_whole(double value) {
  const double rounded = std::nearbyint(value);
  if (!(rounded >= -9223372036854775808.0 && rounded < 9223372036854775808.0)) return std::nullopt;
  return static_cast<std::int64_t>(rounded);
}

}  // namespace

std::optional<bool> parse_boolean(std::string_view text) {
  const std::string word = to_lower(text);
  if (word == "on" || word == "true" || word == "yes" || word == "1") return true;
  if (word == "off" || word == "false" || word == "no" || word == "0") return false;
  return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text, std::string_view base_unit) {
  const auto number = read_number(text);
  if (!number) return std::nullopt;
  const std::string_view unit = trim(number->rest);
  if (unit.empty()) return number->whole ? number->whole : to_whole(number->value);
  const auto converted = convert(number->value, unit, base_unit);
  return converted ? to_whole(*converted) : std::nullopt;
}

std::optional<double> parse_real(std::string_view text, std::string_view base_unit) {
  const auto number = read_number(text);
  if (!number) return std::nullopt;
  const std::string_view unit = trim(number->rest);
  if (unit.empty()) return number->value;
  return convert(number->value, unit, base_unit);
}

bool has_unit(std::string_view text) {
  const auto number = read_number(text);
  return number && find_unit(trim(number->rest)) != nullptr;
}

bool same_setting(const ServerSetting& server, std::string_view configured) {
  if (server.vartype == "bool") {
    const auto a = parse_boolean(server.setting);
    return a && a == parse_boolean(configured);
  }
  if (server.vartype == "integer") {
    const auto a = parse_integer(server.setting);
    return a && a == parse_integer(configured, server.unit);
  }
  if (server.vartype == "real") {
    const auto a = parse_real(server.setting);
    return a && a == parse_real(configured, server.unit);
  }
  if (server.vartype == "enum") return to_lower(server.setting) == to_lower(configured);
  return server.setting == configured;
}

std::string with_largest_unit(const ServerSetting& server) {
  const auto base = parse_base(server.unit);
  const auto value = parse_real(server.setting);
  if (!base || !value || *value <= 0) return std::string(server.setting);
  const double amount = *value * base->factor;
  for (const Unit& unit : kUnits) {
    if (unit.group != base->group) continue;
    const double count = amount / unit.factor;
    if (count == std::nearbyint(count) && count < 1e15) {
      return std::to_string(static_cast<std::int64_t>(count)) + std::string(unit.name);
    }
  }
  return std::string(server.setting);
}

}  // namespace tamada
