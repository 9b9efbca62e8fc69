// Two kinds of time. Instant: a monotonic clock that goes on during suspend (CLOCK_BOOTTIME), for every deadline and
// validity. WallTime: the calendar, for schedules and display only. Nothing reads a clock directly: see ports/clock.h.
#pragma once

#include <chrono>

namespace tamada {

using Duration = std::chrono::microseconds;

struct BootClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};

using Instant = BootClock::time_point;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

constexpr Instant kNever = Instant::max();
constexpr Instant kLongAgo = Instant::min();

using namespace std::chrono_literals;

inline double to_seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace tamada
