// Racing a task against the clock. Heavy to include: only where it is used.
#pragma once

#include <exception>
#include <optional>
#include <utility>
#include <variant>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>

#include "ports/clock.h"

namespace tamada {

// The task's result, or nullopt when `deadline` came first; then the task was cancelled and has unwound.
template <class T>
Task<std::optional<T>> with_deadline(Clock& clock, Instant deadline, Task<T> task) {
  using namespace boost::asio::experimental::awaitable_operators;
  try {
    auto result = co_await (std::move(task) || clock.sleep_until(deadline));
    if (result.index() == 0) co_return std::optional<T>(std::move(std::get<0>(result)));
  } catch (const boost::asio::multiple_exceptions& both) {
    // Cancelled from outside: both sides threw. Callers know operation_aborted only.
    std::rethrow_exception(both.first_exception());
  }
  co_return std::nullopt;
}

// The same for a task without a value: true when it ended in time.
inline Task<bool> with_deadline(Clock& clock, Instant deadline, Task<void> task) {
  using namespace boost::asio::experimental::awaitable_operators;
  try {
    auto result = co_await (std::move(task) || clock.sleep_until(deadline));
    co_return result.index() == 0;
  } catch (const boost::asio::multiple_exceptions& both) {
    std::rethrow_exception(both.first_exception());
  }
}

}  // namespace tamada
