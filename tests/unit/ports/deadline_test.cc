#include "ports/deadline.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "base/async.h"
#include "support/manual_clock.h"

namespace tamada {
namespace {

struct Deadline : ::testing::Test {
  Task<int> work(Duration takes, int result = 7) {
    // Destroyed with the frame, however it ends.
    const std::shared_ptr<int> local = alive;
    co_await clock.sleep_for(takes);
    co_return result;
  }
  Task<void> plain(Duration takes) { co_await clock.sleep_for(takes); }
  Task<void> failing(Duration after) {
    co_await clock.sleep_for(after);
    throw std::runtime_error("broken");
  }
  // Ends a while after it was cancelled, as a task that has something to put away.
  Task<void> stubborn(AsyncEvent& never, bool& unwound) {
    try {
      co_await never.wait();
    } catch (...) {
      unwound = true;
      throw;
    }
  }

  test::ManualClock clock;
  std::shared_ptr<int> alive = std::make_shared<int>();
};

TEST_F(Deadline, a_result_in_time_is_passed_on) {
  const Instant began = clock.now();
  EXPECT_EQ(clock.run(with_deadline(clock, began + 5s, work(2s))), 7);
  EXPECT_EQ(clock.now(), began + 2s);
  EXPECT_TRUE(clock.run(with_deadline(clock, began + 5s, plain(2s))));
}

TEST_F(Deadline, what_is_late_is_cancelled_and_destroyed) {
  const Instant began = clock.now();
  EXPECT_EQ(clock.run(with_deadline(clock, began + 5s, work(6s))), std::nullopt);
  EXPECT_EQ(clock.now(), began + 5s);
  EXPECT_EQ(alive.use_count(), 1);
}

TEST_F(Deadline, a_task_has_unwound_when_it_is_said_to_be_late) {
  AsyncEvent never(clock.executor());
  bool unwound = false;
  EXPECT_FALSE(clock.run(with_deadline(clock, clock.now() + 1s, stubborn(never, unwound))));
  EXPECT_TRUE(unwound);
}

TEST_F(Deadline, what_ends_at_once_is_in_time_though_the_deadline_has_passed) {
  EXPECT_EQ(clock.run(with_deadline(clock, clock.now() - 1s, work(0s))), 7);
  EXPECT_EQ(clock.run(with_deadline(clock, clock.now() - 1s, work(1s))), std::nullopt);
}

TEST_F(Deadline, an_exception_passes_and_stops_the_alarm) {
  const Instant began = clock.now();
  EXPECT_THROW(clock.run(with_deadline(clock, began + 5s, failing(1s))), std::runtime_error);
  EXPECT_EQ(clock.now(), began + 1s);
}

TEST_F(Deadline, who_waits_may_be_cancelled) {
  TaskScope::Id id = 0;
  bool ended = false;
  auto outer = [&]() -> Task<bool> {
    struct AtEnd {
      bool& flag;
      ~AtEnd() { flag = true; }
    } at_end{ended};
    co_return co_await with_deadline(clock, clock.now() + 1h, plain(2h));
  };
  const auto result = clock.start(outer(), &id);
  clock.cancel(id);
  EXPECT_TRUE(ended);
  EXPECT_FALSE(result());
}

TEST_F(Deadline, one_inside_another_each_counts_for_itself) {
  const Instant began = clock.now();
  auto inner = with_deadline(clock, began + 1s, plain(1h));
  auto both = with_deadline(clock, began + 10s, std::move(inner));
  EXPECT_EQ(clock.run(std::move(both)), false);
  EXPECT_EQ(clock.now(), began + 1s);
}

}  // namespace
}  // namespace tamada
