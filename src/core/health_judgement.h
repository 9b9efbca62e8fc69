// What the looks at PostgreSQL's health mean under the policies of the settings (docs/health.md). Pure.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "model/health.h"

namespace tamada {

struct HealthVerdict {
  enum class Level {
    Unknown,  // nothing was found out yet
    Good,
    Suspect,  // trouble that has not lasted long enough, or that is only told
    Sick,     // trouble under the policy `failover` has lasted for its time
  };
  Level level = Level::Unknown;
  std::string because;               // of Suspect and Sick: the gravest trouble
  std::vector<std::string> details;  // one line for each trouble
  Instant look_again = kNever;       // when time alone makes it worse
  bool sick() const { return level == Level::Sick; }
};

HealthVerdict judge_health(const HealthReport& report, const HealthSettings& settings, Instant now);

}  // namespace tamada
