#include "model/settings_merge.h"

#include <algorithm>

#include "base/python_text.h"
#include "base/text.h"
#include "model/settings_schema.h"

namespace tamada {

namespace {

// Says which keys nobody knows and which ones have no effect so far.
class KeyInspector {
 public:
  KeyInspector(SettingPlace place, std::string where, std::set<std::string> methods, std::string bootstrap_method,
               std::vector<std::string>& warnings)
      : place_(place),
        where_(std::move(where)),
        methods_(std::move(methods)),
        bootstrap_method_(std::move(bootstrap_method)),
        warnings_(warnings) {}

  void inspect(const std::string& prefix, const json::object& object) {
    for (const auto& [key, value] : object) inspect_one(join_key(prefix, key), prefix, key, value);
  }

 private:
  void inspect_one(const std::string& path, const std::string& prefix, std::string_view key, const json::value& value) {
    if (is_refused(path)) return;
    const bool free_section = prefix == "postgresql" || prefix == "bootstrap";
    if (const SettingRow* row = find_setting(path); row != nullptr) {
      judge(*row, path, value);
    } else if (value.is_object() && is_setting_section(path)) {
      inspect(path, value.get_object());
    } else if (free_section && value.is_object() && is_method(prefix, key)) {
      return;
    } else if (!is_setting_section(path)) {
      warn(path + " is not a known setting");
    } else if (!value.is_null() && path != "watchdog") {
      warn(path + ": expected a mapping, found " + describe_value(path, value));
    }
  }

  void judge(const SettingRow& row, const std::string& path, const json::value& value) {
    const bool here = row.place == SettingPlace::Both || row.place == place_;
    if (!here && place_ == SettingPlace::Local) {
      warn(path +
           " has no effect: only the dynamic configuration sets it (edit-config, or bootstrap.dcs of a new cluster)");
    } else if (!here) {
      warn(path + " has no effect: only the local configuration sets it");
    } else if (value.is_null() || to_lower(python_text(value)) == to_lower(row.fallback)) {
      return;  // what would hold without it
    } else if (!row.acts) {
      warn(path + " has no effect in this version");
    } else if (!row.lacks.empty()) {
      warn(path + ": " + std::string(row.lacks));
    }
  }

  // Whole sections that are refused or chosen elsewhere say it once, there.
  bool is_refused(std::string_view path) const {
    const auto sections = store_sections();
    const bool store = std::find(sections.begin(), sections.end(), path) != sections.end();
    return place_ == SettingPlace::Local && (path == "citus" || (store && !store_is_served(path)));
  }

  bool is_method(std::string_view prefix, std::string_view key) const {
    return prefix == "bootstrap" ? key == bootstrap_method_ : methods_.contains(std::string(key));
  }

  void warn(std::string text) { warnings_.push_back(where_ + text); }

  SettingPlace place_;
  std::string where_;
  std::set<std::string> methods_;
  std::string bootstrap_method_;
  std::vector<std::string>& warnings_;
};

void add_names(const json::object* section, std::string_view key, std::set<std::string>& out) {
  const json::value* value = section == nullptr ? nullptr : find_value(*section, key);
  if (value == nullptr) return;
  if (value->is_string()) {
    for (const std::string& name : split_list(std::string_view(value->get_string()))) out.insert(name);
  } else if (value->is_array()) {
    for (const json::value& item : value->get_array()) out.insert(python_text(item));
  }
}

std::string bootstrap_method_of(const json::object& local) {
  const json::object* bootstrap = find_mapping(local, "bootstrap");
  const json::value* method = bootstrap == nullptr ? nullptr : find_value(*bootstrap, "method");
  return method == nullptr ? "" : python_text(*method);
}

bool only_dynamic(const std::string& path) {
  const SettingRow* row = find_setting(path);
  if (row != nullptr) return row->place == SettingPlace::Dynamic;
  return path == "standby_cluster";
}

bool only_local(const std::string& path) {
  const SettingRow* row = find_setting(path);
  if (row != nullptr) return row->place == SettingPlace::Local;
  return path == "postgresql.authentication" || path == "postgresql.health";
}

// postgresql from both documents; a local key hides the whole dynamic one.
class Merger {
 public:
  Merger(const Origins& local_origins, std::string dynamic_source, EffectiveDocument& out)
      : local_origins_(local_origins), dynamic_source_(std::move(dynamic_source)), out_(out) {}

