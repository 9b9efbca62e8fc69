#include "base/async.h"

#include <map>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "base/invariant.h"

namespace tamada {

namespace asio = boost::asio;

namespace {

template <class Handler>
struct Node final : detail::WaitNode {
  Node(Executor ex, Handler h) : executor(std::move(ex)), handler(std::move(h)) {}
  void complete(bool cancelled) override {
    boost::system::error_code ec;
    if (cancelled) {
      ec = asio::error::operation_aborted;
    } else {
      // A cancellation that comes before the coroutine runs again must not find the list, which may be gone by then.
      auto slot = asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected()) slot.clear();
    }
    asio::post(executor, [h = std::move(handler), ec]() mutable { std::move(h)(ec); });
  }
  Executor executor;
  Handler handler;
};

}  // namespace

Task<void> WaitList::wait() {
  auto initiate = [this](auto handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    using H = decltype(handler);
    nodes_.push_back(std::make_unique<Node<H>>(executor_, std::move(handler)));
    if (slot.is_connected()) {
      detail::WaitNode* me = nodes_.back().get();
      slot.assign([this, me](asio::cancellation_type) {
        for (auto it = nodes_.begin(); it != nodes_.end(); ++it) {
          if (it->get() != me) continue;
          std::unique_ptr<detail::WaitNode> node = std::move(*it);
          nodes_.erase(it);
          node->complete(true);
          return;
        }
      });
    }
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void(boost::system::error_code)>(
      initiate, asio::use_awaitable);
}

void WaitList::resume_all() {
  auto nodes = std::exchange(nodes_, {});
  for (auto& node : nodes) node->complete(false);
}

bool WaitList::resume_one() {
  if (nodes_.empty()) return false;
  auto node = std::move(nodes_.front());
  nodes_.pop_front();
  node->complete(false);
  return true;
}

Task<void> AsyncEvent::wait() {
  while (!set_) co_await waiters_.wait();
}

struct TaskScope::State {
  explicit State(Executor executor) : ended(std::move(executor)) {}
  std::map<Id, std::unique_ptr<asio::cancellation_signal>> tasks;
  Id next = 1;
  WaitList ended;
};

TaskScope::TaskScope(Executor executor) : executor_(executor), state_(std::make_shared<State>(executor)) {}
TaskScope::~TaskScope() = default;

TaskScope::Id TaskScope::spawn(Task<void> task, std::function<void(std::exception_ptr)> on_end) {
  Id id = state_->next++;
  auto signal = std::make_unique<asio::cancellation_signal>();
  auto slot = signal->slot();
  state_->tasks.emplace(id, std::move(signal));
  std::weak_ptr<State> weak = state_;
  asio::co_spawn(executor_, std::move(task),
                 asio::bind_cancellation_slot(slot, [weak, id, on_end = std::move(on_end)](std::exception_ptr error) {
                   auto state = weak.lock();
                   if (!state) return;
                   // The signal outlives this handler's own slot: it is destroyed after the node left the map.
                   auto node = state->tasks.extract(id);
                   if (on_end) {
                     on_end(error);
                   } else if (error && !is_cancellation(error)) {
                     std::rethrow_exception(error);
                   }
                   state->ended.resume_all();
                 }));
  return id;
}

void TaskScope::cancel(Id id) {
  auto it = state_->tasks.find(id);
  if (it == state_->tasks.end()) return;
  // Posted: the signal must not be emitted from inside the task that it cancels.
  std::weak_ptr<State> weak = state_;
  asio::post(executor_, [weak, id] {
    auto state = weak.lock();
    if (!state) return;
    auto found = state->tasks.find(id);
    if (found != state->tasks.end()) found->second->emit(asio::cancellation_type::terminal);
  });
}

bool TaskScope::running(Id id) const {
  return state_->tasks.contains(id);
}

Task<void> TaskScope::stop() {
  for (auto& [id, signal] : state_->tasks) cancel(id);
  while (!state_->tasks.empty()) co_await state_->ended.wait();
}

bool is_cancellation(const std::exception_ptr& error) {
  if (!error) return false;
  try {
    std::rethrow_exception(error);
  } catch (const boost::system::system_error& e) {
    return e.code() == asio::error::operation_aborted;
  } catch (const asio::multiple_exceptions& e) {
    return is_cancellation(e.first_exception());  // both sides of an operator && or || were cancelled
  } catch (...) {
    return false;
  }
}

}  // namespace tamada
