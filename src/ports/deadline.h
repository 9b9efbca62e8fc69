// Racing a task against the clock.
#pragma once

#include <optional>
#include <utility>

#include "ports/clock.h"

namespace tamada {

// True when the task ended in time. False when `deadline` came first; then the task was cancelled and has unwound.
Task<bool> with_deadline(Clock& clock, Instant deadline, Task<void> task);

namespace detail {
template <class T>
Task<void> keep_result(Task<T> task, std::optional<T>& result) {
  result.emplace(co_await std::move(task));
}
}  // namespace detail

// The task's result, or nullopt when `deadline` came first.
template <class T>
Task<std::optional<T>> with_deadline(Clock& clock, Instant deadline, Task<T> task) {
  std::optional<T> result;
  const bool in_time = co_await with_deadline(clock, deadline, detail::keep_result(std::move(task), result));
  if (!in_time) co_return std::nullopt;
  co_return std::move(result);
}

}  // namespace tamada
