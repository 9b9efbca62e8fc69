#include "procedures/start_procedure.h"

#include <fmt/format.h>

#include "core/sync_resolver.h"
#include "procedures/stop.h"
#include "procedures/sync_duty.h"

namespace tamada {

namespace {

constexpr Duration kFirstPoll = 50ms;
constexpr Duration kLastPoll = 500ms;
constexpr Duration kLaunchPatience = 30s;
constexpr Duration kQueryPatience = 2s;
constexpr Duration kFollowPatience = 30s;
constexpr Duration kCheckpointPatience = 300s;

Task<bool> lock_is_enough(ProcedureContext& context) {
  const auto settings = context.settings();
  const Timing timing = compute_timing(settings->dynamic);
  const Instant now = context.clock.now();
  const bool enough = co_await context.lock.confirm(timing.promote_allowance + timing.stop_margin,
                                                    now + settings->dynamic.retry_timeout);
  co_return enough;
}

// Every start as primary waits for whom /sync implies (safety.md 6.1). Without /sync nothing is promised yet.
std::optional<std::string> names_at_start(ProcedureContext& context) {
  const auto view = context.view();
  if (!view || view->sync.empty()) return std::nullopt;
  return format_sync_names(names_for_start(view->sync, context.my_name, *context.settings()));
}

// Waits for the server to accept connections. Ends early when the process dies or, for a primary, when the lock is
// gone.
Task<Result<void>> wait_until_accepting(ProcedureContext& context, const StartPlan& plan) {
  const Instant slow_at = context.clock.now() + plan.timeout;
  // Often at first, when it matters; each look costs a line in PostgreSQL's log while it is starting.
  for (Duration pause = kFirstPoll;; pause = std::min(pause * 3 / 2, kLastPoll)) {
    const PostgresStatus status = co_await context.server.observe(true, context.clock.now() + kQueryPatience);
    if (status.process == ProcessState::NotRunning || status.process == ProcessState::Orphans) {
      co_return Error(ErrorCode::Failed, "postgres ended while it was starting", "its own log says why");
    }
    if (status.row || status.accepting == Accepting::Yes) co_return Result<void>();
    if (plan.request.as_primary && plan.needs_lock && !context.lock.proof()) {
      co_return Error(ErrorCode::Conflict, "leader lock was lost while postgres was starting");
    }
    if (context.clock.now() >= slow_at) {
      if (plan.fail_when_slow) co_return Error(ErrorCode::Timeout, "postgres is still starting");
      co_return Result<void>();
    }
    co_await context.clock.sleep_for(pause);
  }
}

}  // namespace

Task<Result<void>> start_postgres(ProcedureContext& context, StartPlan plan) {
  const bool guarded = plan.request.as_primary && plan.needs_lock;
  if (guarded) {
    const bool enough = co_await lock_is_enough(context);
    if (!enough) {
      context.report({.kind = Event::Kind::StartFailed, .as_primary = true, .detail = "no proven lock"});
      co_return Error(ErrorCode::Conflict, "not started as primary: the leader lock could not be confirmed");
    }
    Result<bool> watchdog = co_await context.watchdog.activate();
    if (!watchdog) {
      context.report({.kind = Event::Kind::StartFailed, .as_primary = true, .detail = watchdog.error().message});
      co_return watchdog.error().wrap("not started as primary: watchdog could not be activated");
    }
  }
  if (plan.request.as_primary) plan.request.synchronous_standby_names = names_at_start(context);
  context.show(PgState::Starting);
  Result<PostmasterId> launched = co_await context.server.start(plan.request, context.clock.now() + kLaunchPatience);
  if (!launched) {
    context.show(PgState::StartFailed);
    context.report({.kind = Event::Kind::StartFailed,
                    .as_primary = plan.request.as_primary,
                    .ordered = plan.ordered,
                    .detail = launched.error().text()});
    co_return launched.error().wrap("failed to start postgres");
  }
  context.report({.kind = Event::Kind::StartLaunched, .as_primary = plan.request.as_primary, .ordered = plan.ordered});
  Result<void> up = co_await wait_until_accepting(context, plan);
  if (!up) {
    if (guarded && !context.lock.proof()) {
      Result<void> killed = co_await stop_postgres(context, {.first = StopMode::Kill});
      if (!killed) context.log.error("{}", killed.error().text());
    }
    context.show(up.error().code == ErrorCode::Timeout ? PgState::Starting : PgState::StartFailed);
    context.report({.kind = Event::Kind::StartFailed,
                    .as_primary = plan.request.as_primary,
                    .ordered = plan.ordered,
                    .detail = up.error().message});
    co_return up;
  }
  context.show(std::nullopt);
  context.report({.kind = Event::Kind::StartSucceeded, .ok = true, .as_primary = plan.request.as_primary});
  if (plan.callback) {
    const bool leads = plan.request.follow.remote && context.lock.proof();
    const Role standby = leads ? Role::StandbyLeader : Role::Replica;
    context.callback(*plan.callback, plan.request.as_primary ? Role::Primary : standby);
  }
  co_return Result<void>();
}

Task<Result<void>> follow(ProcedureContext& context, FollowTarget target) {
  Result<bool> needs_restart = co_await context.server.follow(target, context.clock.now() + kFollowPatience);
  if (!needs_restart) co_return needs_restart.error().wrap("recovery settings could not be written");
  if (!*needs_restart) co_return Result<void>();
  context.show(PgState::Restarting);
  Result<void> stopped = co_await stop_postgres(context, {.first = StopMode::Fast});
  if (!stopped) {
    context.show(PgState::StopFailed);
    co_return stopped;
  }
  const auto settings = context.settings();
  StartPlan plan{.request = {.follow = std::move(target)}, .timeout = settings->postgresql.pg_ctl_timeout};
  plan.callback = Callbacks::Event::OnRestart;
  co_return co_await start_postgres(context, std::move(plan));
}

Task<Result<void>> restart(ProcedureContext& context, FollowTarget follow_target, std::chrono::seconds timeout) {
  const PostgresStatus before = co_await context.server.observe(true, context.clock.now() + kQueryPatience);
  const bool as_primary = before.is_primary();
  if (!as_primary) co_await leave_sync_duty(context);
  Result<void> done = co_await context.sql.checkpoint(context.clock.now() + kCheckpointPatience);
  if (!done) context.log.info("checkpoint before the restart failed: {}", done.error().text());
  context.show(PgState::Restarting);
  Result<void> stopped = co_await stop_postgres(context, {.first = StopMode::Fast});
  if (!stopped) {
    return_to_sync_duty(context);
    context.show(PgState::StopFailed);
    co_return stopped;
  }
  context.report({.kind = Event::Kind::PostgresStoppedByUs, .ok = true});
  StartPlan plan{.request = {.as_primary = as_primary, .follow = std::move(follow_target)},
                 .timeout = timeout,
                 .fail_when_slow = true,
                 .ordered = true};
  const auto settings = context.settings();
  plan.needs_lock = !settings->dynamic.pause;
  plan.callback = Callbacks::Event::OnRestart;
  Result<void> started = co_await start_postgres(context, std::move(plan));
  return_to_sync_duty(context);
  co_return started;
}

}  // namespace tamada
