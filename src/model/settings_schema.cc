#include "model/settings_schema.h"

#include <array>

#include "base/text.h"
#include "model/settings_schema_sections.h"

namespace tamada {

namespace {

std::vector<SettingRow> all_rows() {
  std::vector<SettingRow> out;
  for (auto section : {schema::general_rows(), schema::restapi_rows(), schema::etcd_rows(), schema::store_rows(),
                       schema::postgresql_rows(), schema::authentication_rows(), schema::dynamic_rows()}) {
    out.insert(out.end(), section.begin(), section.end());
  }
  return out;
}

std::string_view take_segment(std::string_view& path) {
  const std::size_t dot = path.find('.');
  const std::string_view segment = path.substr(0, dot);
  path = dot == path.npos ? std::string_view() : path.substr(dot + 1);
  return segment;
}

// Names of tags and options may contain dots, so a wildcard at the end takes all that is left.
bool matches(std::string_view pattern, std::string_view path) {
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = take_segment(pattern);
    if (wanted.starts_with('<')) {
      if (pattern.empty()) return true;
      take_segment(path);
    } else if (wanted != take_segment(path)) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

bool allowed(const SettingRow& row, SettingPlace place) {
  return row.place == SettingPlace::Both || row.place == place;
}

}  // namespace

std::span<const SettingRow> settings_schema() {
  static const std::vector<SettingRow> rows = all_rows();
  return rows;
}

const SettingRow* find_setting(std::string_view path) {
  const SettingRow* by_pattern = nullptr;
  for (const SettingRow& row : settings_schema()) {
    if (row.path == path) return &row;
    if (by_pattern == nullptr && row.path.find('<') != row.path.npos && matches(row.path, path)) by_pattern = &row;
  }
  return by_pattern;
}

const SettingRow* find_setting(std::string_view path, SettingPlace place) {
  const SettingRow* row = find_setting(path);
  return row != nullptr && allowed(*row, place) ? row : nullptr;
}

bool is_setting_section(std::string_view path) {
  for (const SettingRow& row : settings_schema()) {
    if (row.path.starts_with(path) && row.path.size() > path.size() && row.path[path.size()] == '.') return true;
  }
  return false;
}

std::vector<std::string> setting_choices(const SettingRow& row) {
  return split(row.choices, '|');
}

std::string_view to_string(SettingType type) {
  switch (type) {
    case SettingType::Text:
      return "text";
    case SettingType::Integer:
      return "integer";
    case SettingType::Duration:
      return "time";
    case SettingType::Bytes:
      return "size";
    case SettingType::Number:
      return "number";
    case SettingType::Boolean:
      return "boolean";
    case SettingType::Choice:
      return "choice";
    case SettingType::TextList:
      return "list of text";
    case SettingType::List:
      return "list";
    case SettingType::Mapping:
      return "mapping";
    case SettingType::Any:
      return "any";
  }
  return "any";
}

std::string_view to_string(SettingReload reload) {
  switch (reload) {
    case SettingReload::Runtime:
      return "reload";
    case SettingReload::Start:
      return "restart of the daemon";
    case SettingReload::PostgreSQL:
      return "restart of PostgreSQL";
    case SettingReload::NextUse:
      return "next use";
    case SettingReload::Bootstrap:
      return "bootstrap only";
  }
  return "reload";
}

std::span<const std::string_view> store_sections() {
  static constexpr std::array<std::string_view, 7> kSections{"consul",     "etcd", "etcd3",    "exhibitor",
                                                             "kubernetes", "raft", "zookeeper"};
  return kSections;
}

bool store_is_served(std::string_view section) {
  return section == "etcd3";
}

}  // namespace tamada
