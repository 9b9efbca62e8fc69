// Where every effective setting comes from and what it overrode (feature C5). Pure, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/settings_build.h"

namespace tamada {

// What the settings in force were built from.
struct SettingsInputs {
  BuildInput build;
  std::vector<SettingsLayer> layers;  // of the local configuration, weakest first
};

struct SettingOrigin {
  enum class Standing {
    AsSet,
    Corrected,      // what somebody set is not taken as it is; the note says why
    Hidden,         // something stronger replaced or removed it
    WithoutEffect,  // where it stands nobody reads it
  };
  struct Other {
    std::string source;
    json::value value;
    std::string why;       // why it could not win, where it is not simply weaker
    bool dynamic = false;  // from the dynamic configuration
  };
  std::string path;
  json::value value;   // in force; null: nothing is
  std::string source;  // "default", "/etc/patroni.yml line 12", "environment PATRONI_NAME", "forced", ...
  std::string note;    // why the value is not what the source says, or has no effect
  Standing standing = Standing::AsSet;
  bool dynamic = false;         // the source is the dynamic configuration
  std::vector<Other> overrode;  // strongest first
};

// Every setting that somebody set or that has a default, by path. What has no effect is there with its reason and
// without a value. Error as build_settings.
Result<std::vector<SettingOrigin>> settings_origins(const SettingsInputs& inputs);

const SettingOrigin* find_origin(const std::vector<SettingOrigin>& origins, std::string_view path);

// What may be shown to operators: secrets become "***", also passwords inside URLs and connection strings.
json::value shown_value(std::string_view path, const json::value& value);

// [{"path", "value", "source", "note", "overrode": [{"source", "value", "why"}]}]: only what may be shown; empty notes
// and reasons are left out.
json::array origins_document(const std::vector<SettingOrigin>& origins);

// The leaves of a document by dotted path; lists are leaves, and so are empty mappings.
std::map<std::string, json::value> setting_leaves(const json::object& document);

// Paths below postgresql.parameters are compared in lower case, as PostgreSQL does.
std::string canonical_setting_path(std::string_view path);

}  // namespace tamada
