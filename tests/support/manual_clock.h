// Time that only a test moves. Tasks that sleep run when it reaches them, in the order of their times.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
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
  std::unique_ptr<Alarm> alarm(const Executor&, Instant when, std::function<void()> then) override {
    auto made = std::make_unique<Set>(alarms_, std::move(then));
    made->place = alarms_.emplace(when, made.get());
    return made;
  }

  Executor executor() { return io_.get_executor(); }
  // Runs what can run without time passing.
  void settle() {
    do {
      io_.restart();
      io_.poll();
    } while (ring());
  }
  void advance(Duration by) {
    const Instant target = now_ + by;
    for (;;) {
      settle();
      if (alarms_.empty() || alarms_.begin()->first > target) break;
      now_ = alarms_.begin()->first;
    }
    now_ = target;
    settle();
  }
  // Time passes at once, as for a process that did not run.
  void freeze(Duration by) {
    now_ += by;
    settle();
  }

  // From inside a task: something took long without giving anybody else a turn.
  void skip(Duration by) { now_ += by; }

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
      if (alarms_.empty()) throw std::logic_error("the task waits for nothing that will come");
      advance(alarms_.begin()->first - now_);
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
  struct Set final : Alarm {
    Set(std::multimap<Instant, Set*>& all, std::function<void()> t) : alarms(all), then(std::move(t)) {}
    ~Set() override {
      if (place) alarms.erase(*place);
    }
    std::multimap<Instant, Set*>& alarms;
    std::function<void()> then;
    std::optional<std::multimap<Instant, Set*>::iterator> place;  // until it rang
  };
  bool ring() {
    if (alarms_.empty() || alarms_.begin()->first > now_) return false;
    Set* due = alarms_.begin()->second;
    alarms_.erase(*std::exchange(due->place, std::nullopt));
    const auto then = std::move(due->then);
    then();
    return true;
  }

  std::multimap<Instant, Set*> alarms_;
  boost::asio::io_context io_;
  TaskScope scope_{io_.get_executor()};
  Instant now_{Duration(1000s)};
};

}  // namespace tamada::test
