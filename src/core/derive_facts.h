// Observation, memory, time and settings reduced to facts, with the reasons behind those that are calculated. Pure.
// The only place that reads an observation to judge it; rule tables see the facts alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/facts.h"
#include "core/memory.h"
#include "core/observation.h"
#include "core/timing.h"

namespace tamada {

struct Derived {
  Facts facts;
  std::vector<std::string> details;  // one line for each reason worth explaining
};

Derived derive_facts(const Observation& observation, const Memory& memory, Instant now, WallTime wall,
                     const Settings& settings);

// When the patience with a start began: the first failure (safety.md 5.2), or the start that an operator ordered.
std::optional<Instant> start_budget_since(const Memory& memory);

// A fresh view proves that the lock which our renewals prove is gone.
bool lock_disproved(const Observation& observation);

// Between two changes of the recovery settings.
constexpr Duration kFollowPause = 2s;

// Digits only and at least ten of them (dcs.md 1.3).
bool valid_system_identifier(std::string_view text);

}  // namespace tamada
