#include "ctl/local_loop.h"

#include <exception>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace tamada::ctl {

struct LocalLoop::Impl {
  boost::asio::io_context io{1};
};

LocalLoop::LocalLoop() : impl_(std::make_unique<Impl>()) {}
LocalLoop::~LocalLoop() = default;

Executor LocalLoop::executor() {
  return impl_->io.get_executor();
}

void LocalLoop::run_to_end(Task<void> task) {
  bool ended = false;
  std::exception_ptr failure;
  boost::asio::co_spawn(impl_->io, std::move(task), [&](std::exception_ptr error) {
    ended = true;
    failure = error;
  });
  impl_->io.restart();
  // Kept-alive connections and their timers must not keep us here once the answer is in.
  while (!ended && impl_->io.run_one() > 0) {
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace tamada::ctl
