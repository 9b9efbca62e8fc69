// Typed values out of the effective document, by the settings table: type, range and default come from the row, every
// refused value gives one warning and its default. Part of model/settings_build.h.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "model/settings_build.h"
#include "model/settings_load.h"
#include "model/settings_schema.h"

namespace tamada {

class SettingReader {
 public:
  SettingReader(const json::object& document, BuiltSettings& record)
      : document_(document), origins_(record.origins), warnings_(record.warnings), record_(record) {}

  // nullptr when absent or null.
  const json::value* raw(std::string_view path) const;
  bool has(std::string_view path) const { return raw(path) != nullptr; }

  std::string text(std::string_view path);
  std::optional<std::string> optional_text(std::string_view path);
  // Integers, sizes and times in the row's unit. Out of range becomes the nearest limit.
  std::int64_t integer(std::string_view path);
  std::optional<std::int64_t> optional_integer(std::string_view path);
  std::chrono::seconds seconds(std::string_view path);
  bool boolean(std::string_view path);
  std::string choice(std::string_view path);  // lower-case
  std::vector<std::string> text_list(std::string_view path);
  std::map<std::string, std::string> text_mapping(std::string_view path);
  json::object mapping(std::string_view path);
  json::array list(std::string_view path);

  void warn(std::string text) { warnings_.push_back(std::move(text)); }
  // "path: expected X, found Y; <consequence>"
  void refuse(std::string_view path, std::string_view expected, std::string_view consequence);
  // The value in force did not come from a document.
  void note_origin(std::string_view path, std::string source) { origins_[std::string(path)] = std::move(source); }
  // What is in force where it is not what the document says.
  void note_value(std::string_view path, json::value value) { record_.values[std::string(path)] = std::move(value); }
  // Why it is not.
  void note_reason(std::string_view path, std::string why) { record_.notes[std::string(path)] = std::move(why); }

 private:
  const SettingRow& row(std::string_view path) const;
  std::string using_default(const SettingRow& row) const;
  std::int64_t default_integer(const SettingRow& row) const;
  void use_default(std::string_view path);

  const json::object& document_;
  Origins& origins_;
  std::vector<std::string>& warnings_;
  BuiltSettings& record_;
};

// A number of the row: base units, or nullopt when it does not parse. Not limited to the row's range.
std::optional<std::int64_t> parse_setting_integer(const SettingRow& row, const json::value& value);

// The row's default as the type that it has; null when there is none.
json::value default_value(const SettingRow& row);

// The word of a Choice row; nullopt for any other. YAML reads a bare `off` as false: it is that word.
std::optional<std::string> parse_setting_choice(const SettingRow& row, const json::value& value);

// "an integer of at least 3", "a boolean", "one of plain, json".
std::string describe_expected(const SettingRow& row);

}  // namespace tamada
