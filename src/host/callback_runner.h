// Callback scripts (ha_behaviour.md 9.7): one at a time, the newest wins: a running one is killed with its whole tree,
// one that waits is replaced. on_reload has a lane of its own. Engine thread; no zombies.
#pragma once

#include <array>
#include <optional>

#include "base/async.h"
#include "base/log.h"
#include "host/child_process.h"
#include "ports/watchdog.h"

namespace tamada {

class CallbackRunner final : public Callbacks {
 public:
  CallbackRunner(Executor executor, Clock& clock, const Settings& settings, Logger log);
  ~CallbackRunner() override;

  void update_settings(const Settings& settings) override { settings_ = settings; }
  void call(Event event, Role role) override;

  // At the daemon's end: lets what runs and waits come to its end (on_stop may take an address away), kills it at the
  // deadline. No call may follow.
  Task<void> finish(Instant deadline);

 private:
  struct Lane {
    std::optional<TaskScope::Id> running;
    std::optional<ChildSpec> next;
  };
  void start_next(Lane& lane);
  Task<void> run(ChildSpec spec);

  Clock& clock_;
  Settings settings_;
  Logger log_;
  std::array<Lane, 2> lanes_;
  WaitList idle_;
  TaskScope scope_;  // last: its tasks use all of the above
};

std::string_view callback_word(Callbacks::Event event);

}  // namespace tamada
