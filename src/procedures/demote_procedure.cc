#include "procedures/demote_procedure.h"

#include <fmt/format.h>

#include "procedures/sync_duty.h"

namespace tamada {

namespace {

constexpr Duration kCheckpointPatience = 300s;
constexpr Duration kScriptPatience = 300s;
constexpr Duration kReleasePatience = 3s;
constexpr Duration kControlDataPatience = 5s;
constexpr Duration kArchivePatience = 600s;
constexpr Duration kSickPatience = 3s;

bool releases(DemoteMode mode) {
  return mode == DemoteMode::Graceful || mode == DemoteMode::Immediate || mode == DemoteMode::Sick;
}

StopPlan stop_plan(const ProcedureContext& context, DemoteMode mode) {
  const Instant now = context.clock.now();
  const auto settings = context.settings();
  const auto& dynamic = settings->dynamic;
  if (mode == DemoteMode::ImmediateNoLock || mode == DemoteMode::Immediate) {
    // Somebody else may lead already: what does not end at once is killed.
    StopPlan plan{.first = StopMode::Immediate, .immediate_at = now};
    plan.kill_at = now + compute_timing(dynamic).kill_bound;
    return plan;
  }
  if (mode == DemoteMode::Sick) {
    // Sessions end at once and standbys get the rest, if what is sick allows that; nothing of it is waited for long.
    StopPlan plan{.first = StopMode::Fast, .immediate_at = now + kSickPatience};
    plan.kill_at = plan.immediate_at + compute_timing(dynamic).kill_bound;
    return plan;
  }
  const bool bounded = dynamic.synchronous_mode != SynchronousMode::Off;
  return patient_stop(StopMode::Fast, now, bounded ? dynamic.primary_stop_timeout : std::chrono::seconds(0));
}

StatusDocument last_status(ProcedureContext& context, Lsn position) {
  StatusDocument status;
  if (auto view = context.view(); view && view->status) status = *view->status;
  status.optime = position;
  return status;
}

// The position to leave behind with the key, so that the race knows what a complete member has.
Task<std::optional<StatusDocument>> final_status(ProcedureContext& context) {
  Result<Lsn> lsn = co_await context.data.shutdown_checkpoint(context.clock.now() + kControlDataPatience);
  if (!lsn) {
    context.log.warning("no final position is published: {}", lsn.error().text());
    co_return std::nullopt;
  }
  co_return last_status(context, *lsn);
}

Task<void> release_lock(ProcedureContext& context, bool clean, std::optional<Lsn> standby_position = std::nullopt) {
  std::optional<StatusDocument> status;
  if (standby_position) {
    status = last_status(context, *standby_position);
  } else if (clean) {
    status = co_await final_status(context);
  }
  const WriteKind kind = co_await context.lock.release(std::move(status), context.clock.now() + kReleasePatience);
  context.report({.kind = Event::Kind::LockReleased, .ok = kind == WriteKind::Applied, .voluntary = true});
}

// From here on the data is a standby's: it is promoted to a new timeline, should the operator change his mind. Only
// then the segment with the shutdown checkpoint may go to the archive, which must never get it again with more in it.
Task<void> become_standby_data(ProcedureContext& context, FollowTarget remote) {
  Result<bool> written = co_await context.server.follow(std::move(remote), context.clock.now() + kControlDataPatience);
  if (!written) {
    context.log.warning("recovery settings of the standby leader could not be written: {}", written.error().text());
    co_return;
  }
  Result<void> archived = co_await context.data.archive_shutdown_checkpoint(context.clock.now() + kArchivePatience);
  if (!archived) {
    context.log.warning(
        "the shutdown checkpoint was not archived; a remote that only restores from the archive will "
        "make this member rewind: {}",
        archived.error().text());
  }
}

}  // namespace

Task<Result<void>> demote(ProcedureContext& context, DemoteRequest request) {
  const bool announced = request.mode == DemoteMode::Graceful || request.mode == DemoteMode::Cluster;
  if (announced) {
    // Before the outage, so that the shutdown checkpoint has little left to write.
    Result<void> done = co_await context.sql.checkpoint(context.clock.now() + kCheckpointPatience);
    if (!done) context.log.warning("checkpoint before the demotion failed: {}", done.error().text());
  }
  context.show(PgState::Stopping);
  const auto settings = context.settings();
  if (announced && !settings->postgresql.before_stop.empty()) {
    Result<void> done =
        co_await context.server.run_script(settings->postgresql.before_stop, {}, context.clock.now() + kScriptPatience);
    if (!done) context.log.warning("before_stop failed: {}", done.error().text());
  }
  StopPlan plan = request.stop ? *request.stop : stop_plan(context, request.mode);
  const bool clean = plan.first == StopMode::Fast;
  Result<void> stopped = co_await stop_postgres(context, plan);
  if (!stopped) {
    context.show(PgState::StopFailed);
    co_return stopped.error().wrap("postgres could not be stopped for a demotion");
  }
  co_await context.watchdog.disable();
  context.report({.kind = Event::Kind::Demoted, .ok = true});
  context.callback(Callbacks::Event::OnStop, request.standby_position ? Role::StandbyLeader : Role::Primary);
  context.show(PgState::Stopped);
  if (request.mode == DemoteMode::Cluster) co_await become_standby_data(context, std::move(request.remote));
  if (releases(request.mode)) {
    co_await release_lock(context, clean, request.standby_position);
    co_await context.publish();
  }
  context.show(std::nullopt);
  co_return Result<void>();
}

Task<Result<void>> shutdown_postgres(ProcedureContext& context) {
  const PostgresStatus status = co_await context.server.observe(true, context.clock.now() + 2s);
  const bool led = context.lock.proof().has_value();
  if (!status.is_primary()) co_await leave_sync_duty(context);
  context.show(PgState::Stopping);
  const auto settings = context.settings();
  if (status.is_primary()) {
    // Most of the shutdown checkpoint's work, done while clients are still served.
    Result<void> done = co_await context.sql.checkpoint(context.clock.now() + kCheckpointPatience);
    if (!done) context.log.info("checkpoint before the stop failed: {}", done.error().text());
  }
  if (!settings->postgresql.before_stop.empty()) {
    Result<void> done =
        co_await context.server.run_script(settings->postgresql.before_stop, {}, context.clock.now() + kScriptPatience);
    if (!done) context.log.warning("before_stop failed: {}", done.error().text());
  }
  Result<void> stopped = co_await stop_postgres(
      context, patient_stop(StopMode::Fast, context.clock.now(), settings->dynamic.primary_stop_timeout));
  if (!stopped) {
    context.show(PgState::StopFailed);
    co_return stopped.error().wrap("PostgreSQL shutdown failed, leader key not removed.");
  }
  co_await context.watchdog.disable();
  context.report({.kind = Event::Kind::PostgresStoppedByUs, .ok = true});
  if (status.running()) {
    const Role standby = led && settings->dynamic.standby_cluster ? Role::StandbyLeader : Role::Replica;
    context.callback(Callbacks::Event::OnStop, status.is_primary() ? Role::Primary : standby);
  }
  context.show(PgState::Stopped);
  if (led) {
    std::optional<Lsn> standby_position;
    if (status.is_standby()) standby_position = status.row->position();
    co_await release_lock(context, status.is_primary(), standby_position);
  }
  return_to_sync_duty(context);
  co_await context.publish();
  co_return Result<void>();
}

}  // namespace tamada
