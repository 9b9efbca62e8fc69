// Small steps beside every plan that keep the store's keys and PostgreSQL's slots in order. Pure.
#pragma once

#include <vector>

#include "core/facts.h"
#include "core/observation.h"
#include "core/rule.h"

namespace tamada {

std::vector<Chore> chores_for(const Then& then, const Facts& facts, const Observation& observation,
                              const Memory& memory, const Settings& settings);

}  // namespace tamada
