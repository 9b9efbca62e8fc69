#include "host/signals.h"

#include <csignal>

#include <boost/asio/signal_set.hpp>

namespace tamada {

struct Signals::State : std::enable_shared_from_this<Signals::State> {
  State(const Executor& executor, Handlers h) : set(executor, SIGHUP, SIGTERM, SIGINT), handlers(std::move(h)) {
    set.add(SIGUSR2);
    set.add(SIGQUIT);
  }
  void wait() {
    set.async_wait([self = shared_from_this()](const boost::system::error_code& error, int number) {
      if (error) return;
      self->call(number);
      self->wait();
    });
  }
  void call(int number) const {
    const auto& handler = number == SIGHUP    ? handlers.reload
                          : number == SIGUSR2 ? handlers.detach
                          : number == SIGQUIT ? handlers.dump
                                              : handlers.shutdown;
    if (handler) handler();
  }
  boost::asio::signal_set set;
  Handlers handlers;
};

Signals::Signals(Executor executor, Handlers handlers)
    : state_(std::make_shared<State>(executor, std::move(handlers))) {
  ignore_broken_pipes();
  state_->wait();
}

Signals::~Signals() {
  boost::system::error_code ignored;
  state_->handlers = {};
  state_->set.cancel(ignored);
}

void ignore_broken_pipes() {
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace tamada
