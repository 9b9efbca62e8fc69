// Failsafe mode of the primary (safety.md 6.3): from the first renewal without an answer on, every member is asked to
// promise not to race; when all did, the lock is good for another ttl from before the first question. In parallel with
// the renewals, for as long as they stay unconfirmed. Engine thread only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "engine/lock_keeper.h"
#include "engine/procedure_runner.h"
#include "engine/state.h"
#include "engine/view_keeper.h"

namespace tamada {

class Failsafe {
 public:
  // `slots`: where the slots of this primary stand. `on_over`: an episode has ended and its name is to be published.
  using Slots = std::function<std::optional<SlotPositions>()>;
  Failsafe(Executor executor, EngineState& state, LockKeeper& lock, const ProcedureRunner& runner,
           const ViewKeeper& views, Slots slots, std::function<void()> on_over);

  void start() { tasks_.spawn(keep()); }
  Task<void> stop() { co_await tasks_.stop(); }
  // The lock, PostgreSQL or the settings changed.
  void look();
  // The last episode that has ended, for the member key: those who promised are free. Empty = none yet.
  const std::string& over() const { return over_; }

 private:
  // From the first question to the next proof of the store, or to the end of the lock.
  struct Episode {
    std::string id;
    std::uint64_t confirmations = 0;
  };

  Task<void> keep();
  Task<bool> round();
  Task<std::vector<ConsentAnswer>> ask(std::vector<Member> members, Instant deadline);
  std::optional<std::vector<Member>> others() const;
  bool needed() const;
  bool ended(const Episode& episode) const;
  void tell(const std::string& problem);

  EngineState& state_;
  LockKeeper& lock_;
  const ProcedureRunner& runner_;
  const ViewKeeper& views_;
  Slots slots_;
  std::function<void()> on_over_;
  TaskScope tasks_;
  AsyncEvent wake_;
  std::optional<Episode> episode_;
  std::string over_;
  std::string told_;  // the problem that was logged last
  int episodes_ = 0;
};

}  // namespace tamada
