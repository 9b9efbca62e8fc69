#include "host/system_clock.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <vector>

#include "support/run_task.h"

namespace tamada {
namespace {

using testing::run_task;

class SystemClockTest : public ::testing::Test {
 protected:
  std::unique_ptr<Alarm> alarm_at(Instant when, std::string name) {
    return clock_.alarm(io_.get_executor(), when, [this, name] { rung_.push_back(name); });
  }
  std::unique_ptr<Alarm> alarm(Duration after, std::string name) { return alarm_at(clock_.now() + after, name); }
  SystemClock clock_;
  boost::asio::io_context io_;
  std::vector<std::string> rung_;
};

TEST_F(SystemClockTest, nobody_is_woken_before_an_alarm_is_due) {
  const Instant until = clock_.now() + 1500ms;
  TaskScope scope(io_.get_executor());
  scope.spawn(clock_.sleep_until(until));
  int handlers = 0;
  while (scope.running(1) && io_.run_one() != 0) ++handlers;
  EXPECT_GE(clock_.now(), until);
  EXPECT_LT(clock_.now(), until + 500ms);
  EXPECT_LE(handlers, 4);  // the start, the timer, the sleeper, the end of the task
}

TEST_F(SystemClockTest, alarms_ring_in_the_order_of_their_times) {
  const auto late = alarm(60ms, "late");
  const auto never = alarm_at(kNever, "never");
  const auto always = alarm_at(kLongAgo, "always");
  const auto past = alarm(-5s, "past");
  const auto early = alarm(20ms, "early");
  EXPECT_TRUE(rung_.empty());  // not from inside the call
  io_.run_for(300ms);
  EXPECT_EQ(rung_, (std::vector<std::string>{"always", "past", "early", "late"}));
}

TEST_F(SystemClockTest, an_alarm_that_is_destroyed_does_not_ring_and_the_others_do) {
  const auto later = alarm(60ms, "later");
  auto first = alarm(10ms, "first");
  first.reset();
  io_.run_for(30ms);
  EXPECT_TRUE(rung_.empty());
  io_.run_for(200ms);
  EXPECT_EQ(rung_, std::vector<std::string>{"later"});
}

TEST_F(SystemClockTest, an_alarm_may_destroy_itself_and_its_neighbour) {
  std::vector<std::unique_ptr<Alarm>> both;
  const Instant at = clock_.now() + 10ms;
  for (int i = 0; i < 2; ++i) {
    both.push_back(clock_.alarm(io_.get_executor(), at, [&] {
      rung_.push_back("one");
      both.clear();
    }));
  }
  io_.run_for(100ms);
  EXPECT_EQ(rung_.size(), 1u);
}

TEST_F(SystemClockTest, an_alarm_may_outlive_the_executor) {
  std::unique_ptr<Alarm> alarm;
  {
    boost::asio::io_context io;
    alarm = clock_.alarm(io.get_executor(), clock_.now() + 1s, [] {});
  }
  alarm.reset();
}

TEST_F(SystemClockTest, a_sleep_can_be_cancelled_at_any_time) {
  TaskScope scope(io_.get_executor());
  scope.spawn(clock_.sleep_until(kNever));
  auto stop_later = [&]() -> Task<void> {
    co_await clock_.sleep_for(100ms);
    EXPECT_TRUE(scope.running(1));
    co_await scope.stop();
  };
  const Instant began = clock_.now();
  run_task(io_, stop_later());
  EXPECT_LT(clock_.now() - began, 5s);
}

TEST_F(SystemClockTest, without_a_free_descriptor_a_sleep_is_as_long) {
  auto short_sleep = [&]() -> Task<void> { co_await clock_.sleep_for(1ms); };
  run_task(io_, short_sleep());  // the one timer is there
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const Instant until = clock_.now() + 200ms;
  run_task(io_, clock_.sleep_until(until));
  EXPECT_GE(clock_.now(), until);
  EXPECT_LT(clock_.now(), until + 500ms);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace tamada
