#include "host/blocking_pool.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "host/system_clock.h"
#include "support/run_task.h"

namespace tamada {
namespace {

using testing::run_task;

// Work that hangs until it is let go.
struct Gate {
  std::mutex mutex;
  std::condition_variable wake;
  bool open = false;
  void wait() {
    std::unique_lock lock(mutex);
    wake.wait(lock, [this] { return open; });
  }
  void release() {
    std::lock_guard lock(mutex);
    open = true;
    wake.notify_all();
  }
};

TEST(BlockingPool, runs_the_work_on_another_thread_and_returns_its_value) {
  boost::asio::io_context io;
  SystemClock clock;
  BlockingPool pool(clock);
  auto here = std::this_thread::get_id();
  auto other = [here]() -> Result<bool> { return std::this_thread::get_id() != here; };
  auto result = run_task(io, pool.run("looking", other, clock.now() + 10s));
  ASSERT_TRUE(result);
  EXPECT_TRUE(*result);
}

TEST(BlockingPool, hanging_work_ends_the_call_at_the_deadline_and_touches_nothing_later) {
  auto gate = std::make_shared<Gate>();
  {
    boost::asio::io_context io;
    SystemClock clock;
    BlockingPool pool(clock);
    auto hang = [gate]() -> Result<int> {
      gate->wait();
      return 1;
    };
    auto result = run_task(io, pool.run("reading /data", hang, clock.now() + 50ms));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::Timeout);
    EXPECT_EQ(result.error().message, "reading /data did not end in time");
    EXPECT_EQ(pool.busy_threads(), 1);
  }
  gate->release();
}

TEST(BlockingPool, work_that_finds_no_free_thread_is_dropped_at_its_deadline) {
  auto gate = std::make_shared<Gate>();
  boost::asio::io_context io;
  SystemClock clock;
  BlockingPool pool(clock);
  auto hang = [gate]() -> Result<int> {
    gate->wait();
    return 1;
  };
  for (int i = 0; i < BlockingPool::kMaxThreads; ++i)
    EXPECT_FALSE(run_task(io, pool.run("hanging", hang, clock.now() + 10ms)));
  auto ran = std::make_shared<std::atomic<bool>>(false);
  auto work = [ran]() -> Result<int> {
    *ran = true;
    return 1;
  };
  EXPECT_FALSE(run_task(io, pool.run("waiting", work, clock.now() + 20ms)));
  gate->release();
  EXPECT_TRUE(run_task(io, pool.run("after", [] { return Result<int>(1); }, clock.now() + 10s)));
  EXPECT_FALSE(*ran);
}

}  // namespace
}  // namespace tamada