  void take_dynamic(const json::object& dynamic) {
    for (const auto& [key, value] : dynamic) {
      if (key == "postgresql") continue;
      if (only_dynamic(std::string(key))) put(out_.document, key, std::string(key), value, nullptr);
    }
    const json::object* postgresql = find_mapping(dynamic, "postgresql");
    if (postgresql == nullptr) return;
    for (const auto& [key, value] : *postgresql) {
      const std::string path = join_key("postgresql", key);
      if (!only_local(path) && key != "parameters") put(section(), key, path, value, nullptr);
    }
  }

  void take_local(const json::object& local) {
    for (const auto& [key, value] : local) {
      if (key == "postgresql" || only_dynamic(std::string(key))) continue;
      put(out_.document, key, std::string(key), value, &local_origins_);
    }
    const json::object* postgresql = find_mapping(local, "postgresql");
    if (postgresql == nullptr) return;
    for (const auto& [key, value] : *postgresql) {
      const std::string path = join_key("postgresql", key);
      if (!only_dynamic(path) && key != "parameters") put(section(), key, path, value, &local_origins_);
    }
  }

 private:
  json::object& section() {
    json::value& value = out_.document["postgresql"];
    if (!value.is_object()) value = json::object();
    return value.get_object();
  }

  void put(json::object& target, std::string_view key, const std::string& path, const json::value& value,
           const Origins* origins) {
    target[key] = value;
    record_origins(out_.origins, path, value, dynamic_source_);
    if (origins == nullptr) return;
    for (auto it = out_.origins.lower_bound(path); it != out_.origins.end() && it->first.starts_with(path); ++it) {
      const auto known = origins->find(it->first);
      if (known != origins->end()) it->second = known->second;
    }
  }

  const Origins& local_origins_;
  std::string dynamic_source_;
  EffectiveDocument& out_;
};

}  // namespace

const json::value* find_value(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

const json::object* find_mapping(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

std::string describe_value(std::string_view path, const json::value& value) {
  if (value.is_object()) return "a mapping";
  if (value.is_array()) return "a list";
  if (value.is_null()) return "nothing";
  if (is_secret_path(path)) return "a secret";
  return "\"" + python_text(value) + "\"";
}

std::set<std::string> replica_method_names(const json::object& local, const json::object& dynamic) {
  std::set<std::string> out{"basebackup"};
  for (const json::object* document : {&local, &dynamic}) {
    const json::object* postgresql = find_mapping(*document, "postgresql");
    add_names(postgresql, "create_replica_methods", out);
    add_names(postgresql, "create_replica_method", out);
  }
  add_names(find_mapping(dynamic, "standby_cluster"), "create_replica_methods", out);
  return out;
}

EffectiveDocument merge_documents(const json::object& local, const Origins& local_origins, const json::object& dynamic,
                                  const std::string& dynamic_source) {
  EffectiveDocument out;
  const auto methods = replica_method_names(local, dynamic);
  KeyInspector(SettingPlace::Local, "", methods, bootstrap_method_of(local), out.warnings).inspect("", local);
  KeyInspector(SettingPlace::Dynamic, dynamic_source + ": ", methods, "", out.warnings).inspect("", dynamic);
  Merger merger(local_origins, dynamic_source, out);
  merger.take_dynamic(dynamic);
  merger.take_local(local);
  return out;
}

}  // namespace tamada
