#include "model/settings_schema.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

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

// Looked up for every key of every document, so by hash.
struct Index {
  std::vector<SettingRow> rows = all_rows();
  std::unordered_map<std::string_view, const SettingRow*> by_path;
  std::unordered_set<std::string_view> sections;
  std::vector<const SettingRow*> patterns;

  Index() {
    for (const SettingRow& row : rows) {
      by_path.emplace(row.path, &row);
      if (row.path.find('<') != row.path.npos) patterns.push_back(&row);
      for (std::size_t dot = row.path.find('.'); dot != row.path.npos; dot = row.path.find('.', dot + 1)) {
        sections.insert(row.path.substr(0, dot));
      }
    }
  }
};

const Index& index() {
  static const Index built;
  return built;
}

std::string_view take_segment(std::string_view& path) {
  const std::size_t dot = path.find('.');
  const std::string_view segment = path.substr(0, dot);
  path = dot == path.npos ? std::string_view() : path.substr(dot + 1);
  return segment;
}

// Names of tags and options may contain dots, so a wildcard at the end takes all that is left. One in the middle does
// not stand for a section that has rows of its own.
bool matches(std::string_view pattern, std::string_view path) {
  const std::string_view whole = path;
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = take_segment(pattern);
    if (wanted.starts_with('<')) {
      if (pattern.empty()) return true;
      const std::string_view name = take_segment(path);
      if (is_setting_section(whole.substr(0, static_cast<std::size_t>(name.data() - whole.data()) + name.size()))) {
        return false;
      }
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
  return index().rows;
}

const SettingRow* find_setting(std::string_view path) {
  if (const auto found = index().by_path.find(path); found != index().by_path.end()) return found->second;
  for (const SettingRow* row : index().patterns) {
    if (matches(row->path, path)) return row;
  }
  return nullptr;
}

const SettingRow* find_setting(std::string_view path, SettingPlace place) {
  const SettingRow* row = find_setting(path);
  return row != nullptr && allowed(*row, place) ? row : nullptr;
}

bool is_setting_section(std::string_view path) {
  return index().sections.contains(path);
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

namespace {
// A row each in store/catalogue.
constexpr std::array<std::string_view, 2> kServedStores{"etcd", "etcd3"};
}  // namespace

bool store_is_served(std::string_view section) {
  return std::ranges::find(kServedStores, section) != kServedStores.end();
}

std::string served_stores_text() {
  return join({kServedStores.begin(), kServedStores.end()}, ", ");
}

}  // namespace tamada
