#include "sim/clock.h"

namespace tamada::sim {

namespace {
constexpr WallTime kCalendarStart{std::chrono::seconds(1767225600)};  // 2026-01-01
}

WallTime SimClock::wall_now() const {
  return kCalendarStart + process_.world().now() + process_.host().wall_offset;
}

Task<void> SimClock::sleep_until(Instant when) {
  while (now() < when) co_await process_.wait(process_.clock_changed(), world_time(process_, when));
}

}  // namespace tamada::sim
