// Task<T>: the one coroutine type of the project (an Asio awaitable). A task runs on the executor it was spawned on;
// cancelling it (Asio's cancellation slot, type terminal) throws boost::system::system_error with operation_aborted out
// of the innermost co_await, so that destructors undo what is half done. Include this header, not Asio's.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace tamada {

template <class T = void>
using Task = boost::asio::awaitable<T>;

using Executor = boost::asio::any_io_executor;

}  // namespace tamada
