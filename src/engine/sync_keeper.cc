#include "engine/sync_keeper.h"

#include <algorithm>

#include "ports/deadline.h"

namespace tamada {

namespace {

constexpr Duration kLookPatience = 2s;
constexpr Duration kNamesPatience = 5s;
constexpr Duration kMarkPatience = 60s;  // a checkpoint may be part of it
constexpr Duration kIdle = 1s;           // standbys come and go without an event that we would hear of
constexpr Duration kFirstWait = 20ms;
constexpr Duration kLastWait = 500ms;
constexpr Duration kAfterTrouble = 1s;
constexpr Duration kNever24h = 24h;

}  // namespace

SyncKeeper::SyncKeeper(Executor executor, EngineState& state, ProcedureContext& context, ViewKeeper& views,
                       const ProcedureRunner& runner)
    : state_(state), context_(context), views_(views), runner_(runner), tasks_(executor), wake_(executor) {}

void SyncKeeper::look() {
  const auto view = views_.view();
  const bool idle = runner_.idle();
  if (view == seen_view_ && state_.settings == seen_settings_ && idle == seen_idle_ && term() == term_) return;
  seen_view_ = view;
  seen_settings_ = state_.settings;
  seen_idle_ = idle;
  wake_.set();
}

Task<void> SyncKeeper::keep() {
  Clock& clock = state_.ports.clock;
  for (;;) {
    wake_.reset();
    const Duration pause = co_await turn();
    if (pause > Duration(0)) co_await with_deadline(clock, clock.now() + pause, wake_.wait());
  }
}

std::optional<SyncKeeper::Term> SyncKeeper::term() const {
  const auto proof = context_.lock.proof();
  const bool busy = !runner_.idle() && runner_.current().kind != ProcedureKind::CheckDivergence;
  if (!proof || busy || state_.shutting_down || !state_.postgres.is_primary() || !views_.view()) return std::nullopt;
  if (views_.reach() != StoreReach::Fresh) return std::nullopt;
  return Term{proof->generation, state_.postgres.postmaster};
}

SyncState SyncKeeper::newest_sync(const ClusterView& view) const {
  return own_ && view.revision < own_at_ ? *own_ : view.sync;
}

Task<Duration> SyncKeeper::turn() {
  const auto now_in = term();
  if (now_in != term_) {
    term_ = now_in;
    memory_ = {};
    own_.reset();
    waits_ = 0;
  }
  if (!term_) {
    state_.sync = {};
    co_return kNever24h;
  }
  const auto settings = state_.settings;
  const auto view = views_.view();
  if (!synchronous_mode_on(*settings) && memory_.given_back && newest_sync(*view).empty()) {
    state_.sync = {};
    co_return kNever24h;
  }
  Result<SyncReplication> server = co_await context_.sql.sync_replication(context_.clock.now() + kLookPatience);
  if (term() != term_ || state_.settings != settings) co_return Duration(0);
  if (!server) {
    state_.log.debug("synchronous standbys could not be looked at: {}", server.error().text());
    co_return kAfterTrouble;
  }
  const SyncInput in{*settings, context_.my_name, *view, newest_sync(*view), std::move(*server), context_.clock.now()};
  note_seen(memory_, in);
  const SyncStep step = resolve_sync(in, memory_);
  tell(step, in.server);
  co_return co_await perform(step, in);
}

// A step is logged when it is taken, a wait when it begins.
void SyncKeeper::tell(const SyncStep& step, const SyncReplication& server) {
  state_.sync.rule = step.rule;
  state_.sync.because = step.because;
  state_.sync.details = step.details;
  state_.sync.names = server.names;
  state_.sync.waiting = server.waiting;
  state_.sync.lowered = server.lowered;
  if (server.lowered > 0 && !told_lowered_) {
    state_.log.warning(
        "{} roles or databases set synchronous_commit to off or local: their commits are outside the promise of "
        "synchronous mode",
        server.lowered);
  }
  told_lowered_ = server.lowered > 0;
  const std::string told = step.rule + step.names + format_sync(step.sync, Compatibility::V4_1);
  if (told == told_) return;
  told_ = told;
  switch (step.action) {
    case SyncAction::Nothing:
    case SyncAction::Wait:
    case SyncAction::TakeMark:
      state_.log.debug("synchronous mode: {} [{}]", step.because, step.rule);
      break;
    case SyncAction::SetNames:
      state_.log.info("Setting synchronous_standby_names to '{}': {} [{}]", step.names, step.because, step.rule);
      break;
    case SyncAction::WriteSync:
      state_.log.info("Synchronous replication key: {}: {} [{}]", format_sync(step.sync, Compatibility::V4_1),
                      step.because, step.rule);
      break;
    case SyncAction::DeleteSync:
      state_.log.info("Synchronous replication key is deleted: {} [{}]", step.because, step.rule);
      break;
  }
}

Task<Duration> SyncKeeper::perform(const SyncStep& step, const SyncInput& in) {
  if (step.action != SyncAction::Wait) waits_ = 0;
  switch (step.action) {
    case SyncAction::Nothing:
      co_return synchronous_mode_on(in.settings) ? std::min<Duration>(kIdle, in.settings.dynamic.loop_wait) : kNever24h;
    case SyncAction::Wait:
      co_return std::min<Duration>(kFirstWait * (1 << std::min(waits_++, 6)), kLastWait);
    case SyncAction::WriteSync:
    case SyncAction::DeleteSync:
      co_return co_await write(step, in);
    case SyncAction::SetNames:
      co_return co_await set_names(step, in);
    case SyncAction::TakeMark:
      co_return co_await take_mark(in);
  }
  co_return kAfterTrouble;
}

Task<Duration> SyncKeeper::write(const SyncStep& step, const SyncInput& in) {
  StoreWrite request{.key = StoreKey::Sync, .condition = WriteCondition::unchanged(in.sync.revision)};
  if (step.action == SyncAction::WriteSync) request.value = format_sync(step.sync, in.settings.compatibility);
  request.while_leading = term_->generation;
  // Until the answer is there both values are possible.
  note_sync_write(memory_, false);
  const Instant deadline = context_.clock.now() + in.settings.dynamic.retry_timeout;
  auto written = co_await context_.store.write(std::move(request), deadline);
  if (written.applied()) {
    own_ = step.sync;
    own_->revision = step.action == SyncAction::WriteSync ? *written.value : 0;
    own_at_ = *written.value;
    note_sync_write(memory_, true);
    co_return Duration(0);
  }
  state_.log.info("synchronous replication key was {}: {}",
                  written.kind == WriteKind::Refused ? "updated by somebody else" : "written without an answer",
                  written.error.text());
  own_.reset();
  Result<void> loaded = co_await views_.load(context_.clock.now() + in.settings.dynamic.retry_timeout);
  co_return loaded ? kFirstWait : kAfterTrouble;
}

Task<Duration> SyncKeeper::set_names(const SyncStep& step, const SyncInput& in) {
  note_names_asked(memory_, step.names);
  Result<void> set =
      co_await context_.server.set_synchronous_standby_names(step.names, context_.clock.now() + kNamesPatience);
  if (!set) state_.log.warning("synchronous_standby_names '{}' were not set: {}", step.names, set.error().text());
  if (!synchronous_mode_on(in.settings)) {
    // What the server shows may be the operator's by other ways than our file; it is asked for once.
    note_given_back(memory_);
    co_return Duration(0);
  }
  note_names_ended(memory_, step.names, set.has_value());
  co_return set ? Duration(0) : kAfterTrouble;
}

Task<Duration> SyncKeeper::take_mark(const SyncInput& in) {
  Result<Lsn> mark =
      co_await context_.sql.sync_mark(in.server.names, memory_.waiting_is_on, context_.clock.now() + kMarkPatience);
  if (mark && mark->known()) {
    note_mark(memory_, *mark);
    co_return Duration(0);
  }
  if (!mark) state_.log.info("synchronous_standby_names are not known to be in force: {}", mark.error().text());
  co_return kAfterTrouble;
}

}  // namespace tamada
