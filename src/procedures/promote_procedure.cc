#include "procedures/promote_procedure.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/next_timeline.h"
#include "core/sync_resolver.h"
#include "procedures/stop.h"

namespace tamada {

namespace {

constexpr Duration kPoll = 20ms;
constexpr Duration kQueryPatience = 2s;
constexpr Duration kReleasePatience = 3s;
constexpr Duration kNamesPatience = 8s;

Error failed(ProcedureContext& context, Error error, bool pre_promote = false) {
  context.report({.kind = Event::Kind::PromoteFailed, .pre_promote = pre_promote, .detail = error.text()});
  return error;
}

Task<bool> confirm(ProcedureContext& context) {
  const auto settings = context.settings();
  const Timing timing = compute_timing(settings->dynamic);
  const Instant until = context.clock.now() + settings->dynamic.retry_timeout;
  co_return co_await context.lock.confirm(timing.promote_allowance + timing.stop_margin, until);
}

Task<void> give_lock_back(ProcedureContext& context) {
  const WriteKind kind = co_await context.lock.release(std::nullopt, context.clock.now() + kReleasePatience);
  context.report({.kind = Event::Kind::LockReleased, .ok = kind == WriteKind::Applied, .voluntary = true});
}

Task<Result<void>> pre_promote(ProcedureContext& context) {
  const auto settings = context.settings();
  if (settings->postgresql.pre_promote.empty()) co_return Result<void>();
  // The lock is renewed meanwhile; the brain cancels this procedure when it is lost.
  co_return co_await context.server.run_script(settings->postgresql.pre_promote, {}, kNever);
}

// Before anybody can commit on the new primary: /sync names it alone (in quorum mode, with its voters), then commits
// wait for what that implies.
Task<Result<std::int64_t>> write_sync(ProcedureContext& context, const SyncState& state) {
  const auto proof = context.lock.proof();
  if (!proof) co_return Error(ErrorCode::Conflict, "leader lock was lost before the promotion");
  const auto settings = context.settings();
  StoreWrite write{.key = StoreKey::Sync,
                   .value = format_sync(state, settings->compatibility),
                   .condition = WriteCondition::unchanged(state.revision),
                   .while_leading = proof->generation};
  auto written = co_await context.store.write(std::move(write), context.clock.now() + settings->dynamic.retry_timeout);
  if (written.applied()) co_return *written.value;
  co_return Error(ErrorCode::Conflict,
                  "Postponing promotion because synchronous replication state was updated by somebody else");
}

// The names are in force, and commits will wait for them from the first one on.
Task<Result<void>> wait_for_names(ProcedureContext& context, const std::string& names) {
  const auto settings = context.settings();
  Result<void> set = co_await context.server.set_synchronous_standby_names(
      names, context.clock.now() + settings->dynamic.retry_timeout);
  if (!set || names.empty()) co_return set;
  Result<Lsn> proven = co_await context.sql.sync_mark(names, false, context.clock.now() + kNamesPatience);
  if (!proven) co_return proven.error().wrap("Postponing promotion because commits might not wait for standbys");
  co_return Result<void>();
}

// What stood in /sync before this promotion took it over.
struct FormerSync {
  SyncState state;
  std::int64_t takeover = 0;  // version of the key that replaced it
};

Task<Result<void>> take_over_sync(ProcedureContext& context, std::optional<FormerSync>& former) {
  const auto settings = context.settings();
  const auto view = context.view();
  if (!synchronous_mode_on(*settings) || !view) co_return Result<void>();
  const PostgresStatus status = co_await context.server.observe(true, context.clock.now() + kQueryPatience);
  const int version = status.row ? status.row->server_version : status.major_version;
  const SyncState mine = takeover_state(view->sync, context.my_name, *settings, version);
  Result<std::int64_t> written = co_await write_sync(context, mine);
  if (!written) co_return written.error();
  if (mine != view->sync) former = {view->sync, *written};
  co_return co_await wait_for_names(context, format_sync_names(names_for_start(mine, context.my_name, *settings)));
}

// PostgreSQL was not asked, so nothing was committed since: whoever had every commit has it still, and may lead again
// when this member may not (simulation seed 900487). Nobody took /sync over meanwhile: its version is the condition.
Task<void> put_sync_back(ProcedureContext& context, std::optional<FormerSync> former) {
  const auto proof = context.lock.proof();
  if (!former || !proof) co_return;
  const auto settings = context.settings();
  StoreWrite write{.key = StoreKey::Sync,
                   .condition = WriteCondition::unchanged(former->takeover),
                   .while_leading = proof->generation};
  if (former->state.revision != 0) write.value = format_sync(former->state, settings->compatibility);
  auto written = co_await context.store.write(std::move(write), context.clock.now() + settings->dynamic.retry_timeout);
  if (!written.applied())
    context.log.warning("/sync names only this member, which was not promoted: {}", written.error.text());
}

// No other promotion makes the number that this one is going to make: it is claimed in the store, and PostgreSQL passes
// over those that were claimed before.
Task<Result<Timeline>> claim_timeline(ProcedureContext& context, Timeline own) {
  const auto view = context.view();
  const auto proof = context.lock.proof();
  if (!view || !proof) co_return Error(ErrorCode::Conflict, "leader lock was lost before the promotion");
  const auto& unused = context.unused_claim;
  // Nobody has claimed since: the number of an attempt that failed before the deed is still ours.
  const bool again = unused && unused->revision == view->timeline_revision && unused->timeline > own;
  const Timeline next = again ? unused->timeline : next_timeline(*view, own);
  const Instant deadline = context.clock.now() + context.settings()->dynamic.retry_timeout;
  if (next.id > own.id + 1) {
    Result<void> passed = co_await context.data.pass_over_timelines(own, Timeline{next.id - 1}, deadline);
    if (!passed) co_return passed.error();
  }
  StoreWrite claim{.key = StoreKey::Timeline,
                   .value = format_timeline_claim(next, context.my_name),
                   .condition = WriteCondition::unchanged(view->timeline_revision),
                   .while_leading = proof->generation};
  auto claimed = co_await context.store.write(std::move(claim), deadline);
  if (!claimed.applied()) co_return claimed.error.wrap(fmt::format("timeline {} could not be claimed", next.id));
  context.unused_claim = {next, *claimed.value};
  co_return next;
}

Timeline present_timeline(const PostgresStatus& status) {
  Timeline present = status.control ? status.control->timeline : Timeline{};
  if (status.row) present = std::max(present, status.row->timeline);
  return present;
}

// What is about to happen, durable before it happens (safety.md 2.3).
Task<Result<PromotionNote>> note_the_deed(ProcedureContext& context, const PostgresStatus& status, Timeline to) {
  PromotionNote note;
  note.from_timeline = present_timeline(status);
  if (status.row) note.at = status.row->position();
  note.to_timeline = to;
  note.origin = fmt::format("{} {} {}", context.my_name, to_string(note.at),
                            context.clock.wall_now().time_since_epoch() / std::chrono::microseconds(1));
  Result<void> saved = co_await context.local.save_promotion_note(note);
  if (!saved) co_return saved.error();
  co_return note;
}

// PostgreSQL was not asked: this data is still of the timeline that the former note speaks of. When this fails as well,
// TimelineOrigin drops the note as soon as the standby streams again.
Task<void> take_note_back(ProcedureContext& context, std::optional<PromotionNote> former) {
  Result<void> restored = co_await context.local.save_promotion_note(std::move(former));
  if (!restored) context.log.warning("the note of a promotion that was not done stays: {}", restored.error().text());
}

// PostgreSQL passes over numbers whose history file it finds in an archive.
Task<void> correct_note(ProcedureContext& context, PromotionNote note, Timeline made) {
  if (!made.known() || made == note.to_timeline) co_return;
  note.to_timeline = made;
  Result<void> saved = co_await context.local.save_promotion_note(note);
  if (!saved) context.log.warning("the origin of timeline {} could not be noted: {}", made.id, saved.error().text());
}

// The timeline on which it writes.
Task<Result<Timeline>> wait_for_production(ProcedureContext& context) {
  for (;;) {
    const PostgresStatus status = co_await context.server.observe(true, context.clock.now() + kQueryPatience);
    if (status.is_primary()) co_return status.row ? status.row->timeline : Timeline{};
    if (status.process == ProcessState::NotRunning || status.process == ProcessState::Orphans) {
      co_return Error(ErrorCode::Failed, "postgres ended during its promotion", "its own log says why");
    }
    if (!context.lock.proof()) co_return Error(ErrorCode::Conflict, "leader lock was lost during the promotion");
    co_await context.clock.sleep_for(kPoll);
  }
}

// Everything up to the request to PostgreSQL, in this order (safety.md 2.2). `former` is set as soon as /sync is taken
// over. An error: PostgreSQL was not asked.
Task<Result<PromotionNote>> prepare(ProcedureContext& context, std::optional<FormerSync>& former) {
  Result<void> sync = co_await take_over_sync(context, former);
  if (!sync) co_return sync.error();
  const PostgresStatus status = co_await context.server.observe(true, context.clock.now() + kQueryPatience);
  if (!status.is_standby())
    co_return Error(ErrorCode::Conflict, "not promoted: postgres is no running standby any more");
  Result<Timeline> next = co_await claim_timeline(context, present_timeline(status));
  if (!next) co_return next.error().wrap("not promoted");
  Result<std::optional<PromotionNote>> former_note = co_await context.local.load_promotion_note();
  if (!former_note) former_note = std::optional<PromotionNote>();  // unreadable: nobody knew more than nothing
  Result<PromotionNote> noted = co_await note_the_deed(context, status, *next);
  if (!noted) {
    co_await take_note_back(context, *former_note);
    co_return noted.error().wrap("not promoted: the promotion could not be recorded");
  }
  const bool confirmed = co_await confirm(context);
  if (!confirmed) {
    co_await take_note_back(context, *former_note);
    co_return Error(ErrorCode::Conflict, "not promoted: the lock could not be confirmed");
  }
  co_return *noted;
}

}  // namespace

Task<Result<void>> promote(ProcedureContext& context) {
  Result<void> script = co_await pre_promote(context);
  if (!script) {
    co_await give_lock_back(context);
    co_return failed(context, script.error().wrap("Promotion cancelled because the pre-promote script failed"), true);
  }
  Result<bool> watchdog = co_await context.watchdog.activate();
  if (!watchdog) {
    co_await give_lock_back(context);
    co_return failed(context, watchdog.error().wrap("Not promoting self because watchdog could not be activated"));
  }
  std::optional<FormerSync> former_sync;
  Result<PromotionNote> noted = co_await prepare(context, former_sync);
  if (!noted) {
    co_await put_sync_back(context, std::move(former_sync));
    co_return failed(context, noted.error());
  }

  context.unused_claim.reset();
  context.report({.kind = Event::Kind::PromotionAsked});
  Result<void> asked = co_await context.server.promote(context.clock.now() + 10s);
  if (!asked) {
    if (asked.error().code == ErrorCode::Failed) co_await put_sync_back(context, std::move(former_sync));
    co_return failed(context, asked.error().wrap("promotion request failed"));
  }
  Result<Timeline> primary = co_await wait_for_production(context);
  if (!primary) {
    // It may leave recovery at any moment now: without the lock nothing of it may go on living.
    if (!context.lock.proof()) {
      Result<void> killed = co_await stop_postgres(context, {.first = StopMode::Kill});
      if (!killed) context.log.error("{}", killed.error().text());
    }
    co_return failed(context, primary.error());
  }
  co_await correct_note(context, *noted, *primary);
  context.report({.kind = Event::Kind::Promoted, .ok = true});
  context.callback(Callbacks::Event::OnRoleChange, Role::Primary);
  co_return Result<void>();
}

}  // namespace tamada
