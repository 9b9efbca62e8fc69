#include "procedures/rebuild_procedures.h"

#include <fmt/format.h>

#include "core/follow.h"
#include "procedures/start_procedure.h"
#include "procedures/stop.h"

namespace tamada {

namespace {

constexpr Duration kClonePatience = 30 * 24h;  // as long as the data takes; an operator can cancel it
constexpr Duration kRewindPatience = 24h;
constexpr Duration kRecoveryPatience = 24h;
constexpr Duration kComparePatience = 10s;
constexpr Duration kRemotePatience = 4s;  // asked again and again while it is away; nobody races meanwhile
constexpr Duration kQueryPatience = 2s;

Task<Result<void>> note(ProcedureContext& context, WorkNote::Kind kind) {
  Result<void> saved = co_await context.local.save_work_note(WorkNote{kind});
  if (!saved) co_return saved.error().wrap("not begun: the note of the step could not be saved");
  context.open_work = kind;
  co_return saved;
}

// A note that stays behind would have a later start rebuild a good directory, so the step is not over without this.
Task<Result<void>> clear_note(ProcedureContext& context) {
  Result<void> cleared = co_await context.local.save_work_note(std::nullopt);
  if (!cleared) co_return cleared.error().wrap("the note of the finished step could not be removed");
  context.open_work.reset();
  co_return cleared;
}

// What this member promoted itself to belongs to data that is gone; what is there now was made by whoever promoted
// `source`. Without that, a third who promotes himself to the same number looks like him (simulation seed 911331).
Task<Result<void>> note_origin(ProcedureContext& context, const Member* source) {
  std::optional<PromotionNote> origin;
  if (source != nullptr && source->role == Role::Primary && source->timeline.known() &&
      !source->timeline_origin.empty()) {
    origin.emplace();
    origin->to_timeline = source->timeline;
    origin->origin = source->timeline_origin;
  }
  co_return co_await context.local.save_promotion_note(std::move(origin));
}

}  // namespace

Task<Result<void>> clone_replica(ProcedureContext& context, CloneRequest request) {
  if (request.stop_first) {
    context.show(PgState::Stopping);
    const Instant now = context.clock.now();
    Result<void> stopped =
        co_await stop_postgres(context, {.first = StopMode::Immediate, .immediate_at = now, .kill_at = now + 10s});
    if (!stopped) {
      context.show(PgState::StopFailed);
      co_return stopped;
    }
    context.report({.kind = Event::Kind::PostgresStoppedByUs, .ok = true});
  }
  // A copy of a member may be the last one there is when it is complete and the member is gone; a backup is still
  // there.
  const bool from_backup = request.source.host.empty();
  Result<void> noted = co_await note(context, from_backup ? WorkNote::Kind::Fill : WorkNote::Kind::Clone);
  if (!noted) co_return noted;
  if (request.stop_first) {
    // Each method removes the old data before it begins, or builds on it (keep_data).
    context.log.warning("giving up the contents of the data directory to create it anew from {}",
                        request.source.member.empty() ? "a replica method without a source" : request.source.member);
    context.report({.kind = Event::Kind::DataDirRemoved});
  }
  context.show(PgState::CreatingReplica);
  const std::string from = request.source.member;
  std::optional<Member> source;
  if (const auto view = context.view(); view && view->member(from) != nullptr) source = *view->member(from);
  Result<void> cloned = co_await context.data.clone(std::move(request.source), request.only_basebackup,
                                                    context.clock.now() + kClonePatience);
  if (!cloned) {
    context.show(std::nullopt);
    context.report({.kind = Event::Kind::CloneDone, .ok = false, .detail = cloned.error().text()});
    co_return cloned.error().wrap(fmt::format("failed to bootstrap from '{}'", from));
  }
  Result<void> forgot = co_await note_origin(context, source ? &*source : nullptr);
  if (forgot) forgot = co_await clear_note(context);
  if (!forgot) {
    context.show(std::nullopt);
    context.report({.kind = Event::Kind::CloneDone, .ok = false, .detail = forgot.error().text()});
    co_return forgot;
  }
  context.report({.kind = Event::Kind::CloneDone, .ok = true});
  // Cloned from one member, it may have to follow another, through its own slot.
  const auto settings = context.settings();
  FollowTarget target = std::move(request.follow);
  if (const auto view = context.view()) target = follow_target(*view, *settings, false);
  StartPlan start{.request = {.follow = std::move(target)}, .timeout = settings->postgresql.pg_ctl_timeout};
  co_return co_await start_postgres(context, std::move(start));
}

Task<Result<void>> rewind(ProcedureContext& context, Member leader) {
  const PostgresStatus status = co_await context.server.observe(false, context.clock.now() + kQueryPatience);
  if (status.process != ProcessState::NotRunning) {
    context.show(PgState::Stopping);
    Result<void> stopped = co_await stop_postgres(context, {.first = StopMode::Fast});
    if (!stopped) {
      context.show(PgState::StopFailed);
      co_return stopped;
    }
    context.report({.kind = Event::Kind::PostgresStoppedByUs, .ok = true});
    context.show(PgState::Stopped);
  }
  Result<void> noted = co_await note(context, WorkNote::Kind::Rewind);
  if (!noted) co_return noted;
  context.log.warning("running pg_rewind from {}", leader.name);
  Result<void> rewound = co_await context.data.rewind(leader, context.clock.now() + kRewindPatience);
  if (rewound) {
    Result<void> forgot = co_await note_origin(context, &leader);
    if (forgot) forgot = co_await clear_note(context);
    if (!forgot) rewound = Error(ErrorCode::Io, forgot.error().text());  // to be done again
  } else if (rewound.error().code == ErrorCode::Failed) {
    // It ended by itself: from here on the state FAILED, not an interrupted run, says what this directory is.
    Result<void> cleared = co_await clear_note(context);
    if (!cleared) rewound = Error(ErrorCode::Io, cleared.error().text());
  }
  context.show(std::nullopt);
  Event event{.kind = Event::Kind::RewindDone, .ok = rewound.has_value()};
  if (!rewound) {
    event.leader_went_away = rewound.error().code != ErrorCode::Failed;
    event.detail = rewound.error().text();
  }
  context.report(event);
  co_return rewound;
}

Task<Result<void>> crash_recovery(ProcedureContext& context) {
  Result<void> done = co_await context.data.crash_recovery(context.clock.now() + kRecoveryPatience);
  Event event{.kind = Event::Kind::CrashRecoveryDone, .ok = done.has_value()};
  if (!done) event.detail = done.error().text();
  context.report(event);
  co_return done;
}

namespace {

// A remote primary is out of recovery, so that it made its timeline itself. One of the same number that was made in
// this cluster is another one, whatever positions say (safety.md 2.3).
Task<void> judge_equal_timelines(ProcedureContext& context, TimelineComparison& comparison) {
  Result<std::optional<PromotionNote>> note = co_await context.local.load_promotion_note();
  if (!note || !*note || comparison.verdict != TimelineComparison::Verdict::Same) co_return;
  const Timeline made = (*note)->to_timeline;
  if (!made.known() || made != comparison.leader_timeline) co_return;
  comparison.verdict = TimelineComparison::Verdict::Diverged;
  comparison.because =
      fmt::format("timeline {} was made in this cluster, and the remote primary writes one of that number", made.id);
}

}  // namespace

Task<Result<void>> check_divergence(ProcedureContext& context, Member leader) {
  const PostgresStatus status = co_await context.server.observe(true, context.clock.now() + kQueryPatience);
  const bool remote = context.settings()->dynamic.standby_cluster.has_value();
  const Duration patience = remote ? kRemotePatience : kComparePatience;
  TimelineComparison comparison =
      co_await context.data.compare_timelines(leader, status, context.clock.now() + patience);
  if (remote) co_await judge_equal_timelines(context, comparison);
  Event event{.kind = Event::Kind::CompareDone, .ok = true, .detail = comparison.because};
  switch (comparison.verdict) {
    case TimelineComparison::Verdict::Unknown:
      break;
    case TimelineComparison::Verdict::Diverged:
      event.diverged = true;
      break;
    case TimelineComparison::Verdict::Same:
    case TimelineComparison::Verdict::Ancestor:
      event.diverged = false;
      break;
  }
  context.log.info("comparison with {}: {}", leader.name, comparison.because);
  context.report(event);
  co_return Result<void>();
}

}  // namespace tamada
