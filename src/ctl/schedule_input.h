// Moments as operators type them for --scheduled (cli.md 4.4). The server decides whether the moment is acceptable.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace tamada::ctl {

struct Schedule {
  WallTime time;
  int offset_minutes = 0;

  std::string iso() const;     // 2027-01-01T10:00:00+00:00, what is sent
  std::string spaced() const;  // 2027-01-01 10:00:00+00:00, what restart asks to confirm
};

// nullopt for "" and "now". ISO 8601, or a bare time of day for today; without a zone the local one is assumed.
Result<std::optional<Schedule>> parse_schedule(std::string_view text, WallTime now);

// "2026-11-23T06:19": an hour from now, the example in the prompts.
std::string schedule_example(WallTime now);

}  // namespace tamada::ctl
