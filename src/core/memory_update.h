// What the brain notes down from an observation before it decides: who led last, since when nobody leads, whether the
// store went back, when PostgreSQL failed first. Pure.
#pragma once

#include "core/memory.h"
#include "core/observation.h"

namespace tamada {

Memory remember(Memory memory, const Observation& observation, Instant now, const Settings& settings);

// The role to publish after a decision on this observation.
Role published_role(const Memory& memory, const Observation& observation, const Settings& settings);

// Ask for a comparison of timelines with the leader, unless a rewind is known to be needed (ha_behaviour.md 4.2).
void request_history_check(Memory& memory);

}  // namespace tamada
