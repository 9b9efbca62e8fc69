// From settings and circumstances to the configuration work of one start, follow or reload (config_files.h). Pure.
#pragma once

#include <optional>
#include <string>

#include "postgres/config_check.h"
#include "postgres/config_files.h"
#include "postgres/recovery_settings.h"

namespace tamada {

struct ConfigCircumstances {
  int version = 0;
  std::optional<std::string> synchronous_standby_names;
  std::optional<ControlData> control;      // raises values of a standby
  bool custom_bootstrap = false;           // kCustomBootstrapMarker is there
  std::vector<std::string> own_addresses;  // for its pg_hba.conf
  Corrections corrections;                 // what this PostgreSQL refused before
};

// What the server is to be.
struct RecoveryWish {
  enum class Kind {
    Primary,   // no recovery files, no recovery settings
    Standby,   // of `follow`
    Targeted,  // `recovery_conf` of a custom bootstrap
    Keep,      // leave the recovery files; postgresql.conf goes on showing `keep`
  };
  Kind kind = Kind::Keep;
  FollowTarget follow;
  GucMap recovery_conf;
  GucMap keep;
};

struct ConfigPlan {
  ConfigWork work;
  ServerParameters parameters;
  GucMap recovery;  // what will be in force once it took effect
};

ConfigPlan plan_config(const Settings& settings, const ConfigCircumstances& now, const RecoveryWish& wish);

}  // namespace tamada
