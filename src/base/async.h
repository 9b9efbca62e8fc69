// Building blocks for coroutines on one thread. Everything here belongs to the thread of its executor.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>

#include <boost/asio/cancellation_signal.hpp>

#include "base/task.h"

namespace tamada {

namespace detail {
struct WaitNode {
  virtual ~WaitNode() = default;
  virtual void complete(bool cancelled) = 0;
};
}  // namespace detail

// Suspended coroutines that somebody will resume. Resuming posts to the executor; it never runs the waiter inside the
// call. Destroying the list drops the waiting coroutines: Asio destroys their frames through the executor, or with the
// io_context (a killed process in the simulator).
class WaitList {
 public:
  explicit WaitList(Executor executor) : executor_(std::move(executor)) {}
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;

  Task<void> wait();  // cancellable
  void resume_all();
  bool resume_one();  // oldest first; false when nobody waits
  bool empty() const { return nodes_.empty(); }
  void drop_all() { nodes_.clear(); }  // destroys the waiting coroutines without resuming them

 private:
  Executor executor_;
  std::list<std::unique_ptr<detail::WaitNode>> nodes_;
};

// A flag to wait for. Stays set until reset.
class AsyncEvent {
 public:
  explicit AsyncEvent(Executor executor) : waiters_(std::move(executor)) {}
  Task<void> wait();
  void set() {
    set_ = true;
    waiters_.resume_all();
  }
  void reset() { set_ = false; }
  bool is_set() const { return set_; }

 private:
  WaitList waiters_;
  bool set_ = false;
};

// Background coroutines with one owner. stop() cancels all of them and waits for their end; it must have ended before
// the scope is destroyed, unless the whole executor is being dropped.
class TaskScope {
 public:
  explicit TaskScope(Executor executor);
  ~TaskScope();

  using Id = std::uint64_t;
  // `on_end` runs when the task has ended, with the exception that ended it (null for a normal end). A cancelled task
  // ends with operation_aborted. Without on_end any other exception is a bug and ends the process.
  Id spawn(Task<void> task, std::function<void(std::exception_ptr)> on_end = {});
  void cancel(Id id);
  bool running(Id id) const;
  Task<void> stop();
  Executor executor() const { return executor_; }

 private:
  struct State;
  Executor executor_;
  std::shared_ptr<State> state_;
};

// True for the exception that cancellation throws out of a co_await.
bool is_cancellation(const std::exception_ptr& error);

}  // namespace tamada
