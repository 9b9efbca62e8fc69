// Carrying out a plan. Nothing is decided here.
#include <algorithm>

#include "core/follow.h"
#include "core/next_timeline.h"
#include "core/restart_conditions.h"
#include "engine/engine_impl.h"
#include "engine/peer_survey.h"
#include "procedures/bootstrap_procedure.h"
#include "procedures/copy_slots_procedure.h"
#include "procedures/demote_procedure.h"
#include "procedures/promote_procedure.h"
#include "procedures/rebuild_procedures.h"
#include "procedures/start_procedure.h"

namespace tamada {

namespace {

constexpr Duration kStopLeftOverPatience = 30s;

ProcedureKind kind_of(PlanKind plan) {
  switch (plan) {
    case PlanKind::Promote:
      return ProcedureKind::Promote;
    case PlanKind::StartAsPrimary:
    case PlanKind::StartAsStandby:
      return ProcedureKind::Start;
    case PlanKind::Follow:
      return ProcedureKind::Follow;
    case PlanKind::Demote:
      return ProcedureKind::Demote;
    case PlanKind::CheckDivergence:
      return ProcedureKind::CheckDivergence;
    case PlanKind::Rewind:
      return ProcedureKind::Rewind;
    case PlanKind::CrashRecovery:
      return ProcedureKind::CrashRecovery;
    case PlanKind::Clone:
      return ProcedureKind::Clone;
    case PlanKind::Reinitialize:
      return ProcedureKind::Reinitialize;
    case PlanKind::Bootstrap:
      return ProcedureKind::Bootstrap;
    case PlanKind::Restart:
      return ProcedureKind::Restart;
    case PlanKind::CopySlots:
      return ProcedureKind::CopySlots;
    case PlanKind::StopLeftOver:
      return ProcedureKind::Demote;
    default:
      return ProcedureKind::None;
  }
}

std::string write_outcome(std::string_view applied, WriteKind kind) {
  switch (kind) {
    case WriteKind::Applied:
      return std::string(applied);
    case WriteKind::Refused:
      return "the store refused: somebody else was first";
    case WriteKind::Unknown:
      return "not known: the store did not answer";
  }
  return "";
}

Task<Result<void>> stop_left_over(ProcedureContext& context) {
  const Instant now = context.clock.now();
  Result<void> stopped = co_await stop_postgres(
      context, {.first = StopMode::Immediate, .immediate_at = now, .kill_at = now + kStopLeftOverPatience});
  if (stopped) context.report({.kind = Event::Kind::PostgresStoppedByUs, .ok = true});
  co_return stopped;
}

}  // namespace

Task<std::optional<PeerSurvey>> Engine::Impl::survey() {
  const Plan& plan = state_.plan;
  std::optional<PeerSurvey> survey = co_await survey_peers(state_.ports.peers, state_.ports.clock, plan.peers,
                                                           plan.probe_timeout, plan.final_positions);
  if (survey) {
    const auto answered = std::count_if(survey->reports.begin(), survey->reports.end(),
                                        [](const PeerReport& report) { return report.answered; });
    decisions_.set_outcome(decision_, fmt::format("{} of {} members answered", answered, survey->reports.size()));
  }
  co_return survey;
}

Task<void> Engine::Impl::acquire_lock() {
  AcquireRequest request;
  if (auto view = views_.view()) {
    request.sync_revision = view->sync.revision;
    request.failover_revision = view->failover_revision;
  }
  const WriteKind kind = co_await lock_.acquire(request, now() + state_.settings->dynamic.retry_timeout);
  decisions_.set_outcome(decision_, write_outcome("the lock was taken", kind));
  if (kind == WriteKind::Refused) report({.kind = Event::Kind::AcquireRefused});
  // With the lock in hand, or in doubt, the brain looks at what was really there (safety.md 2.2).
  Result<void> loaded = co_await views_.load(now() + state_.settings->dynamic.retry_timeout);
  if (!loaded) views_.doubt("no view after the race");
}

// A primary that stood still may find the lock free although another one led meanwhile (simulation seed 1123).
std::optional<AcquireRequest> Engine::Impl::retake_request(const LockGeneration& vanished) const {
  const auto view = views_.view();
  const auto& row = state_.postgres.row;
  if (!view || !row || promoted_since(*view, vanished, row->timeline)) return std::nullopt;
  AcquireRequest request;
  request.timeline_revision = view->timeline_revision;
  return request;
}

Task<bool> Engine::Impl::act() {
  const auto view = views_.view();
  for (Chore chore : state_.plan.chores) chores_.run(chore, view);
  if (!state_.plan.restart_cancelled.empty()) restart_schedule_.forget(state_.plan.restart_cancelled);
  switch (state_.plan.kind) {
    case PlanKind::Keep:
    case PlanKind::ProbePeers:
    case PlanKind::Lead:
    case PlanKind::LeadStandby:
      break;
    case PlanKind::AcquireLock:
      co_await acquire_lock();
      co_return true;
    case PlanKind::ReleaseLock: {
      const WriteKind kind = co_await lock_.release(std::nullopt, now() + state_.settings->dynamic.retry_timeout);
      decisions_.set_outcome(decision_, write_outcome("the lock was released", kind));
      report({.kind = Event::Kind::LockReleased, .ok = kind == WriteKind::Applied, .voluntary = true});
      break;
    }
    case PlanKind::Cancel:
      co_await runner_.cancel_and_wait();
      co_return true;
    case PlanKind::Exit:
      // A failed bootstrap has been told when it ended.
      if (!exit_code_) state_.log.critical("{}", state_.plan.exit_message);
      exit_code_ = 1;
      stop_postgres_at_exit_ = !state_.plan.exit_without_stop;
      break;
    default:
      start_procedure();
      break;
  }
  answer_refused_requests();
  co_return false;
}

void Engine::Impl::start_procedure() {
  if (!runner_.idle() || runner_.blocked()) {
    decisions_.set_outcome(decision_, runner_.idle() ? "not begun: PostgreSQL is being fenced"
                                                     : "not begun: " + runner_.current().name + " in progress");
    return;
  }
  const Plan& plan = state_.plan;
  const auto patience = plan.timeout.value_or(state_.settings->postgresql.pg_ctl_timeout);
  Done answer;
  Task<Result<void>> body;
  switch (plan.kind) {
    case PlanKind::Promote:
      body = promote(context_);
      break;
    case PlanKind::StartAsPrimary:
      body = start_postgres(context_, {.request = {.as_primary = true}, .timeout = patience});
      break;
    case PlanKind::StartAsStandby:
      body = start_postgres(context_, {.request = {.follow = plan.follow}, .timeout = patience});
      break;
    case PlanKind::Follow: {
      const bool differs = state_.ports.server.follow_differs(plan.follow, state_.postgres);
      if (!differs) return;
      body = follow(context_, plan.follow);
      break;
    }
    case PlanKind::Demote: {
      DemoteRequest request{.mode = plan.demote, .to = plan.to.value_or(""), .remote = plan.follow};
      const bool standby_leader = state_.postgres.is_standby() && state_.settings->dynamic.standby_cluster;
      if (standby_leader) request.standby_position = state_.postgres.row->position();
      body = demote(context_, std::move(request));
      break;
    }
    case PlanKind::CheckDivergence:
      body = check_divergence(context_, plan.leader.value_or(Member{}));
      break;
    case PlanKind::Rewind:
      body = rewind(context_, plan.leader.value_or(Member{}));
      break;
    case PlanKind::CrashRecovery:
      body = crash_recovery(context_);
      break;
    case PlanKind::Clone:
    case PlanKind::Reinitialize: {
      CloneRequest request{.follow = plan.follow, .stop_first = plan.kind == PlanKind::Reinitialize};
      if (plan.leader) request.source = {plan.leader->name, plan.leader->host(), plan.leader->port()};
      if (reinitialize_) request.only_basebackup = reinitialize_->first.from_leader;
      body = clone_replica(context_, std::move(request));
      if (plan.kind == PlanKind::Reinitialize && reinitialize_) {
        reinitialize_->second.done({200, "reinitialize started"});
        reinitialize_.reset();
      }
      break;
    }
    case PlanKind::Bootstrap:
      body = plan.follow.remote ? bootstrap_standby_leader(context_, plan.follow) : bootstrap_cluster(context_);
      break;
    case PlanKind::Restart: {
      if (plan.scheduled_restart && !restart_schedule_.wanted()) return;  // deleted meanwhile
      FollowTarget target;
      if (auto view = views_.view()) target = follow_target(*view, *state_.settings, lock_.proof().has_value());
      body = restart(context_, std::move(target), patience);
      RestartRequest wanted;
      if (plan.scheduled_restart) {
        wanted = restart_schedule_.begin();
        answer = [this](const OperatorReply& reply) { restart_schedule_.ended(reply); };
      } else if (restart_) {
        wanted = std::move(restart_->first);
        answer = std::move(restart_->second.done);
        restart_.reset();
      }
      // How long the start may take before another member takes over (ha_behaviour.md 1.15).
      if (wanted.timeout) report({.kind = Event::Kind::RestartAsked, .timeout = wanted.timeout});
      break;
    }
    case PlanKind::CopySlots:
      body = copy_logical_slots(context_, {plan.leader.value_or(Member{}), state_.slots.to_copy});
      chores_.copying_slots();
      break;
    case PlanKind::StopLeftOver:
      body = stop_left_over(context_);
      break;
    default:
      return;
  }
  const bool bootstraps = plan.kind == PlanKind::Bootstrap;
  const bool copies = plan.kind == PlanKind::CopySlots;
  const std::string name = plan.procedure_name.empty() ? plan.status : plan.procedure_name;
  const std::uint64_t decision = decision_;
  decisions_.set_outcome(decision, "in progress");
  const auto ended = [this, answer, bootstraps, copies, decision](Result<void> result) {
    decisions_.set_outcome(decision, result ? "done" : "failed: " + result.error().text());
    if (copies && !result && result.error().code == ErrorCode::Conflict) chores_.slots_not_copied();
    if (bootstraps && !result && result.error().code == ErrorCode::Failed) {
      state_.log.critical("{}", result.error().text());
      exit_code_ = 1;
    }
    procedure_ended(std::move(result), answer);
  };
  runner_.start(kind_of(plan.kind), name, std::move(body), ended);
  publish_snapshot();
}

void Engine::Impl::procedure_ended(Result<void> result, Done done) {
  if (state_.shown == PgState::Stopping || state_.shown == PgState::Restarting ||
      state_.shown == PgState::CreatingReplica || state_.shown == PgState::Starting) {
    state_.shown.reset();
  }
  // A cancelled one has reported nothing.
  if (context_.open_work) look_for_unfinished_work();
  if (!done) return;
  if (result) {
    done({200, "restarted successfully"});
  } else if (result.error().code == ErrorCode::Timeout) {
    done({503, "postgres is still starting"});
  } else {
    done({503, "restart failed"});
  }
}

// Whoever asked is told "no" while he still listens (api/postgres_handlers.cc), and nothing is done behind his back.
bool Engine::Impl::waited_too_long(const RestartRequest& request, Instant asked_at) const {
  const auto patience = request.timeout.value_or(state_.settings->dynamic.primary_start_timeout);
  return now() >= asked_at + std::max<Duration>(patience, state_.settings->dynamic.loop_wait);
}

// A request that something else is in the way of, or whose conditions do not hold, is answered; one that waits for a
// fresh view or for a safe moment stays for the next turns.
void Engine::Impl::answer_refused_requests() {
  const bool busy = !runner_.idle() && runner_.current().kind != ProcedureKind::CheckDivergence;
  const std::string in_the_way = busy ? fmt::format("{} already in progress", runner_.current().name) : "";
  if (restart_) {
    const auto unmet = why_no_restart(restart_->first, state_.postgres, state_.memory.role);
    if (unmet) state_.log.info("restart refused: {}", *unmet);
    if (busy || unmet) {
      restart_->second.done({503, busy ? in_the_way : "restart conditions are not satisfied"});
      restart_.reset();
    } else if (waited_too_long(restart_->first, restart_->second.asked_at)) {
      const bool starts = observed_state(state_) == PgState::Starting;
      state_.log.info("restart refused: no moment for it came: {}", state_.plan.status);
      restart_->second.done({503, starts ? "postgres is still starting" : "restart failed"});
      restart_.reset();
    }
  }
  if (reinitialize_ && (busy || views_.reach() == StoreReach::Fresh)) {
    const auto view = views_.view();
    std::string why = busy ? in_the_way : state_.plan.status;
    if (!busy && view->unlocked()) why = "Cluster has no leader, can not reinitialize";
    if (!busy && lock_.proof()) why = "I am the leader, can not reinitialize";
    reinitialize_->second.done({503, why});
    reinitialize_.reset();
  }
}

// The end: as the reason demands, PostgreSQL is stopped, or left running with its lock and its record (A14).
Task<int> Engine::Impl::finish() {
  exiting_ = true;  // requests are refused from now on
  co_await sync_.stop();
  const bool leave = state_.paused() && !stop_postgres_at_exit_;
  if (stop_postgres_at_exit_ && !leave) {
    co_await runner_.cancel_and_wait();
    const Instant until = now() + 2 * Duration(state_.settings->dynamic.ttl);
    lock_.set_verdict(true, until);
    Result<void> stopped = co_await shutdown_postgres(context_);
    if (!stopped) state_.log.error("{}", stopped.error().text());
  } else {
    co_await runner_.cancel_and_wait();
    state_.ports.server.detach();
    if (leave && state_.shutting_down) {
      state_.log.info("Leader key is not deleted and Postgresql is not stopped due paused state");
    }
  }
  co_await member_.stop();
  co_await chores_.stop();
  co_await requests_.stop();
  co_await restart_schedule_.stop();
  co_await status_.stop();
  co_await fresh_view_.stop();
  co_await health_.stop();
  co_await failsafe_.stop();
  co_await promise_.stop();
  co_await store_mark_.stop();
  co_await fence_.stop();
  co_await lock_.stop();
  co_await views_.stop();
  co_await tasks_.stop();
  state_.ports.server.set_listener(nullptr);
  publish_snapshot();
  co_await state_.ports.store.stop();
  co_return exit_code_.value_or(0);
}

}  // namespace tamada
