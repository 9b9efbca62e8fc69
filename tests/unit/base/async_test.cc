#include "base/async.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

namespace tamada {
namespace {

TEST(TaskScope, stop_cancels_waiting_tasks_and_waits_for_their_end) {
  boost::asio::io_context io;
  WaitList list(io.get_executor());
  TaskScope scope(io.get_executor());
  bool cancelled = false;
  auto body = [&]() -> Task<void> { co_await list.wait(); };
  scope.spawn(body(), [&](std::exception_ptr e) { cancelled = is_cancellation(e); });
  io.poll();
  io.restart();
  bool stopped = false;
  TaskScope other(io.get_executor());
  auto stopper = [&]() -> Task<void> {
    co_await scope.stop();
    stopped = true;
  };
  other.spawn(stopper());
  io.poll();
  EXPECT_TRUE(cancelled);
  EXPECT_TRUE(stopped);
  EXPECT_TRUE(list.empty());
}

TEST(AsyncEvent, resumes_every_waiter_once_set) {
  boost::asio::io_context io;
  AsyncEvent event(io.get_executor());
  TaskScope scope(io.get_executor());
  int resumed = 0;
  auto body = [&]() -> Task<void> {
    co_await event.wait();
    ++resumed;
  };
  scope.spawn(body());
  scope.spawn(body());
  io.poll();
  EXPECT_EQ(resumed, 0);
  event.set();
  io.restart();
  io.poll();
  EXPECT_EQ(resumed, 2);
}

TEST(WaitList, destroying_it_destroys_the_waiting_coroutine) {
  boost::asio::io_context io;
  auto list = std::make_unique<WaitList>(io.get_executor());
  TaskScope scope(io.get_executor());
  auto alive = std::make_shared<int>(1);
  auto body = [&list](std::shared_ptr<int> keep) -> Task<void> {
    co_await list->wait();
    (void)keep;
  };
  scope.spawn(body(alive));
  io.poll();
  EXPECT_EQ(alive.use_count(), 2);
  list.reset();
  io.restart();
  io.poll();  // Asio unwinds a dropped coroutine through its executor
  EXPECT_EQ(alive.use_count(), 1);
}

}  // namespace
}  // namespace tamada
