#include "sim/process.h"

#include <algorithm>
#include <exception>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/invariant.h"

namespace tamada::sim {

namespace asio = boost::asio;

namespace {

struct Node {
  virtual ~Node() = default;
  virtual void complete(asio::io_context& io, boost::system::error_code ec, bool timed_out) = 0;
};

template <class Handler>
struct HandlerNode final : Node {
  explicit HandlerNode(Handler h) : handler(std::move(h)) {}
  void complete(asio::io_context& io, boost::system::error_code ec, bool timed_out) override {
    asio::post(io, [h = std::move(handler), ec, timed_out]() mutable { std::move(h)(ec, timed_out); });
  }
  Handler handler;
};

}  // namespace

struct SimProcess::Waiter {
  std::unique_ptr<Node> node;
  SimSignal* signal = nullptr;
};

// The concurrency hint says that one thread uses it, so that Asio leaves its locks out.
struct SimProcess::Io : asio::io_context {
  Io() : asio::io_context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE), work(asio::make_work_guard(*this)) {}
  using asio::io_context::shutdown;  // destroys what is queued without running it
  asio::executor_work_guard<asio::io_context::executor_type> work;
};

void SimSignal::notify() {
  auto waiters = std::exchange(waiters_, {});
  for (auto [process, waiter] : waiters) {
    if (SimProcess* p = world_->process(process)) p->complete(waiter, false, false);
  }
}

SimProcess::SimProcess(SimWorld& world, int host, std::string name)
    : world_(world), host_(host), name_(std::move(name)), id_(world.add_process(this)), io_(std::make_unique<Io>()) {}

SimProcess::~SimProcess() {
  doomed_ = true;
  world_.remove_process(id_);
  // 1. Coroutines that wait in the simulator: their frames are queued for destruction. 2. All that is queued is
  // destroyed while the objects it may refer to still live. 3. The objects; what waits inside them is queued again. 4.
  // The rest.
  waiters_.clear();
  io_->shutdown();
  while (!parts_.empty()) parts_.pop_back();
  io_.reset();
}

Executor SimProcess::executor() {
  return io_->get_executor();
}

void SimProcess::spawn(Task<void> task) {
  asio::co_spawn(*io_, std::move(task), [](std::exception_ptr error) {
    if (error && !is_cancellation(error)) std::rethrow_exception(error);
  });
  world_.mark_ready(this);
}

void SimProcess::post(std::function<void()> work) {
  asio::post(*io_, std::move(work));
  world_.mark_ready(this);
}

Task<bool> SimProcess::suspend(SimSignal* signal, SimTime until) {
  auto initiate = [this, signal, until](auto handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    using H = decltype(handler);
    const std::uint64_t id = next_waiter_++;
    waiters_.emplace(id, Waiter{std::make_unique<HandlerNode<H>>(std::move(handler)), signal});
    if (signal != nullptr) signal->waiters_.emplace_back(id_, id);
    if (slot.is_connected()) {
      slot.assign([this, id](asio::cancellation_type) { complete(id, false, true); });
    }
    if (until == kSimNever) return;
    world_.at(until, host_, [world = &world_, process = id_, id] {
      if (SimProcess* p = world->process(process)) p->complete(id, true, false);
    });
  };
  const bool timed_out =
      co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void(boost::system::error_code, bool)>(
          initiate, asio::use_awaitable);
  co_return timed_out;
}

void SimProcess::complete(std::uint64_t waiter, bool timed_out, bool cancelled) {
  auto found = waiters_.find(waiter);
  if (found == waiters_.end()) return;
  Waiter entry = std::move(found->second);
  waiters_.erase(found);
  if (entry.signal != nullptr) {
    auto& list = entry.signal->waiters_;
    std::erase(list, std::pair(id_, waiter));
  }
  boost::system::error_code ec;
  if (cancelled) ec = asio::error::operation_aborted;
  entry.node->complete(*io_, ec, timed_out);
  world_.mark_ready(this);
}

Task<void> SimProcess::sleep_until(SimTime when) {
  if (when <= world_.now() && !doomed_) co_return;
  co_await suspend(nullptr, when);
}

Task<bool> SimProcess::wait(SimSignal& signal, SimTime until) {
  if (until <= world_.now() && !doomed_) co_return false;
  const bool timed_out = co_await suspend(&signal, until);
  co_return !timed_out;
}

Task<void> SimProcess::point(std::string_view call, CallPhase phase) {
  if (!doomed_ && kill_switch_ != nullptr && kill_switch_->strikes(*this, call, phase)) doom();
  while (doomed_) co_await suspend(nullptr, kSimNever);
}

void SimProcess::doom() {
  doomed_ = true;
  world_.mark_ready(this);
}

void SimProcess::thaw() {
  frozen_ = false;
  world_.mark_ready(this);
}

void SimProcess::on_clock_change() {
  for (SimAlarm& alarm : alarms_) alarm.set();
}

void SimProcess::drain() {
  if (frozen_ || host().frozen) return;
  while (!doomed_ && io_->poll_one() > 0) {
  }
  if (!doomed_ && on_drain_) on_drain_();
  if (doomed_ && on_doom_) {
    auto on_doom = std::move(on_doom_);
    on_doom();  // destroys *this
  }
}

}  // namespace tamada::sim
