#include "ports/clock.h"

#include <boost/asio/this_coro.hpp>

#include "base/async.h"

namespace tamada {

Task<void> Clock::sleep_until(Instant when) {
  if (now() >= when) co_return;
  const Executor executor = co_await boost::asio::this_coro::executor;
  AsyncEvent due(executor);
  const auto set = alarm(executor, when, [&due] { due.set(); });
  co_await due.wait();
}

}  // namespace tamada
