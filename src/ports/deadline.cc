#include "ports/deadline.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/async.h"

namespace tamada {

namespace asio = boost::asio;

namespace {

// Asio's operator || would do, but it starts a coroutine for the clock's side as well and ends it with an exception:
// too dear for something that nearly every wait of the daemon goes through.
struct Race {
  asio::cancellation_signal cancel;
  std::unique_ptr<Alarm> alarm;
  bool late = false;
};

}  // namespace

Task<bool> with_deadline(Clock& clock, Instant deadline, Task<void> task) {
  const Executor executor = co_await asio::this_coro::executor;
  auto race = std::make_shared<Race>();
  auto initiate = [&](auto handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([weak = std::weak_ptr(race)](asio::cancellation_type type) {
        if (auto mine = weak.lock()) mine->cancel.emit(type);
      });
    }
    auto ended = [handler = std::move(handler), race](std::exception_ptr error) mutable {
      race->alarm.reset();
      auto outer = asio::get_associated_cancellation_slot(handler);
      if (outer.is_connected()) outer.clear();
      if (race->late && is_cancellation(error)) error = nullptr;
      std::move(handler)(error);
    };
    asio::co_spawn(executor, std::move(task), asio::bind_cancellation_slot(race->cancel.slot(), std::move(ended)));
    // After the task's beginning: what ends at once needs no alarm to be in time.
    race->alarm = clock.alarm(executor, deadline, [weak = std::weak_ptr(race)] {
      auto mine = weak.lock();
      if (!mine) return;
      mine->late = true;
      mine->cancel.emit(asio::cancellation_type::terminal);
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void(std::exception_ptr)>(initiate,
                                                                                                 asio::use_awaitable);
  co_return !race->late;
}

}  // namespace tamada
