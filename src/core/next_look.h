// When a decision has to be made again although nothing happened: the end of the nearest hold-off or timeout. Pure.
#pragma once

#include "core/facts.h"
#include "core/memory.h"
#include "core/observation.h"

namespace tamada {

Instant next_look(const Facts& facts, const Observation& observation, const Memory& memory, Instant now, WallTime wall,
                  const Settings& settings);

}  // namespace tamada
