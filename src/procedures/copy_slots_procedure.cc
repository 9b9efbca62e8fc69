#include "procedures/copy_slots_procedure.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/follow.h"
#include "procedures/start_procedure.h"
#include "procedures/stop.h"
#include "procedures/sync_duty.h"

namespace tamada {

namespace {

constexpr Duration kReadPatience = 10s;
constexpr Duration kReplayPatience = 10s;
constexpr Duration kReplayPoll = 100ms;
constexpr Duration kQueryPatience = 2s;
constexpr Duration kInstallPatience = 30s;

bool leads_still(ProcedureContext& context, const Member& leader) {
  const auto view = context.view();
  return view && view->leader && view->leader->name() == leader.name && !context.lock.proof();
}

// A slot ahead of this member's WAL would skip what a promotion here writes in its place.
Task<Result<void>> wait_until_replayed(ProcedureContext& context, Lsn confirmed) {
  const Instant until = context.clock.now() + kReplayPatience;
  for (;;) {
    const PostgresStatus status = co_await context.server.observe(true, context.clock.now() + kQueryPatience);
    if (!status.is_standby()) co_return Error(ErrorCode::Conflict, "postgres is no running standby any more");
    if (status.row->replayed_lsn >= confirmed) co_return Result<void>();
    if (context.clock.now() >= until) {
      co_return Error(ErrorCode::Conflict, fmt::format("this standby has replayed only up to {}, the slots stand at {}",
                                                       to_string(status.row->replayed_lsn), to_string(confirmed)));
    }
    co_await context.clock.sleep_for(kReplayPoll);
  }
}

Task<Result<void>> start_again(ProcedureContext& context) {
  const auto settings = context.settings();
  FollowTarget target;
  if (const auto view = context.view()) target = follow_target(*view, *settings, false);
  StartPlan plan{.request = {.follow = std::move(target)}, .timeout = settings->postgresql.pg_ctl_timeout};
  plan.callback = Callbacks::Event::OnRestart;
  co_return co_await start_postgres(context, std::move(plan));
}

Task<Result<void>> install(ProcedureContext& context, std::vector<LogicalSlotState> states) {
  context.show(PgState::Restarting);
  Result<void> stopped = co_await stop_postgres(context, {.first = StopMode::Fast});
  if (!stopped) {
    context.show(PgState::StopFailed);
    co_return stopped;
  }
  context.report({.kind = Event::Kind::PostgresStoppedByUs, .ok = true});
  Result<void> installed =
      co_await context.data.install_logical_slots(std::move(states), context.clock.now() + kInstallPatience);
  if (!installed) context.log.warning("logical slots were not put in place: {}", installed.error().text());
  Result<void> started = co_await start_again(context);
  if (!started) co_return started;
  co_return installed;
}

}  // namespace

Task<Result<void>> copy_logical_slots(ProcedureContext& context, CopySlotsRequest request) {
  auto states = co_await context.data.read_logical_slots(request.leader, std::move(request.slots),
                                                         context.clock.now() + kReadPatience);
  if (!states) co_return Error(ErrorCode::Conflict, states.error().text());
  if (states->empty()) co_return Error(ErrorCode::Conflict, "the leader has no such logical slots");
  Lsn confirmed;
  for (const LogicalSlotState& state : *states) confirmed = std::max(confirmed, state.confirmed_flush_lsn);
  Result<void> replayed = co_await wait_until_replayed(context, confirmed);
  if (!replayed) co_return replayed;
  co_await leave_sync_duty(context);
  if (!leads_still(context, request.leader)) {
    return_to_sync_duty(context);
    co_return Error(ErrorCode::Conflict, fmt::format("{} leads no more", request.leader.name));
  }
  Result<void> done = co_await install(context, std::move(*states));
  return_to_sync_duty(context);
  co_return done;
}

}  // namespace tamada
