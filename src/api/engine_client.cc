#include "api/engine_client.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tamada {

namespace asio = boost::asio;

namespace {

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
// Beyond the engine's own limit for a read, so that its text arrives.
constexpr std::chrono::milliseconds kFreshMargin{1000};

SnapshotPtr make_empty_snapshot() {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->settings = std::make_shared<Settings>();
  return snapshot;
}

// A timer that stop() can end, for as long as its coroutine waits.
class Wait {
 public:
  Wait(std::set<asio::steady_timer*>& waits, asio::steady_timer& timer) : waits_(waits), timer_(timer) {
    waits_.insert(&timer_);
  }
  ~Wait() { waits_.erase(&timer_); }
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

 private:
  std::set<asio::steady_timer*>& waits_;
  asio::steady_timer& timer_;
};

}  // namespace

// Shared with the engine's callback, but touched on the API thread only.
struct EngineClient::Pending {
  std::optional<OperatorReply> reply;
  asio::steady_timer* timer = nullptr;  // null once nobody waits any more
};

struct EngineClient::Forget {
  Pending& pending;
  ~Forget() { pending.timer = nullptr; }
};

EngineClient::EngineClient(EngineFacade& engine, std::shared_ptr<asio::io_context> io)
    : engine_(engine), io_(std::move(io)), empty_(make_empty_snapshot()) {}

SnapshotPtr EngineClient::snapshot() const {
  auto snapshot = engine_.snapshot();
  return snapshot && snapshot->settings ? snapshot : empty_;
}

Task<std::optional<OperatorReply>> EngineClient::ask(OperatorRequest request, std::chrono::milliseconds limit) {
  if (stopped_) co_return std::nullopt;
  asio::steady_timer timer(*io_, limit);
  auto pending = std::make_shared<Pending>();
  pending->timer = &timer;
  Forget forget{*pending};
  Wait wait(waits_, timer);
  // The callback keeps the io_context, what it posts does not: a context must not own itself.
  engine_.submit(std::move(request), [io = io_, pending](OperatorReply reply) {
    asio::post(*io, [pending, reply = std::move(reply)]() mutable {
      pending->reply = std::move(reply);
      if (pending->timer != nullptr) pending->timer->cancel();
    });
  });
  co_await timer.async_wait(kAsTuple);
  co_return std::move(pending->reply);
}

void EngineClient::tell(OperatorRequest request) {
  engine_.submit(std::move(request), [](OperatorReply) {});
}

Task<Result<SnapshotPtr>> EngineClient::fresh() {
  const auto limit = snapshot()->settings->dynamic.retry_timeout + kFreshMargin;
  const auto reply = co_await ask(LoadRequest{}, limit);
  if (!reply) co_return Error(ErrorCode::Unavailable, "the engine did not read the store in time");
  if (!reply->ok()) co_return Error(ErrorCode::Unavailable, reply->text);
  SnapshotPtr now = snapshot();
  if (!now->view) co_return Error(ErrorCode::Unavailable, "the store has not been read yet");
  co_return now;
}

void EngineClient::stop() {
  stopped_ = true;
  for (asio::steady_timer* timer : waits_) timer->cancel();
}

Task<void> EngineClient::pause_for(std::chrono::milliseconds time) {
  if (stopped_) co_return;
  asio::steady_timer timer(*io_, time);
  Wait wait(waits_, timer);
  co_await timer.async_wait(kAsTuple);
}

}  // namespace tamada
