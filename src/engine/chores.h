// The small steps beside a plan (core/plan.h Chore): each runs in the background, at most once at a time, and is asked
// for again by the next decision until it is no longer needed.
#pragma once

#include <functional>
#include <memory>
#include <set>

#include "base/async.h"
#include "engine/slot_keeper.h"
#include "engine/state.h"
#include "procedures/context.h"

namespace tamada {

class Chores {
 public:
  Chores(Executor executor, EngineState& state, ProcedureContext& context);
  void run(Chore chore, std::shared_ptr<const ClusterView> view);
  // The procedure that copies logical slots begins.
  void copying_slots() { slots_.copying(); }
  void slots_not_copied() { slots_.not_copied(); }
  Task<void> stop();

 private:
  using View = std::shared_ptr<const ClusterView>;
  Task<void> perform(Chore chore, View view);
  Task<bool> write(StoreKey key, std::optional<std::string> value, std::int64_t revision, std::string what);
  Task<void> update_history(View view);
  Task<void> write_failsafe(View view);
  Task<void> activate_watchdog();
  Task<void> checkpoint();

  EngineState& state_;
  ProcedureContext& context_;
  TaskScope tasks_;
  std::set<Chore> running_;
  SlotKeeper slots_;
};

}  // namespace tamada
