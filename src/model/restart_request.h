// What an operator asks of one member: to restart PostgreSQL, at once or at a time.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "model/compatibility.h"

namespace tamada {

struct RestartRequest {
  std::string role;              // "" = any; primary, replica, standby_leader
  std::string postgres_version;  // "" = any
  bool only_pending = false;
  std::optional<std::chrono::seconds> timeout;
};

struct ScheduledRestart {
  RestartRequest request;
  WallTime at{};
  int offset_minutes = 0;             // of the zone in which the operator wrote it
  std::string postmaster_start_time;  // of the server that is meant; one that was started since is left alone
};

// As in the member key, field scheduled_restart (dcs.md 1.7); /patroni shows it without the start time.
json::object format_scheduled_restart(const ScheduledRestart& restart, Compatibility level);
// Error: Invalid. Unknown fields are left out.
Result<ScheduledRestart> read_scheduled_restart(const json::object& fields);

}  // namespace tamada
