// Runs one task to its end on an io_context of its own, with the real clock; for tests of adapters.
#pragma once

#include <optional>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "base/async.h"

namespace tamada::testing {

template <class T>
T run_task(boost::asio::io_context& io, Task<T> task) {
  std::optional<T> result;
  TaskScope scope(io.get_executor());
  auto body = [](Task<T> inner, std::optional<T>& out) -> Task<void> { out.emplace(co_await std::move(inner)); };
  bool ended = false;
  scope.spawn(body(std::move(task), result), [&](std::exception_ptr error) {
    ended = true;
    if (error) std::rethrow_exception(error);
  });
  io.restart();
  while (!ended) io.run_one();
  return std::move(*result);
}

inline void run_task(boost::asio::io_context& io, Task<void> task) {
  auto body = [](Task<void> inner) -> Task<bool> {
    co_await std::move(inner);
    co_return true;
  };
  run_task<bool>(io, body(std::move(task)));
}

}  // namespace tamada::testing
