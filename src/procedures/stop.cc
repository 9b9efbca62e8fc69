#include "procedures/stop.h"

#include <algorithm>

namespace tamada {

StopPlan fencing_stop(const Timing& timing, Instant now, Instant valid_until) {
  const Instant kill_at = std::max(now, valid_until - timing.kill_bound);
  StopPlan plan{.kill_at = kill_at, .give_up_at = kNever};
  if (timing.kill_only || kill_at <= now) {
    plan.first = StopMode::Kill;
    plan.immediate_at = now;
    plan.kill_at = now;
    return plan;
  }
  // Half of what is left for a fast stop, which is all that a client notices least; the rest for the immediate one.
  plan.immediate_at = now + (kill_at - now) / 2;
  return plan;
}

StopPlan patient_stop(StopMode first, Instant now, std::chrono::seconds patience) {
  StopPlan plan{.first = first};
  if (patience > std::chrono::seconds(0)) {
    plan.immediate_at = now + patience;
    plan.kill_at = plan.immediate_at + patience;
  }
  return plan;
}

namespace {

// A fast stop waits for its checkpoint and for archiving; asked for again after this long so that a deadline of "never"
// is still a bounded wait.
constexpr Duration kStopSlice = 60s;
constexpr Duration kKillPatience = 10s;

Task<Result<void>> stop_until(ProcedureContext& context, StopMode mode, Instant until) {
  for (;;) {
    const Instant slice = std::min(until, context.clock.now() + kStopSlice);
    Result<void> stopped = co_await context.server.stop(mode, slice);
    if (stopped || stopped.error().code != ErrorCode::Timeout) co_return stopped;
    if (context.clock.now() >= until) co_return stopped;
  }
}

}  // namespace

Task<Result<void>> stop_postgres(ProcedureContext& context, StopPlan plan) {
  if (plan.first == StopMode::Fast) {
    Result<void> stopped = co_await stop_until(context, StopMode::Fast, std::min(plan.immediate_at, plan.give_up_at));
    if (stopped) co_return stopped;
    context.log.warning("fast stop did not end: {}; going on with an immediate one", stopped.error().text());
  }
  if (plan.first != StopMode::Kill) {
    Result<void> stopped = co_await stop_until(context, StopMode::Immediate, std::min(plan.kill_at, plan.give_up_at));
    if (stopped) co_return stopped;
    context.log.warning("immediate stop did not end: {}; killing what works in the data directory",
                        stopped.error().text());
  }
  const Instant now = context.clock.now();
  const Instant until = plan.give_up_at == kNever ? now + kKillPatience : std::max(plan.give_up_at, now + 1s);
  co_return co_await stop_until(context, StopMode::Kill, until);
}

}  // namespace tamada
