#include "model/settings_environment.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "base/units.h"
#include "base/yaml.h"
#include "model/settings_schema.h"

namespace tamada {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kOldNames{{
    {"PATRONI_LOGLEVEL", "PATRONI_LOG_LEVEL"},
    {"PATRONI_LOGFORMAT", "PATRONI_LOG_FORMAT"},
    {"PATRONI_LOG_DATEFMT", "PATRONI_LOG_DATEFORMAT"},
}};

// Read somewhere else, or by other programs that share the prefix.
constexpr std::array<std::string_view, 2> kHandledElsewhere{"PATRONI_CONFIGURATION", "PATRONI_REQUESTS_LOGLEVEL"};

// Sections whose variables count even when they are empty.
constexpr std::array<std::string_view, 6> kStores{"consul", "etcd", "etcd3", "exhibitor", "kubernetes", "zookeeper"};

std::string_view first_segment(std::string_view path) {
  return path.substr(0, path.find('.'));
}

bool is_store(std::string_view section) {
  return std::find(kStores.begin(), kStores.end(), section) != kStores.end();
}

std::optional<json::value> parse_list(std::string_view text) {
  text = trim(text);
  const bool written_out = text.starts_with('-') || text.find('[') != text.npos;
  const auto parsed = parse_yaml(written_out ? std::string(text) : "[" + std::string(text) + "]", "environment");
  if (!parsed || !parsed->is_array()) return std::nullopt;
  return *parsed;
}

std::optional<json::value> parse_mapping(std::string_view text) {
  text = trim(text);
  const auto parsed =
      parse_yaml(text.starts_with('{') ? std::string(text) : "{" + std::string(text) + "}", "environment");
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return *parsed;
}

std::optional<json::value> parse_format(std::string_view text) {
  if (text.find("%(") != text.npos) return json::value(text);
  return parse_list(text);
}

template <class T>
std::optional<json::value> to_value(const std::optional<T>& parsed) {
  if (!parsed) return std::nullopt;
  return json::value(*parsed);
}

std::optional<json::value> parse_variable(const SettingRow& row, std::string_view text) {
  if (row.path == "log.format") return parse_format(text);
  // Kept as text by the program that brought it: any text switches TLS on.
  if (row.path == "zookeeper.use_ssl") return json::value(text);
  if (row.path == "kubernetes.retriable_http_codes") return parse_list(text);
  switch (row.type) {
    case SettingType::Boolean:
      return to_value(parse_boolean(trim(text)));
    case SettingType::Integer:
      return to_value(parse_integer(text));
    case SettingType::TextList:
    case SettingType::List:
      return parse_list(text);
    case SettingType::Mapping:
      return parse_mapping(text);
    default:
      return json::value(text);
  }
}

std::string_view expected(SettingType type) {
  switch (type) {
    case SettingType::Boolean:
      return "a boolean";
    case SettingType::Integer:
      return "an integer";
    case SettingType::TextList:
    case SettingType::List:
      return "a list";
    case SettingType::Mapping:
      return "a mapping";
    default:
      return "text";
  }
}

json::object& section_at(json::object& root, std::string_view path) {
  json::object* at = &root;
  for (std::size_t dot = path.find('.'); dot != path.npos; dot = path.find('.')) {
    json::value& next = (*at)[path.substr(0, dot)];
    if (!next.is_object()) next = json::object();
    at = &next.get_object();
    path.remove_prefix(dot + 1);
  }
  return *at;
}

std::string_view last_segment(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == path.npos ? path : path.substr(dot + 1);
}

class EnvironmentReader {
 public:
  EnvironmentReader(SettingsVariables variables, const json::object& file)
      : variables_(std::move(variables)), file_(file) {}

  EnvironmentDocument read(bool only_own) {
    apply_old_names();
    for (const SettingRow& row : settings_schema()) {
      if (row.environment.empty() || (only_own && !row.environment.starts_with("TAMADA_"))) continue;
      read_row(row);
    }
    if (!only_own) {
      read_http_client_level();
      read_users();
      drop_lonely_credentials();
    }
    warn_about_the_rest(only_own);
    return std::move(out_);
  }

 private:
  void apply_old_names() {
    for (const auto& [old_name, new_name] : kOldNames) {
      const auto found = variables_.find(std::string(old_name));
      if (found == variables_.end()) continue;
      variables_.emplace(new_name, found->second);
      variables_.erase(found);
    }
  }

