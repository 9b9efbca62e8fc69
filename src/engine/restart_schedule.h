// The one restart that is scheduled for this member: taken from an operator, on record in the run directory before he
// is told so, offered to the rules, and off the record once it has taken place or never will. The record outlives the
// daemon; whether it is still meant tells the server's start time (core/scheduled_restart.h), so that a daemon that is
// killed in the middle of the restart does not make it twice.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "base/async.h"
#include "engine/state.h"

namespace tamada {

class RestartSchedule {
 public:
  using Done = std::function<void(OperatorReply)>;
  // `on_change`: what is scheduled is another one, or none.
  RestartSchedule(Executor executor, EngineState& state, std::function<void()> on_change);

  // What the run before this one left.
  Task<void> load();
  Task<void> stop() { co_await tasks_.stop(); }

  const std::optional<ScheduledRestart>& wanted() const { return wanted_; }
  void schedule(ScheduleRestart request, Done done);
  void cancel(Done done);

  // It will not take place.
  void forget(std::string_view why);
  // It takes place now, and can no more be deleted; ended() is to follow.
  RestartRequest begin();
  void ended(const OperatorReply& reply);

 private:
  class Turn;
  Task<void> my_turn();
  Task<OperatorReply> do_schedule(ScheduledRestart restart);
  Task<OperatorReply> do_cancel();
  Task<void> clear_record();
  void set(std::optional<ScheduledRestart> restart);

  EngineState& state_;
  std::function<void()> on_change_;
  std::optional<ScheduledRestart> wanted_;
  bool running_ = false;
  bool saving_ = false;  // one change of the record at a time
  WaitList free_;
  TaskScope tasks_;
};

}  // namespace tamada
