#include "sim/clock.h"

namespace tamada::sim {

WallTime SimClock::wall_now() const {
  return wall_time(process_.host(), process_.world().now());
}

Task<void> SimClock::sleep_until(Instant when) {
  while (now() < when) co_await process_.wait(process_.clock_changed(), world_time(process_, when));
}

}  // namespace tamada::sim
