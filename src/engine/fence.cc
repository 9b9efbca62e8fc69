#include "engine/fence.h"

#include "ports/deadline.h"

namespace tamada {

namespace {
constexpr Duration kCancelPatience = 200ms;
constexpr Duration kAgainAfter = 500ms;
}  // namespace

Fence::Fence(Executor executor, EngineState& state, LockKeeper& lock, ProcedureRunner& runner,
             ProcedureContext& context)
    : state_(state), lock_(lock), runner_(runner), context_(context), tasks_(executor), wake_(executor) {}

bool Fence::needed() const {
  if (state_.paused() || lock_.fence_at() == kLongAgo) return false;
  return may_be_writable(state_, runner_.current());
}

Task<void> Fence::watch() {
  Clock& clock = state_.ports.clock;
  for (;;) {
    wake_.reset();
    if (!needed()) {
      co_await wake_.wait();
      continue;
    }
    const Instant at = lock_.fence_at();
    if (clock.now() < at) {
      co_await with_deadline(clock, at, wake_.wait());
      continue;
    }
    co_await fire(lock_.last_valid_until());
  }
}

Task<void> Fence::fire(Instant valid_until) {
  Clock& clock = state_.ports.clock;
  const Instant now = clock.now();
  const bool lost = lock_.lost_early();
  state_.log.error("stopping postgres: the leader lock {}", lost ? "was lost" : "is not proven beyond its stop margin");
  runner_.block(true);
  // A procedure that does not unwind in time is left behind: what it started is killed with the rest.
  if (!runner_.idle()) co_await with_deadline(clock, now + kCancelPatience, runner_.cancel_and_wait());
  const Timing timing = compute_timing(state_.settings->dynamic);
  StopPlan plan = fencing_stop(timing, clock.now(), valid_until);
  if (lost) plan = {.first = StopMode::Kill};
  Result<void> demoted = co_await demote(context_, {.mode = DemoteMode::Offline, .stop = plan});
  if (!demoted) {
    state_.log.error("{}", demoted.error().text());
    co_await clock.sleep_for(kAgainAfter);
  } else {
    state_.postgres.process = ProcessState::NotRunning;
    state_.postgres.row.reset();
    lock_.fenced();
  }
  runner_.block(false);
}

}  // namespace tamada
