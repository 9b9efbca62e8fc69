#include "host/system_clock.h"

#include <sys/random.h>

#include <cerrno>

#include "base/invariant.h"
#include "host/boot_timer.h"

namespace tamada {

Instant SystemClock::now() const {
  return boot_time();
}

WallTime SystemClock::wall_now() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

std::unique_ptr<Alarm> SystemClock::alarm(const Executor& executor, Instant when, std::function<void()> then) {
  return BootTimer::of(executor).alarm(when, std::move(then));
}

std::uint64_t SystemRandom::below(std::uint64_t bound) {
  INVARIANT(bound > 0);
  // Values past the last full multiple of bound would favour small results.
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  for (;;) {
    std::uint64_t value = 0;
    if (getrandom(&value, sizeof value, 0) != sizeof value) {
      INVARIANT(errno == EINTR);
      continue;
    }
    if (value < limit) return value % bound;
  }
}

}  // namespace tamada
