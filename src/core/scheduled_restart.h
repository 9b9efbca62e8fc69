// What the restart that is scheduled for this member means now (ha_behaviour.md 1.15). Pure.
#pragma once

#include <string>

#include "core/memory.h"
#include "core/observation.h"

namespace tamada {

struct ScheduledRestartVerdict {
  enum class Kind {
    None,
    Awaited,    // its time has not come, or nothing can be told just now
    Due,        // its time is now and its conditions hold
    Cancelled,  // it will never take place
  };
  Kind kind = Kind::None;
  std::string because;
};
ScheduledRestartVerdict judge_scheduled_restart(const Observation& observation, const Memory& memory, WallTime wall,
                                                const Settings& settings);

}  // namespace tamada
