// Publishes members/<name>: at once when something changed that others act on, else once per loop_wait (safety.md 5.5).
// Failures are retried; nothing waits for it but the last word of a shutdown.
#pragma once

#include <functional>

#include "base/async.h"
#include "engine/state.h"

namespace tamada {

class MemberPublisher {
 public:
  // `make`: the member as it is now.
  MemberPublisher(Executor executor, EngineState& state, std::function<Member()> make);

  void start() { tasks_.spawn(keep()); }
  Task<void> stop() { co_await tasks_.stop(); }
  // Compares with what was published and wakes the publisher when others should know at once.
  void look();
  // The key is known to be gone from the store.
  void missing();
  // Publishes now and waits for the answer, at most `patience`.
  Task<void> publish(Duration patience);

 private:
  Task<void> keep();
  Task<void> touch(Instant deadline);
  void landed();

  EngineState& state_;
  std::function<Member()> make_;
  TaskScope tasks_;
  AsyncEvent wake_;
  WaitList free_;
  Member published_;
  std::string published_text_;
  Instant published_at_ = kLongAgo;
  bool failed_ = false;
  bool in_flight_ = false;
};

}  // namespace tamada
