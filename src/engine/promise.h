// What this member promises to a primary that lost the store: not to race for the lock (safety.md 6.3). A promise is in
// force in memory before it is stored and stored before it is given; it outlives the daemon and the machine's boot.
// Engine thread only.
#pragma once

#include <functional>

#include "base/async.h"
#include "engine/lock_keeper.h"
#include "engine/procedure_runner.h"
#include "engine/state.h"
#include "engine/view_keeper.h"

namespace tamada {

class PromiseKeeper {
 public:
  using Done = std::function<void(OperatorReply)>;
  // `on_change`: a promise was given or is over.
  PromiseKeeper(Executor executor, EngineState& state, const LockKeeper& lock, const ProcedureRunner& runner,
                const ViewKeeper& views, std::function<void()> on_change);

  // What the run before promised. Before that nothing is promised and nothing may be taken.
  Task<void> load();
  void start() { tasks_.spawn(expire()); }
  Task<void> stop() { co_await tasks_.stop(); }
  void update_settings(const DynamicSettings& settings);

  void answer(FailsafeQuestion question, Done done);
  // The view changed: it may say that the asker needs the promise no more.
  void look();

  PromiseStatus status() const;
  // May the lock not be taken? A running primary never promised, and a new cluster has nobody to promise to: both need
  // not wait for what is only forgotten.
  bool forbids_taking(bool bootstrap) const;

 private:
  Task<OperatorReply> promise(FailsafeQuestion question);
  std::optional<std::string> refusal(const FailsafeQuestion& question) const;
  bool may_lead() const;
  bool over(const FailsafeQuestion& question) const;
  Task<Result<void>> save();
  Task<void> expire();
  Instant ends() const { return std::max(record_.until, forgotten_until_); }

  EngineState& state_;
  const LockKeeper& lock_;
  const ProcedureRunner& runner_;
  const ViewKeeper& views_;
  std::function<void()> on_change_;
  TaskScope tasks_;
  AsyncEvent wake_;
  WaitList saved_;
  bool saving_ = false;
  bool loaded_ = false;
  bool on_record_ = false;  // what is stored says that a promise lasts
  PromiseRecord record_;
  Instant began_ = kLongAgo;
  Instant forgotten_until_ = kLongAgo;
  std::chrono::seconds largest_ttl_{0};
};

}  // namespace tamada