  void read_row(const SettingRow& row) {
    const auto found = variables_.find(std::string(row.environment));
    if (found == variables_.end()) return;
    const std::string text = found->second;
    variables_.erase(found);
    const bool keeps_empty = is_store(first_segment(row.path)) && row.type == SettingType::Text;
    if (text.empty() && !keeps_empty) return;
    const auto value = parse_variable(row, text);
    if (!value) {
      warn(std::string(row.environment) + " is ignored: expected " + std::string(expected(row.type)) + ", found " +
           (is_secret_path(row.path) ? "something else" : "\"" + text + "\""));
      return;
    }
    store(std::string(row.path), *value, row.environment);
  }

  void store(const std::string& path, const json::value& value, std::string_view variable) {
    section_at(out_.document, path)[last_segment(path)] = value;
    record_origins(out_.origins, path, value, "environment " + std::string(variable));
  }

  // The level of the HTTP clients; an explicit entry in log.loggers wins.
  void read_http_client_level() {
    const auto found = variables_.find("PATRONI_REQUESTS_LOGLEVEL");
    if (found == variables_.end() || found->second.empty()) return;
    json::object& log = section_at(out_.document, "log.");
    json::value& loggers = log["loggers"];
    if (!loggers.is_object()) loggers = json::object();
    const json::value* in_file = nullptr;
    if (const json::value* section = file_.if_contains("log"); section != nullptr && section->is_object()) {
      const json::value* known = section->get_object().if_contains("loggers");
      if (known != nullptr && known->is_object()) in_file = known->get_object().if_contains("requests");
    }
    if (in_file != nullptr || loggers.get_object().contains("requests")) return;
    store("log.loggers.requests", json::value(found->second), "PATRONI_REQUESTS_LOGLEVEL");
  }

  // PATRONI_<user>_PASSWORD and PATRONI_<user>_OPTIONS: roles to create, case kept.
  void read_users() {
    for (auto it = variables_.begin(); it != variables_.end();) {
      const std::string name = it->first;
      const std::string text = it->second;
      const bool password = name.ends_with("_PASSWORD");
      const std::string_view suffix = password ? "_PASSWORD" : "_OPTIONS";
      constexpr std::string_view kPrefix = "PATRONI_";
      if (!name.starts_with(kPrefix) || !name.ends_with(suffix) || name.size() <= kPrefix.size() + suffix.size()) {
        ++it;
        continue;
      }
      it = variables_.erase(it);
      const std::string user = name.substr(kPrefix.size(), name.size() - kPrefix.size() - suffix.size());
      const auto value = password ? std::optional(json::value(text)) : parse_list(text);
      if (text.empty() || !value) continue;
      json::object& users = section_at(out_.document, "bootstrap.users.");
      json::value& entry = users[user];
      if (!entry.is_object()) entry = json::object();
      const std::string key = password ? "password" : "options";
      entry.get_object()[key] = *value;
      out_.origins["bootstrap.users." + user + "." + key] = "environment " + name;
    }
  }

  // A user or password alone does not make a store's section.
  void drop_lonely_credentials() {
    for (std::string_view store : {"etcd", "etcd3"}) {
      json::value* section = out_.document.if_contains(store);
      if (section == nullptr || file_.contains(store)) continue;
      const json::object& keys = section->as_object();
      const bool lonely = std::all_of(keys.begin(), keys.end(),
                                      [](const auto& m) { return m.key() == "username" || m.key() == "password"; });
      if (!lonely) continue;
      warn("environment variables for user and password of " + std::string(store) +
           " are ignored: there is no section and no other variable for it");
      out_.document.erase(store);
    }
  }

  void warn_about_the_rest(bool only_own) {
    for (const auto& [name, text] : variables_) {
      const bool elsewhere =
          std::find(kHandledElsewhere.begin(), kHandledElsewhere.end(), name) != kHandledElsewhere.end();
      if (elsewhere || (only_own && !name.starts_with("TAMADA_")) || !is_settings_variable(name)) continue;
      warn("environment variable " + name + " is not known and is ignored");
    }
  }

  void warn(std::string text) { out_.warnings.push_back(std::move(text)); }

  SettingsVariables variables_;
  const json::object& file_;
  EnvironmentDocument out_;
};

}  // namespace

EnvironmentDocument read_environment(const SettingsVariables& environment, const json::object& file, bool only_own) {
  return EnvironmentReader(environment, file).read(only_own);
}

}  // namespace tamada
