// Runs one coroutine at a time to its end on an event loop of its own: the commands are plain functions, the ports they
// use are asynchronous.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "base/task.h"

namespace tamada::ctl {

class LocalLoop {
 public:
  LocalLoop();
  ~LocalLoop();

  Executor executor();

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    // The lambda outlives its coroutine: run_to_end returns only when that has ended.
    auto body = [&result, &task]() -> Task<void> { result.emplace(co_await std::move(task)); };
    run_to_end(body());
    return std::move(*result);
  }
  void run(Task<void> task) { run_to_end(std::move(task)); }

 private:
  void run_to_end(Task<void> task);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tamada::ctl
