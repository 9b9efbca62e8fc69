#include "host/system_clock.h"

#include <sys/random.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/invariant.h"

namespace tamada {

namespace asio = boost::asio;

Instant SystemClock::now() const {
  timespec t{};
  INVARIANT(clock_gettime(CLOCK_BOOTTIME, &t) == 0);
  return Instant(std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_nsec / 1000));
}

WallTime SystemClock::wall_now() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

Task<void> SystemClock::sleep_until(Instant when) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (Instant current = now(); current < when; current = now()) {
    // Not when - current: kLongAgo and kNever would overflow a plain sum with the steady clock's own range.
    timer.expires_after(std::min<Duration>(when - current, kResumeCheck));
    co_await timer.async_wait(asio::use_awaitable);
  }
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
