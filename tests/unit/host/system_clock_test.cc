#include "host/system_clock.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "support/run_task.h"

namespace tamada {
namespace {

using testing::run_task;

// How many handlers run during a sleep; each is a wake-up or two.
int handlers_of_sleep(Duration length) {
  SystemClock clock;
  boost::asio::io_context io;
  TaskScope scope(io.get_executor());
  const Instant until = clock.now() + length;
  scope.spawn(clock.sleep_until(until));
  int handlers = 0;
  while (io.run_one() != 0) ++handlers;
  EXPECT_GE(clock.now(), until);
  EXPECT_LT(clock.now(), until + 500ms);
  return handlers;
}

TEST(SystemClock, a_long_sleep_does_not_wake_more_often_than_a_short_one) {
  const Duration check = SystemClock::kResumeCheck;
  EXPECT_EQ(handlers_of_sleep(check * 2 + 200ms), handlers_of_sleep(check + 200ms));
}

TEST(SystemClock, a_long_sleep_can_be_cancelled_at_any_time) {
  SystemClock clock;
  boost::asio::io_context io;
  TaskScope scope(io.get_executor());
  scope.spawn(clock.sleep_until(clock.now() + 60s));
  auto stop_later = [&]() -> Task<void> {
    co_await clock.sleep_for(SystemClock::kResumeCheck + 200ms);
    co_await scope.stop();
  };
  const Instant began = clock.now();
  run_task(io, stop_later());
  EXPECT_LT(clock.now() - began, 5s);
}

TEST(SystemClock, without_a_free_descriptor_a_sleep_is_as_long) {
  boost::asio::io_context io;
  SystemClock clock;
  auto short_sleep = [&]() -> Task<void> { co_await clock.sleep_for(1ms); };
  run_task(io, short_sleep());  // what Asio itself needs is open
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const Instant until = clock.now() + SystemClock::kResumeCheck + 200ms;
  run_task(io, clock.sleep_until(until));
  EXPECT_GE(clock.now(), until);
  EXPECT_LT(clock.now(), until + 500ms);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(SystemClock, never_is_a_time_to_sleep_until) {
  SystemClock clock;
  boost::asio::io_context io;
  TaskScope scope(io.get_executor());
  scope.spawn(clock.sleep_until(kNever));
  auto stop_later = [&]() -> Task<void> {
    co_await clock.sleep_for(SystemClock::kResumeCheck + 200ms);
    EXPECT_TRUE(scope.running(1));
    co_await scope.stop();
  };
  run_task(io, stop_later());
}

}  // namespace
}  // namespace tamada
