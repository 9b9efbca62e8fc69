#include "postgres/postmaster_watch.h"

#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "host/process_table.h"

namespace tamada {

namespace asio = boost::asio;

struct PostmasterWatch::State {
  State(const Executor& executor, PostmasterId watched, UniqueFd fd)
      : id(watched), pidfd(std::move(fd)), descriptor(executor, ::dup(pidfd.get())) {}
  PostmasterId id;
  UniqueFd pidfd;
  asio::posix::stream_descriptor descriptor;
  bool forgotten = false;
};

PostmasterWatch::PostmasterWatch(Executor executor, OnExit on_exit)
    : executor_(std::move(executor)), on_exit_(std::move(on_exit)) {}

PostmasterWatch::~PostmasterWatch() {
  forget();
}

bool PostmasterWatch::watch(PostmasterId id) {
  UniqueFd pidfd = open_process(id.pid, id.start_ticks);
  if (!pidfd) return false;
  watch(id, std::move(pidfd));
  return true;
}

void PostmasterWatch::watch(PostmasterId id, UniqueFd pidfd) {
  forget();
  state_ = std::make_shared<State>(executor_, id, std::move(pidfd));
  wait(state_);
}

void PostmasterWatch::forget() {
  if (!state_) return;
  state_->forgotten = true;
  state_->descriptor.close();
  state_.reset();
}

std::optional<PostmasterId> PostmasterWatch::watched() const {
  return state_ ? std::optional(state_->id) : std::nullopt;
}

UniqueFd PostmasterWatch::pidfd() const {
  return state_ ? UniqueFd(::dup(state_->pidfd.get())) : UniqueFd();
}

void PostmasterWatch::wait(const std::shared_ptr<State>& state) {
  // The handler keeps only the state alive; `forgotten` tells that the watch itself may be gone.
  state->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                               [this, state](const boost::system::error_code& error) {
                                 if (error || state->forgotten) return;
                                 std::optional<ReapedStatus> status;
                                 if (ReapedStatus reaped; reap(state->pidfd, reaped)) status = reaped;
                                 state_.reset();
                                 on_exit_(state->id, status);
                               });
}

Task<void> wait_for_end(UniqueFd pidfd) {
  if (process_ended(pidfd)) co_return;
  asio::posix::stream_descriptor descriptor(co_await asio::this_coro::executor, pidfd.release());
  co_await descriptor.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
}

}  // namespace tamada
