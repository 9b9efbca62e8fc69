// What a change of the dynamic configuration would do on this member (feature C5, the dry run). Pure, any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/settings_origins.h"

namespace tamada {

// What PostgreSQL here would make of other settings, by the judgement that a reload goes by. Nothing is done by asking.
struct ParameterOutlook {
  enum class Effect { Same, Reload, Restart, Unknown };
  struct Parameter {
    Effect effect = Effect::Same;
    std::string running;  // in the largest exact unit
    std::string wanted;   // empty: no longer set
  };
  bool running = false;                         // else everything waits for the next start
  int version = 0;                              // of the data directory; 0 = unknown
  std::map<std::string, Parameter> parameters;  // by name in lower case; those not named are the same
  std::set<std::string> recovery;               // recovery settings that change, in lower case
  bool recovery_restart = false;                // a standby needs a restart for them
};

enum class ChangeEffect {
  Refused,     // the value is not taken
  Overridden,  // something local wins here
  Nothing,
  Reload,
  NextUse,
  NextStart,  // PostgreSQL does not run here
  RestartPostgres,
  RestartDaemon,
  Bootstrap,  // counts only while a cluster is made
};
std::string_view to_string(ChangeEffect effect);

// Standbys have to be restarted before the primary when such a parameter is raised, and after it when it is lowered: a
// standby with less than its primary stops replaying.
enum class RestartDirection { Any, Raised, Lowered };

struct SettingChange {
  std::string path;
  json::value from;  // in the document; null = not there
  json::value to;
  ChangeEffect effect = ChangeEffect::Nothing;
  std::string because;
  RestartDirection direction = RestartDirection::Any;
};

// The settings that `proposed` would give; the source of the input is the dynamic configuration.
BuildInput with_dynamic(const BuildInput& now, const json::object& proposed);

// One entry for each leaf that differs between the document in force and `proposed`, by path. Error as build_settings.
Result<std::vector<SettingChange>> preview_change(const SettingsInputs& now, const json::object& proposed,
                                                  const ParameterOutlook& outlook);

// [{"path", "from", "to", "effect", "because", "direction"}], only what may be shown.
json::array changes_document(const std::vector<SettingChange>& changes);

}  // namespace tamada
