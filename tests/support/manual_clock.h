// Time that only a test moves. Tasks that sleep run when it reaches them, in the order of their times.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "base/async.h"
#include "ports/clock.h"

namespace tamada::test {

class ManualClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  WallTime wall_now() const override { return WallTime(std::chrono::seconds(1795410000)) + now_.time_since_epoch(); }
  Task<void> sleep_until(Instant when) override {
    if (now_ >= when) co_return;
    struct Wish {
      Wish(std::multiset<Instant>& all, Instant at) : all_(all), it_(all.insert(at)) {}
      Wish(const Wish&) = delete;
      ~Wish() { all_.erase(it_); }
      std::multiset<Instant>& all_;
      std::multiset<Instant>::iterator it_;
    } wish(wishes_, when);
    while (now_ < when) co_await ticks_.wait();
  }

  Executor executor() { return io_.get_executor(); }
  // Runs what can run without time passing.
  void settle() {
    io_.restart();
    io_.poll();
  }
  void advance(Duration by) {
    const Instant target = now_ + by;
    for (;;) {
      settle();
      const auto next = wishes_.upper_bound(now_);
      if (next == wishes_.end() || *next > target) break;
      now_ = *next;
      ticks_.resume_all();
    }
    now_ = target;
    settle();
  }
  // Time passes at once, as for a process that did not run.
  void freeze(Duration by) {
    now_ += by;
    ticks_.resume_all();
    settle();
  }

  // Runs the task to its end, letting as much time pass as it takes.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    auto body = [](Task<T> inner, std::optional<T>& out) -> Task<void> { out.emplace(co_await std::move(inner)); };
    run(body(std::move(task), result));
    return std::move(*result);
  }
  void run(Task<void> task) {
    bool ended = false;
    scope_.spawn(std::move(task), [&](std::exception_ptr error) {
      ended = true;
      if (error) std::rethrow_exception(error);
    });
    settle();
    while (!ended) {
      if (wishes_.empty()) throw std::logic_error("the task waits for nothing that will come");
      advance(*wishes_.upper_bound(now_) - now_);
    }
  }
  // Starts a task that a test looks at later.
  template <class T>
  std::function<std::optional<T>()> start(Task<T> task, TaskScope::Id* id = nullptr) {
    auto result = std::make_shared<std::optional<T>>();
    auto body = [](Task<T> inner, std::shared_ptr<std::optional<T>> out) -> Task<void> {
      out->emplace(co_await std::move(inner));
    };
    const TaskScope::Id started = scope_.spawn(body(std::move(task), result), [](std::exception_ptr error) {
      if (error && !is_cancellation(error)) std::rethrow_exception(error);
    });
    if (id != nullptr) *id = started;
    settle();
    return [result] { return *result; };
  }
  void cancel(TaskScope::Id id) {
    scope_.cancel(id);
    settle();
  }

 private:
  std::multiset<Instant> wishes_;
  boost::asio::io_context io_;
  WaitList ticks_{io_.get_executor()};
  TaskScope scope_{io_.get_executor()};
  Instant now_{Duration(1000s)};
};

}  // namespace tamada::test
