// Names of plans, modes and chores for logs, /explain, metrics and docs/decisions.md.
#pragma once

#include <string_view>

#include "core/plan.h"

namespace tamada {

std::string_view name_of(PlanKind kind);
std::string_view name_of(DemoteMode mode);
std::string_view name_of(Chore chore);

}  // namespace tamada
