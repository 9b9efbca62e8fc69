#include "model/settings_load.h"

#include <algorithm>

#include "base/text.h"
#include "base/yaml.h"
#include "model/patch.h"
#include "model/settings_environment.h"

namespace tamada {

namespace {

void forget_below(Origins& origins, const std::string& path) {
  origins.erase(path);
  const std::string prefix = path + ".";
  auto it = origins.lower_bound(prefix);
  while (it != origins.end() && it->first.starts_with(prefix)) it = origins.erase(it);
}

// A mapping laid over a mapping leaves what it does not name; everything else replaces.
void overlay_origins(Origins& origins, const std::string& path, const json::object& patch, const json::object& target,
                     const std::string& source) {
  for (const auto& [key, value] : patch) {
    const std::string here = join_key(path, key);
    const json::value* old = target.if_contains(key);
    if (value.is_null()) {
      forget_below(origins, here);
    } else if (value.is_object() && old != nullptr && old->is_object()) {
      overlay_origins(origins, here, value.get_object(), old->get_object(), source);
    } else {
      record_origins(origins, here, value, source);
    }
  }
}

Result<json::object> parse_document(const ConfigFile& file, std::vector<std::string>& warnings) {
  auto parsed = parse_yaml(file.text, file.name);
  if (!parsed) return parsed.error();
  if (parsed->is_null()) {
    warnings.push_back(file.name + " is empty");
    return json::object();
  }
  if (!parsed->is_object()) {
    return Error(ErrorCode::Invalid, file.name + " does not contain a mapping",
                 "settings are written as `name: value` lines");
  }
  return std::move(parsed->get_object());
}

Result<void> merge_files(const std::vector<ConfigFile>& files, LocalDocument& out) {
  for (const ConfigFile& file : files) {
    auto document = parse_document(file, out.warnings);
    if (!document) return document.error();
    overlay_origins(out.origins, "", *document, out.document, file.name);
    patch_config(out.document, *document);
    out.layers.push_back({file.name, std::move(*document), yaml_lines(file.text), {}});
  }
  return {};
}

void merge_environment(const EnvironmentDocument& environment, LocalDocument& out) {
  for (const auto& [path, source] : environment.origins) {
    forget_below(out.origins, path);
    out.origins[path] = source;
  }
  patch_config(out.document, environment.document);
  if (!environment.document.empty()) {
    out.layers.push_back({"environment", environment.document, {}, environment.origins});
  }
  out.warnings.insert(out.warnings.end(), environment.warnings.begin(), environment.warnings.end());
}

}  // namespace

std::string join_key(std::string_view prefix, std::string_view key) {
  if (prefix.empty()) return std::string(key);
  return std::string(prefix) + "." + std::string(key);
}

bool is_secret_path(std::string_view path) {
  const auto is_secret = [](std::string_view name) {
    return name.find("password") != name.npos || name.find("secret") != name.npos || name == "token" ||
           name == "auth" || name == "auth_data";
  };
  const std::vector<std::string> names = split(path, '.');
  return std::any_of(names.begin(), names.end(), is_secret);
}

void record_origins(Origins& origins, const std::string& path, const json::value& value, const std::string& source) {
  forget_below(origins, path);
  if (!value.is_object() || value.get_object().empty()) {
    origins[path] = source;
    return;
  }
  for (const auto& [key, item] : value.get_object()) record_origins(origins, join_key(path, key), item, source);
}

bool is_settings_variable(std::string_view name) {
  return name.starts_with("PATRONI_") || name.starts_with("TAMADA_");
}

bool is_config_file_name(std::string_view name) {
  return name.ends_with(".yml") || name.ends_with(".yaml");
}

Result<LocalDocument> load_local_document(const LocalSources& sources) {
  LocalDocument out;
  if (sources.from_path) {
    if (auto merged = merge_files(sources.files, out); !merged) return merged.error();
    merge_environment(read_environment(sources.environment, out.document, false), out);
    return out;
  }
  const auto whole = sources.environment.find("PATRONI_CONFIGURATION");
  const bool in_one_variable = whole != sources.environment.end() && !whole->second.empty();
  if (in_one_variable) {
    const ConfigFile file{"environment PATRONI_CONFIGURATION", whole->second};
    if (auto merged = merge_files({file}, out); !merged) return merged.error();
  }
  // Beside a whole configuration in one variable no other variable of the old names counts.
  merge_environment(read_environment(sources.environment, out.document, in_one_variable), out);
  return out;
}

}  // namespace tamada
