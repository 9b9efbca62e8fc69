// One procedure at a time (ha_behaviour.md 11.3 number 13). Engine thread only.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/async.h"
#include "base/log.h"
#include "core/observation.h"
#include "ports/clock.h"

namespace tamada {

class ProcedureRunner {
 public:
  ProcedureRunner(Executor executor, Clock& clock, Logger log, std::function<void()> on_end);

  bool idle() const { return running_.kind == ProcedureKind::None; }
  const RunningProcedure& current() const { return running_; }

  // False when another one runs or the fence holds the place. `done` gets its result; a cancelled one ends in
  // Cancelled.
  bool start(ProcedureKind kind, std::string name, Task<Result<void>> body,
             std::function<void(Result<void>)> done = {});
  void cancel();
  // Cancels and waits until it has unwound.
  Task<void> cancel_and_wait();
  // While blocked nothing new starts (the fence is at work).
  void block(bool blocked) { blocked_ = blocked; }
  bool blocked() const { return blocked_; }
  // When the last one ended, if it failed.
  std::optional<Instant> failed_at() const { return failed_name_.empty() ? std::nullopt : failed_at_; }

 private:
  Task<void> run(Task<Result<void>> body);
  void log_end(const Result<void>& result);

  Clock& clock_;
  Logger log_;
  std::function<void()> on_end_;
  TaskScope tasks_;
  WaitList ended_;
  TaskScope::Id id_ = 0;
  RunningProcedure running_;
  bool blocked_ = false;
  std::optional<Result<void>> result_;
  std::function<void(Result<void>)> done_;

  // The procedure that ended last, if it failed: a repetition is not logged again.
  std::string failed_name_;
  std::string failed_text_;
  std::optional<Instant> failed_at_;
  int failures_ = 0;
};

}  // namespace tamada
