// Do the conditions of a restart request hold (ha_behaviour.md 1.15)? Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "core/observation.h"

namespace tamada {

// nullopt = it may go on; else the condition that does not hold.
std::optional<std::string> why_no_restart(const RestartRequest& request, const PostgresStatus& status, Role role);

// X.Y from version 10 on, X.Y.Z before; else Invalid with the documented text (rest_api.md 12).
Result<void> check_version_condition(std::string_view text);

// "9.5.3" as 90503, "13.4" as 130004, "13" as 130000; 0 when it is no version.
int version_number(std::string_view text);

}  // namespace tamada
