#include "host/system_clock.h"

#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/invariant.h"
#include "host/unique_fd.h"

namespace tamada {

namespace asio = boost::asio;

namespace {

// Asio's own timers stand still during suspend; this one does not. Returns at once when there is no descriptor left.
Task<void> boot_time_alarm(Instant when) {
  UniqueFd fd(::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!fd) co_return;
  const auto since_boot = when.time_since_epoch();
  const auto whole = std::chrono::floor<std::chrono::seconds>(since_boot);
  itimerspec at{};
  at.it_value.tv_sec = whole.count();
  at.it_value.tv_nsec = std::chrono::nanoseconds(since_boot - whole).count();
  INVARIANT(::timerfd_settime(fd.get(), TFD_TIMER_ABSTIME, &at, nullptr) == 0);
  asio::posix::stream_descriptor alarm(co_await asio::this_coro::executor);
  boost::system::error_code ec;
  alarm.assign(fd.get(), ec);
  if (ec) co_return;
  fd.release();
  co_await alarm.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
}

}  // namespace

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
    // Most sleeps are short or soon cancelled; only the others pay for an alarm, and then wake no more until it is due.
    if (now() < when) co_await boot_time_alarm(when);
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
