// Notices a store that was wiped or restored while no daemon ran here (safety.md 1.8): which store it was, and how far
// it had come, is kept on disk. Without it a daemon that starts after a restore would take a lock that a primary
// elsewhere still holds by the store's former word.
#pragma once

#include "base/async.h"
#include "engine/state.h"

namespace tamada {

class StoreMarkKeeper {
 public:
  StoreMarkKeeper(Executor executor, EngineState& state) : state_(state), tasks_(std::move(executor)) {}

  // Before the first decision: what is on record of this data directory's cluster goes into the memory.
  Task<void> load();
  // After a decision: writes it down when it is another store, and now and then how far it has come. Not while the
  // store's going back is not settled: the next run must notice it again.
  void look();
  Task<void> stop() { co_await tasks_.stop(); }

 private:
  Task<void> save(StoreMark mark);

  EngineState& state_;
  StoreMark kept_;
  Instant kept_at_ = kLongAgo;
  bool saving_ = false;
  TaskScope tasks_;
};

}  // namespace tamada
