// Keeps synchronous mode while this member leads: carries out the resolver's steps (core/sync_resolver.h) one at a
// time, in a coroutine of its own, so that a slow store or PostgreSQL holds up neither the loop nor the lock's renewal.
// It decides nothing. Engine thread only.
//
// It works on a running primary under a proven lock while no procedure runs, in pause as well, and forgets everything
// when one of these ends: what it needs to know it then finds out anew.
#pragma once

#include <functional>
#include <optional>

#include "base/async.h"
#include "core/sync_resolver.h"
#include "engine/procedure_runner.h"
#include "engine/state.h"
#include "engine/view_keeper.h"
#include "procedures/context.h"

namespace tamada {

class SyncKeeper {
 public:
  SyncKeeper(Executor executor, EngineState& state, ProcedureContext& context, ViewKeeper& views,
             const ProcedureRunner& runner);

  void start() { tasks_.spawn(keep()); }
  Task<void> stop() { co_await tasks_.stop(); }
  // Something may have changed that the next step depends on.
  void look();

 private:
  // What the memory is good for: another lock, another run of PostgreSQL is another beginning.
  struct Term {
    LockGeneration generation;
    std::optional<PostmasterId> postmaster;
    bool operator==(const Term&) const = default;
  };

  Task<void> keep();
  Task<Duration> turn();  // one step; how long to wait for the next
  std::optional<Term> term() const;
  SyncState newest_sync(const ClusterView& view) const;
  void tell(const SyncStep& step, const SyncReplication& server);
  Task<Duration> perform(const SyncStep& step, const SyncInput& in);
  Task<Duration> write(const SyncStep& step, const SyncInput& in);
  Task<Duration> set_names(const SyncStep& step, const SyncInput& in);
  Task<Duration> take_mark(const SyncInput& in);

  EngineState& state_;
  ProcedureContext& context_;
  ViewKeeper& views_;
  const ProcedureRunner& runner_;
  TaskScope tasks_;
  AsyncEvent wake_;
  SyncMemory memory_;
  std::optional<Term> term_;
  // Our last write, until the view has caught up with it.
  std::optional<SyncState> own_;
  std::int64_t own_at_ = 0;
  int waits_ = 0;  // in a row
  std::string told_;
  bool told_lowered_ = false;
  std::shared_ptr<const ClusterView> seen_view_;
  std::shared_ptr<const Settings> seen_settings_;
  bool seen_idle_ = false;
};

}  // namespace tamada
