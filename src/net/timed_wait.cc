#include "net/timed_wait.h"

#include <algorithm>
#include <memory>

#include <boost/asio/steady_timer.hpp>

namespace tamada {

namespace {
constexpr Duration kLongestWait = 24h;  // kNever does not fit into the timer's clock
}

Task<bool> wait_until(Executor executor, WaitList& list, Duration limit) {
  if (limit <= Duration::zero()) co_return false;
  // Lives as long as this wait: an expiry that is already queued when the wait ends must not touch the list.
  auto expired = std::make_shared<bool>(false);
  boost::asio::steady_timer timer(executor, std::min<Duration>(limit, kLongestWait));
  timer.async_wait([&list, guard = std::weak_ptr<bool>(expired)](boost::system::error_code ec) {
    auto flag = guard.lock();
    if (ec || !flag) return;
    *flag = true;
    list.resume_all();
  });
  co_await list.wait();
  co_return !*expired;
}

}  // namespace tamada
