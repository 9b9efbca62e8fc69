// Recovery settings of a standby: composition, comparison with what runs, need of a restart (configuration.md 4.6, 4.7,
// ha_behaviour.md 9.6). Pure.
#pragma once

#include <set>
#include <string>

#include "model/follow_target.h"
#include "postgres/server_parameters.h"

namespace tamada {

struct RecoveryRequest {
  int version = 0;
  FollowTarget follow;
  GucMap from_parameters;  // recovery settings found in `parameters`; they replace recovery_conf when there are any
};

// For recovery.conf below 12, for postgresql.conf since; names fit the version.
GucMap recovery_settings(const Settings& settings, const RecoveryRequest& request);
// Those of a custom bootstrap, with names that fit the version.
GucMap bootstrap_recovery_settings(const GucMap& configured, int version);

// primary_conninfo for the target; empty when there is nobody to follow.
std::string primary_conninfo(const Settings& settings, const FollowTarget& target, int version);
// The password file that this conninfo refers to; empty text = none is needed.
std::string follow_pgpass(const Settings& settings, const FollowTarget& target, int version);

struct ConninfoComparison {
  bool from_receiver = false;  // the running one is pg_stat_wal_receiver's: its password is hidden
  int version = 0;
};
// Every wanted key has the wanted value in the running one; defaults are filled in, extra keys are ignored.
bool same_conninfo(const std::string& wanted, const std::string& running, const ConninfoComparison& how);

// Names that differ between what is wanted and what is in force; what the daemon does not steer is not compared.
std::set<std::string> recovery_differences(const GucMap& wanted, const GucMap& in_force, int version);
bool recovery_needs_restart(const std::set<std::string>& names, int version);

}  // namespace tamada
