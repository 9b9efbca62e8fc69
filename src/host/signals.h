// Signals of the daemon as calls on the engine's thread (cli.md 6.2). SIGPIPE is ignored from here on.
#pragma once

#include <functional>
#include <memory>

#include "base/task.h"

namespace tamada {

class Signals {
 public:
  struct Handlers {
    std::function<void()> reload;    // SIGHUP
    std::function<void()> shutdown;  // SIGTERM, SIGINT; each time
    std::function<void()> detach;    // SIGUSR2
    std::function<void()> dump;      // SIGQUIT: write the ring of decisions, go on
  };
  Signals(Executor executor, Handlers handlers);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// For programs without an event loop (tamadactl).
void ignore_broken_pipes();

}  // namespace tamada
