#include "sim/clock.h"

namespace tamada::sim {

WallTime SimClock::wall_now() const {
  return wall_time(process_.host(), process_.world().now());
}

std::unique_ptr<Alarm> SimClock::alarm(const Executor&, Instant when, std::function<void()> then) {
  return std::make_unique<SimAlarm>(process_, when, std::move(then));
}

}  // namespace tamada::sim
