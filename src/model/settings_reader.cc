#include "model/settings_reader.h"

#include <cmath>

#include "base/invariant.h"
#include "base/python_text.h"
#include "base/text.h"
#include "base/units.h"
#include "model/settings_merge.h"

namespace tamada {

namespace {

constexpr std::int64_t kNoLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kNoMost = std::numeric_limits<std::int64_t>::max();

std::string describe_range(const SettingRow& row) {
  if (row.least != kNoLeast && row.most != kNoMost && row.most != std::numeric_limits<std::int32_t>::max()) {
    return " from " + std::to_string(row.least) + " to " + std::to_string(row.most);
  }
  if (row.least != kNoLeast) return " of at least " + std::to_string(row.least);
  return "";
}

}  // namespace

std::string describe_expected(const SettingRow& row) {
  switch (row.type) {
    case SettingType::Integer:
      return "an integer" + describe_range(row);
    case SettingType::Duration:
      return "a time" + describe_range(row) + " " + std::string(row.unit);
    case SettingType::Bytes:
      return "a size" + describe_range(row) + " " + std::string(row.unit);
    case SettingType::Number:
      return "a number" + describe_range(row);
    case SettingType::Boolean:
      return "a boolean";
    case SettingType::Choice:
      return "one of " + join(setting_choices(row), ", ");
    case SettingType::TextList:
    case SettingType::List:
      return "a list";
    case SettingType::Mapping:
      return "a mapping";
    default:
      return "text";
  }
}

std::optional<std::int64_t> parse_setting_integer(const SettingRow& row, const json::value& value) {
  if (value.is_bool() || value.is_structured() || value.is_null()) return std::nullopt;
  const std::string text = python_text(value);
  if (row.type == SettingType::Duration || row.type == SettingType::Bytes) return parse_integer(text, row.unit);
  return parse_integer(text);
}

json::value default_value(const SettingRow& row) {
  if (row.fallback.empty()) return nullptr;
  const json::value text(row.fallback);
  if (const auto number = parse_setting_integer(row, text);
      number && (row.type == SettingType::Integer || row.type == SettingType::Duration ||
                 row.type == SettingType::Bytes || row.type == SettingType::Number)) {
    return *number;
  }
  if (const auto word = parse_boolean(row.fallback); word && row.type == SettingType::Boolean) return *word;
  return text;
}

std::optional<std::string> parse_setting_choice(const SettingRow& row, const json::value& value) {
  if (value.is_structured() || value.is_null()) return std::nullopt;
  const std::string word = value.is_bool() ? (value.get_bool() ? "on" : "off") : python_text(value);
  for (const std::string& known : setting_choices(row)) {
    if (equal_ignoring_case(word, known)) return known;
  }
  return std::nullopt;
}

const SettingRow& SettingReader::row(std::string_view path) const {
  const SettingRow* found = find_setting(path);
  INVARIANT(found != nullptr);
  return *found;
}

const json::value* SettingReader::raw(std::string_view path) const {
  const json::object* at = &document_;
  for (std::size_t dot = path.find('.'); dot != path.npos; dot = path.find('.')) {
    at = find_mapping(*at, path.substr(0, dot));
    if (at == nullptr) return nullptr;
    path.remove_prefix(dot + 1);
  }
  return find_value(*at, path);
}

std::string SettingReader::using_default(const SettingRow& row) const {
  return row.fallback.empty() ? "it is ignored" : "using " + std::string(row.fallback);
}

void SettingReader::refuse(std::string_view path, std::string_view expected, std::string_view consequence) {
  const json::value* value = raw(path);
  const std::string why = "expected " + std::string(expected) + ", found " +
                          (value == nullptr ? std::string("nothing") : describe_value(path, *value)) + "; " +
                          std::string(consequence);
  warn(std::string(path) + ": " + why);
  note_reason(path, why);
  note_value(path, nullptr);
}

std::optional<std::string> SettingReader::optional_text(std::string_view path) {
  const json::value* value = raw(path);
  if (value == nullptr) return std::nullopt;
  if (!value->is_structured()) return python_text(*value);
  refuse(path, "text", using_default(row(path)));
  return std::nullopt;
}

std::string SettingReader::text(std::string_view path) {
  if (auto value = optional_text(path)) return *value;
  use_default(path);
  return std::string(row(path).fallback);
}

void SettingReader::use_default(std::string_view path) {
  note_origin(path, "default");
  note_value(path, default_value(row(path)));
}

std::int64_t SettingReader::default_integer(const SettingRow& row) const {
  return parse_setting_integer(row, json::value(row.fallback)).value_or(0);
}

std::optional<std::int64_t> SettingReader::optional_integer(std::string_view path) {
  const SettingRow& r = row(path);
  const json::value* value = raw(path);
  if (value == nullptr) return std::nullopt;
  const auto parsed = parse_setting_integer(r, *value);
  if (!parsed) {
    refuse(path, describe_expected(r), using_default(r));
    return std::nullopt;
  }
  const std::int64_t limited = std::min(std::max(*parsed, r.least), r.most);
  if (limited != *parsed) refuse(path, describe_expected(r), "using " + std::to_string(limited));
  note_value(path, limited);
  return limited;
}

std::int64_t SettingReader::integer(std::string_view path) {
  if (const auto value = optional_integer(path)) return *value;
  use_default(path);
  return default_integer(row(path));
}

std::chrono::seconds SettingReader::seconds(std::string_view path) {
  const SettingRow& r = row(path);
  if (r.type != SettingType::Number) return std::chrono::seconds(integer(path));
  const json::value* value = raw(path);
  const auto parsed = value == nullptr || value->is_structured() || value->is_bool()
                          ? std::nullopt
                          : parse_real(python_text(*value), "s");
  const bool fits = parsed && *parsed >= static_cast<double>(r.least) && *parsed <= static_cast<double>(r.most);
  if (fits) {
    const std::chrono::seconds whole(static_cast<std::int64_t>(std::ceil(*parsed)));
    note_value(path, whole.count());
    return whole;
  }
  if (value != nullptr) refuse(path, describe_expected(r), using_default(r));
  use_default(path);
  return std::chrono::seconds(default_integer(r));
}

bool SettingReader::boolean(std::string_view path) {
  const SettingRow& r = row(path);
  const json::value* value = raw(path);
  const auto parsed = value == nullptr || value->is_structured() ? std::nullopt : parse_boolean(python_text(*value));
  if (parsed) {
    note_value(path, *parsed);
    return *parsed;
  }
  if (value != nullptr) refuse(path, describe_expected(r), using_default(r));
  use_default(path);
  return parse_boolean(r.fallback).value_or(false);
}

std::string SettingReader::choice(std::string_view path) {
  const SettingRow& r = row(path);
  const json::value* value = raw(path);
  if (value != nullptr) {
    if (auto known = parse_setting_choice(r, *value)) {
      note_value(path, json::value(*known));
      return *known;
    }
    refuse(path, describe_expected(r), using_default(r));
  }
  use_default(path);
  return std::string(r.fallback);
}

std::vector<std::string> SettingReader::text_list(std::string_view path) {
  const json::value* value = raw(path);
  if (value == nullptr) {
    use_default(path);
    return split_list(row(path).fallback);
  }
  if (value->is_string()) return split_list(std::string_view(value->get_string()));
  if (!value->is_array()) {
    refuse(path, "a list of text", using_default(row(path)));
    use_default(path);
    return split_list(row(path).fallback);
  }
  std::vector<std::string> out;
  for (const json::value& item : value->get_array()) {
    if (item.is_structured() || item.is_null()) {
      warn(std::string(path) + ": expected text, found " + describe_value(path, item) + "; the item is ignored");
    } else {
      out.push_back(python_text(item));
    }
  }
  return out;
}

json::object SettingReader::mapping(std::string_view path) {
  const json::value* value = raw(path);
  if (value == nullptr) return {};
  if (value->is_object()) return value->get_object();
  refuse(path, "a mapping", "it is ignored");
  return {};
}

json::array SettingReader::list(std::string_view path) {
  const json::value* value = raw(path);
  if (value == nullptr) return {};
  if (value->is_array()) return value->get_array();
  refuse(path, "a list", "it is ignored");
  return {};
}

std::map<std::string, std::string> SettingReader::text_mapping(std::string_view path) {
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : mapping(path)) {
    if (!value.is_null()) out[std::string(key)] = python_text(value);
  }
  return out;
}

}  // namespace tamada
