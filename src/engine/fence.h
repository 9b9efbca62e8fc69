// The last line inside the daemon: PostgreSQL is stopped before the proven validity of the lock ends, whatever the loop
// is doing (A17, safety.md 1.7). Normally the brain demotes earlier; this one only looks at the clock.
#pragma once

#include "base/async.h"
#include "engine/lock_keeper.h"
#include "engine/procedure_runner.h"
#include "engine/state.h"
#include "procedures/demote_procedure.h"

namespace tamada {

class Fence {
 public:
  Fence(Executor executor, EngineState& state, LockKeeper& lock, ProcedureRunner& runner, ProcedureContext& context);

  void start() { tasks_.spawn(watch()); }
  Task<void> stop() { co_await tasks_.stop(); }
  // The lock, PostgreSQL or the pause changed.
  void look() { wake_.set(); }

 private:
  bool needed() const;
  Task<void> watch();
  Task<void> fire(Instant valid_until);

  EngineState& state_;
  LockKeeper& lock_;
  ProcedureRunner& runner_;
  ProcedureContext& context_;
  TaskScope tasks_;
  AsyncEvent wake_;
};

}  // namespace tamada
