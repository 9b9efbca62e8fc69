#include "engine/chores.h"

#include "base/text.h"
#include "core/failsafe_map.h"
#include "engine/history_update.h"

namespace tamada {

namespace {
constexpr Duration kSqlPatience = 5s;
constexpr Duration kCheckpointPatience = 3600s;
}  // namespace

Chores::Chores(Executor executor, EngineState& state, ProcedureContext& context)
    : state_(state), context_(context), tasks_(executor), slots_(executor, state, context) {}

Task<void> Chores::stop() {
  co_await tasks_.stop();
  co_await slots_.stop();
}

void Chores::run(Chore chore, View view) {
  if (!running_.insert(chore).second) return;
  tasks_.spawn(perform(chore, std::move(view)), [this, chore](std::exception_ptr error) {
    running_.erase(chore);
    if (error && !is_cancellation(error)) std::rethrow_exception(error);
  });
}

Task<void> Chores::perform(Chore chore, View view) {
  switch (chore) {
    case Chore::WriteInitialize:
      if (state_.postgres.control && view) {
        co_await write(StoreKey::Initialize, state_.postgres.control->system_identifier,
                       view->initialize ? view->initialize->revision : 0, "/initialize");
      }
      break;
    case Chore::RestoreConfig:
      if (view && !state_.settings->dynamic_document.empty()) {
        co_await write(StoreKey::Config, to_json(state_.settings->dynamic_document, JsonStyle::Compact),
                       view->config_revision, "/config");
      }
      break;
    case Chore::ClearFailover:
      if (view) co_await write(StoreKey::Failover, "{}", view->failover_revision, "/failover");
      break;
    case Chore::DropFailoverLeader:
      if (view && view->failover) {
        FailoverRequest request = *view->failover;
        request.leader.clear();
        co_await write(StoreKey::Failover, format_failover(request), view->failover_revision, "/failover");
      }
      break;
    case Chore::ClearSync:
      if (view) {
        co_await write(StoreKey::Sync, format_sync({}, state_.settings->compatibility), view->sync.revision, "/sync");
      }
      break;
    case Chore::UpdateHistory:
      if (view) co_await update_history(view);
      break;
    case Chore::SyncSlots:
      if (view) co_await slots_.look(view, false);
      break;
    case Chore::MoveSlots:
      if (view) co_await slots_.look(view, true);
      break;
    case Chore::WriteFailsafe:
      if (view) co_await write_failsafe(view);
      break;
    case Chore::CheckpointAfterPromote:
      co_await checkpoint();
      break;
    case Chore::TouchMember:
      co_await context_.publish();
      break;
    case Chore::ActivateWatchdog:
      co_await activate_watchdog();
      break;
    case Chore::DisableWatchdog:
      co_await context_.watchdog.disable();
      break;
    case Chore::RefuseRestart:
    case Chore::RefuseReinitialize:
    case Chore::CancelScheduledRestart:
      break;  // answered by the loop
    case Chore::OnStartCallback:
      context_.callback(Callbacks::Event::OnStart, state_.memory.role);
      break;
  }
}

// Every store write of a chore is the leader's: it holds only while our generation stands (safety.md 1.3).
Task<bool> Chores::write(StoreKey key, std::optional<std::string> value, std::int64_t revision, std::string what) {
  const auto proof = context_.lock.proof();
  if (!proof && key != StoreKey::Initialize) co_return false;
  StoreWrite request{.key = key, .value = std::move(value), .condition = WriteCondition::unchanged(revision)};
  if (proof) request.while_leading = proof->generation;
  auto written =
      co_await context_.store.write(std::move(request), context_.clock.now() + state_.settings->dynamic.retry_timeout);
  if (!written.applied()) state_.log.info("{} was not written: {}", what, written.error.text());
  co_return written.applied();
}

Task<void> Chores::write_failsafe(View view) {
  const auto proof = context_.lock.proof();
  if (!proof) co_return;
  auto wanted = wanted_failsafe_map(*view, *state_.settings);
  state_.failsafe_maps.sent(proof->generation, wanted);
  const bool applied =
      co_await write(StoreKey::Failsafe, format_failsafe(wanted), view->failsafe_revision, "/failsafe");
  if (applied) state_.failsafe_maps.applied(proof->generation, std::move(wanted));
}

Task<void> Chores::update_history(View view) {
  // A standby leader writes the remote primary's, whose history file its walreceiver fetched.
  if (!state_.postgres.row) co_return;
  const Timeline timeline = state_.postgres.row->timeline;
  if (!history_is_due(*view, timeline)) co_return;
  std::vector<HistoryLine> lines;
  if (timeline.id > 1) {
    Result<std::vector<HistoryLine>> file =
        co_await context_.data.read_history(timeline, context_.clock.now() + kSqlPatience);
    if (!file) {
      if (state_.postgres.is_primary())
        state_.log.warning("history of timeline {} could not be read: {}", timeline.id, file.error().text());
      co_return;
    }
    lines = next_history(*view, std::move(*file), format_iso8601(context_.clock.wall_now()), context_.my_name,
                         state_.settings->dynamic.max_timelines_history);
  }
  // A timeline whose parent is not the one before it is "due" for ever.
  if (view->history && view->history->lines == lines) co_return;
  co_await write(StoreKey::History, format_history(lines), view->history ? view->history->revision : 0, "/history");
}

// It counts from its opening: the lock is renewed with it, so that a host that freezes now does not outlive the lock.
// What came of it the next decision sees by healthy().
Task<void> Chores::activate_watchdog() {
  Result<bool> activated = co_await context_.watchdog.activate();
  if (!activated || !*activated) co_return;
  const DynamicSettings& dynamic = state_.settings->dynamic;
  const bool renewed = co_await context_.lock.confirm(Duration(dynamic.ttl) - 1s, context_.clock.now() + 2s);
  if (!renewed) co_await context_.watchdog.disable();
}

Task<void> Chores::checkpoint() {
  Result<void> done = co_await context_.sql.checkpoint(context_.clock.now() + kCheckpointPatience);
  if (!done) {
    state_.log.info("checkpoint after the promotion failed: {}", done.error().text());
    co_return;
  }
  context_.report({.kind = Event::Kind::CheckpointDone, .ok = true});
}

}  // namespace tamada
