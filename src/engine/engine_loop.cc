// One turn of the loop: observe, decide, hand over to engine_act.cc, publish.
#include <algorithm>
#include <utility>

#include "base/version.h"
#include "core/election.h"
#include "core/follow.h"
#include "core/slots_plan.h"
#include "engine/engine_impl.h"
#include "ports/deadline.h"

namespace tamada {

namespace {
constexpr Duration kLookPatience = 2s;
constexpr Duration kLeastGap = 50ms;    // safety.md 5.5
constexpr Duration kStallAllowed = 2s;  // a loop that comes this late doubts what it knows (safety.md 4.1)
constexpr Duration kSurveyLife = 1s;    // safety.md 4.1
constexpr int kMostTurns = 6;
// Does a configured replica method work without a running leader (configuration.md 2.13)?
UnfinishedWork unfinished_work(WorkNote::Kind noted) {
  switch (noted) {
    case WorkNote::Kind::Bootstrap:
      return UnfinishedWork::Bootstrap;
    case WorkNote::Kind::Clone:
      return UnfinishedWork::Clone;
    case WorkNote::Kind::Fill:
      return UnfinishedWork::Fill;
    case WorkNote::Kind::Rewind:
      return UnfinishedWork::Rewind;
  }
  return UnfinishedWork::Bootstrap;
}

bool can_clone_alone(const PostgresSettings& settings) {
  return std::any_of(settings.create_replica_methods.begin(), settings.create_replica_methods.end(),
                     [&](const std::string& name) {
                       const json::value* section = settings.methods.if_contains(name);
                       if (section == nullptr || !section->is_object()) return false;
                       const json::object& method = section->get_object();
                       return (method.contains("no_leader") && is_truthy(method.at("no_leader"))) ||
                              (method.contains("no_master") && is_truthy(method.at("no_master")));
                     });
}

}  // namespace

void Engine::Impl::Listener::on_postmaster_exit() {
  impl_.state_.log.debug("postmaster has ended");
  impl_.wake();
}

void Engine::Impl::report(const Event& event) {
  state_.memory = apply_event(std::move(state_.memory), event, now(), *state_.settings);
  // A rewind that failed against a healthy leader ended by itself; the state FAILED says what the directory is.
  const bool rebuilt = event.kind == Event::Kind::CloneDone || event.kind == Event::Kind::RewindDone;
  if (rebuilt || event.kind == Event::Kind::BootstrapDone) look_for_unfinished_work();
  origin_.changed();
  if (event.kind == Event::Kind::StartSucceeded) {
    // A start takes every parameter into force; what still waits is found out anew.
    state_.pending_restart_reason.clear();
    tasks_.spawn(apply_to_postgres(false));
  }
  fence_.look();
  wake();
}

void Engine::Impl::look_for_unfinished_work() {
  state_.unfinished = context_.open_work ? unfinished_work(*context_.open_work) : UnfinishedWork::None;
}

Task<void> Engine::Impl::look_at_postgres(bool with_query) {
  PostgresStatus status = co_await state_.ports.server.observe(with_query, now() + kLookPatience);
  state_.postgres = std::move(status);
  fence_.look();
  health_.look();
}

std::optional<bool> Engine::Impl::follow_differs() const {
  const auto view = views_.view();
  if (!view || !state_.postgres.running()) return std::nullopt;
  const FollowTarget target = follow_target(*view, *state_.settings, lock_.proof().has_value());
  return state_.ports.server.follow_differs(target, state_.postgres);
}

bool Engine::Impl::follows_leader() const {
  const auto view = views_.view();
  return view && view->leader && follow_differs() == false &&
         follow_target(*view, *state_.settings, false).member == view->leader->name();
}

Observation Engine::Impl::observe() const {
  Observation o;
  const Settings& settings = *state_.settings;
  o.my_name = settings.name;
  o.store = views_.reach();
  if (auto view = views_.view()) o.view = *view;
  o.leader_sign_at = views_.leader_sign_at();
  o.lock = lock_.status();
  o.promise = promise_.status();
  o.failsafe_map_confirmed = o.lock.held && state_.failsafe_maps.confirmed(*o.lock.held);
  o.postgres = state_.postgres;
  o.procedure = runner_.current();
  o.can_rewind = settings.postgresql.use_pg_rewind && state_.ports.server.can_rewind(state_.postgres);
  o.bootstrap_allowed = settings.bootstrap.present;
  o.can_clone_without_leader = can_clone_alone(settings.postgresql);
  o.watchdog_healthy = state_.ports.watchdog.healthy();
  o.watchdog_running = state_.ports.watchdog.running();
  o.follow_differs = follow_differs();
  for (const PermanentSlot& slot : state_.slots.to_copy) o.slots_to_copy.push_back(slot.name);
  if (reinitialize_) o.reinitialize = reinitialize_->first;
  if (restart_) o.restart = restart_->first;
  o.scheduled_restart = restart_schedule_.wanted();
  o.shutting_down = state_.shutting_down;
  o.unfinished = state_.unfinished;
  o.health = health_.report();
  o.other_timeline_origin = origin_.differs(views_.view().get());
  return o;
}

void Engine::Impl::decide_again(const std::optional<PeerSurvey>& survey) {
  Observation o = observe();
  o.survey = survey;
  const Instant at = now();
  Decision decision = decide(o, state_.memory, at, state_.ports.clock.wall_now(), *state_.settings);
  state_.memory = std::move(decision.memory);
  state_.plan = std::move(decision.plan);
  state_.explanation = std::move(decision.explanation);
  note_decision();
  for (const std::string& warning : state_.plan.warnings) state_.log.warning("{}", warning);
  const DynamicSettings& dynamic = state_.settings->dynamic;
  lock_.set_verdict(state_.plan.hold_lock, at + dynamic.loop_wait + dynamic.retry_timeout);
}

void Engine::Impl::note_decision() {
  const auto view = views_.view();
  std::string leader = view && view->leader ? view->leader->name() : "";
  decision_ = decisions_.note(past_decision(state_.plan, state_.explanation, std::move(leader)),
                              state_.explanation.facts, state_.ports.clock.wall_now());
}

// Does a Patroni member take part? Only ours publish the version of this program.
bool Engine::Impl::has_patroni_peers(const ClusterView& view) const {
  return std::any_of(view.members.begin(), view.members.end(), [&](const Member& member) {
    return member.name != state_.settings->name && member.tamada_version.empty();
  });
}

// A changed /config takes effect before the next decision, and so does the first or the last Patroni member.
void Engine::Impl::apply_view_settings() {
  const auto view = views_.view();
  if (!view || !view->config) return;
  const bool peers = has_patroni_peers(*view);
  const bool other_minima = std::exchange(peer_minima_, peers) != peers;
  const bool other_config = std::exchange(config_revision_, view->config_revision) != view->config_revision;
  if (view->config->value.empty()) return;
  if (!other_minima && (!other_config || view->config->value == state_.settings->dynamic_document)) return;
  state_.ports.settings.set_peer_minima(peers);
  auto applied = state_.ports.settings.apply_dynamic(view->config->value);
  if (!applied) {
    state_.log.error("Exception when setting dynamic_configuration: {}", applied.error().text());
    return;
  }
  settings_changed(*applied, false);
}

// Members that replicate through this one come and go.
void Engine::Impl::look_at_feedback() {
  const bool needed = needs_feedback(views_.view().get(), *state_.settings, state_.postgres.major_version);
  if (needed == state_.feedback) return;
  configure_server();
  tasks_.spawn(apply_to_postgres(false));
}

// A survey serves several questions within its second, if everybody that the plan names was asked.
bool Engine::Impl::answers_all(const std::optional<PeerSurvey>& survey) const {
  if (!survey || now() - survey->completed_at > kSurveyLife) return false;
  const auto asked = [&](const Member& peer) {
    return std::any_of(survey->reports.begin(), survey->reports.end(),
                       [&](const PeerReport& report) { return report.member == peer.name; });
  };
  return std::all_of(state_.plan.peers.begin(), state_.plan.peers.end(), asked);
}

Task<void> Engine::Impl::cycle() {
  const Instant began = now();
  if (last_cycle_ != kLongAgo && began - last_cycle_ > state_.settings->dynamic.loop_wait + kStallAllowed) {
    views_.doubt(fmt::format("the loop was late by {:.1f} s", to_seconds(began - last_cycle_)));
  }
  last_cycle_ = began;
  apply_view_settings();
  co_await look_at_postgres(true);
  look_at_feedback();
  failsafe_.look();
  co_await origin_.refresh(views_.view(), follows_leader());
  co_await disarm_needless_watchdog();
  std::optional<PeerSurvey> answers;
  for (int turn = 0; turn < kMostTurns; ++turn) {
    decide_again(answers);
    if (state_.plan.kind == PlanKind::ProbePeers && !answers_all(answers)) {
      publish_snapshot();
      answers = co_await survey();
      continue;
    }
    const bool again = co_await act();
    if (!again) break;
    co_await look_at_postgres(true);
  }
  if (!state_.plan.status.empty()) state_.status = state_.plan.status;
  status_log_.tell(state_.status, state_.explanation.rule, runner_.failed_at(), began,
                   state_.settings->dynamic.loop_wait);
  publish_snapshot();
  tell_role();
  member_.look();
  sync_.look();
  store_mark_.look();
  if (auto view = views_.view(); view && views_.reach() == StoreReach::Fresh) {
    if (view->member(state_.settings->name) == nullptr) member_.missing();
  }
}

// In a standby cluster the lead changes hands without a start or a promotion.
void Engine::Impl::tell_role() {
  const auto view = views_.view();
  if (!state_.postgres.is_standby() || !runner_.idle() || views_.reach() != StoreReach::Fresh || !view->leader) return;
  const bool leads = lock_.proof().has_value();
  if (!leads && view->leader->name() == state_.settings->name) return;  // not proven yet
  context_.tell_standby_role(observed_role(state_, leads));
}

// A watchdog that a killed run left armed, or that stays behind when PostgreSQL ended before the lock was lost, resets
// the host although nothing here needs fencing any more. Only who opens it can disarm it.
Task<void> Engine::Impl::disarm_needless_watchdog() {
  Watchdog& watchdog = state_.ports.watchdog;
  const bool harmless = state_.postgres.is_standby() || state_.postgres.process == ProcessState::NotRunning;
  const bool needless =
      harmless && runner_.idle() && !lock_.taking() && !lock_.proof() && !may_be_writable(state_, runner_.current());
  if (watchdog.running()) {
    watchdog_left_over_ = false;
    if (needless) co_await watchdog.disable();
  } else if (watchdog_left_over_ && needless) {
    watchdog_left_over_ = false;
    Result<bool> opened = co_await watchdog.activate();
    if (opened && *opened) co_await watchdog.disable();
  }
  lock_.look_at_watchdog();
}

Instant Engine::Impl::next_wake() const {
  return std::min({now() + state_.settings->dynamic.loop_wait, state_.plan.wake_at, views_.next_change()});
}

Task<void> Engine::Impl::loop() {
  Clock& clock = state_.ports.clock;
  while (!exit_code_ && !exiting_) {
    wake_.reset();
    co_await cycle();
    if (exit_code_ || exiting_) break;
    co_await clock.sleep_for(kLeastGap);
    const Instant next = next_wake();
    if (clock.now() < next) co_await with_deadline(clock, next, wake_.wait());
  }
}

// nullopt: not looked at since this member leads; what was published before still holds.
std::optional<SlotPositions> Engine::Impl::slot_positions() const {
  if (!state_.slots.positions || !state_.postgres.is_primary()) return std::nullopt;
  SlotPositions positions = *state_.slots.positions;
  if (publishes_own_slot(*state_.settings, state_.postgres.major_version)) {
    positions[slot_name_for(state_.settings->name)] = state_.postgres.row->position().bytes;
  }
  return positions;
}

std::optional<StatusDocument> Engine::Impl::status_due() const {
  const bool standby_leader = state_.postgres.is_standby() && state_.settings->dynamic.standby_cluster;
  if (!state_.postgres.is_primary() && !standby_leader) return std::nullopt;
  StatusDocument status;
  if (auto view = views_.view(); view && view->status) status = *view->status;
  const StatusDocument before = status;
  status.optime = state_.postgres.row->position();
  if (auto slots = slot_positions()) status.slots = std::move(*slots);
  status.retain_slots = retained_slots(state_.memory, *state_.settings, state_.postgres.major_version, now());
  if (status == before) return std::nullopt;
  return status;
}

Member Engine::Impl::own_member() const {
  const Settings& settings = *state_.settings;
  const PostgresStatus& pg = state_.postgres;
  Member m;
  m.name = settings.name;
  m.conn_url = settings.conn_url();
  m.api_url = settings.api_url();
  if (const std::string& proxy = settings.postgresql.proxy_address; !proxy.empty()) {
    m.proxy_url = fmt::format("postgres://{}/{}", proxy, settings.postgresql.database);
  }
  m.state = observed_state(state_);
  m.role = observed_role(state_, lock_.proof().has_value());
  m.version = peer_version(settings.compatibility);
  m.timeline_origin = origin_.published();
  m.failsafe_over = failsafe_.over();
  m.tags = settings.tags;
  const bool sick_standby = pg.is_standby() && health_.verdict().sick();
  if (state_.refuses_sync_duty || sick_standby) {
    m.tags.raw["nosync"] = true;
    if (settings.compatibility == Compatibility::V4_1) m.tags.raw["sync_priority"] = 0;
  }
  m.pause = settings.dynamic.pause;
  m.pending_restart = !state_.pending_restart_reason.empty();
  m.pending_restart_reason = state_.pending_restart_reason;
  if (const auto& restart = restart_schedule_.wanted()) {
    m.scheduled_restart = format_scheduled_restart(*restart, settings.compatibility);
  }
  const bool leads = lock_.proof().has_value() && pg.is_primary();
  m.checkpoint_pending = leads && !state_.memory.checkpoint_done;
  const ProcedureKind busy = runner_.current().kind;
  const bool shows_position = busy == ProcedureKind::None || busy == ProcedureKind::Promote;
  if (pg.row && shows_position && (m.state == PgState::Running || m.state == PgState::Starting)) {
    m.xlog_location = pg.row->position();
    m.timeline = pg.row->timeline;
    if (pg.row->in_recovery) {
      m.receive_lsn = pg.row->received_lsn;
      m.replay_lsn = pg.row->replayed_lsn;
      if (pg.row->receiver_status == "streaming")
        m.replication_state = "streaming";
      else if (pg.row->restore_command_set)
        m.replication_state = "in archive recovery";
    }
  }
  return m;
}

void Engine::Impl::publish_snapshot() {
  const PgState state = observed_state(state_);
  if (state != state_.state) {
    state_.state_before = state_.state;
    state_.state = state;
  }
  auto s = std::make_shared<Snapshot>();
  const Settings& settings = *state_.settings;
  const auto proof = lock_.proof();
  s->settings = state_.settings;
  s->view = views_.view();
  s->postgres = state_.postgres;
  s->role = observed_role(state_, proof.has_value());
  s->state = state;
  s->state_text = state_word(state, settings.compatibility, state_.state_before);
  s->lock_valid_until = proof ? proof->valid_until : kLongAgo;
  s->paused = settings.dynamic.pause;
  s->failsafe_active = lock_.status().consented || promise_.status().kind == PromiseStatus::Kind::Given;
  if (s->view) s->failsafe = s->view->failsafe;
  s->health = health_.report();
  s->health_verdict = health_.verdict();
  s->watchdog_failed = !state_.ports.watchdog.healthy();
  s->pending_restart = !state_.pending_restart_reason.empty();
  s->pending_restart_reason = state_.pending_restart_reason;
  if (auto seen = views_.last_seen()) s->dcs_last_seen = std::max(*seen, state_.store_answered);
  // What the store said longer than a ttl ago is not shown any more.
  const bool stale = now() > views_.last_seen_at() + Duration(settings.dynamic.ttl);
  if (s->view && views_.reach() == StoreReach::Unreachable && stale) s->view = nullptr;
  s->leader_timeline = state_.memory.leader_timeline;
  s->procedure = runner_.current();
  s->clone = state_.ports.data.clone_progress();
  s->explanation = state_.explanation;
  s->status = state_.status;
  s->plan = state_.plan.kind;
  s->decisions = decisions_.shown();
  s->loop_ran_at = last_cycle_;
  s->own_member = own_member();
  s->promoting = state_.memory.promotion_asked;
  const PostgresStatus& pg = state_.postgres;
  s->standby = pg.running() && (pg.is_standby() || pg.recovery_configured) && !may_be_writable(state_, s->procedure);
  s->sync = state_.sync;
  s->slots = state_.slots;
  const auto& row = state_.postgres.row;
  s->receiver_stopped = row && row->in_recovery && row->receiver_status.empty();
  if (const auto view = views_.view(); view && votes_by_quorum(*view, settings, state_.postgres)) {
    s->receiver_stopped &= view->unlocked() && follow_differs() == false;
  }
  // Counted from the look, which may be old: a message before the lock vanished does not become one after it.
  const auto& vanished = state_.memory.lock_vanished_at;
  s->upstream_alive =
      row && row->in_recovery && vanished && row->receiver_last_message_age_ms >= 0 &&
      state_.postgres.observed_at - *vanished > std::chrono::milliseconds(row->receiver_last_message_age_ms);
  const auto before = snapshot_.load();
  if (before && before->settings) events_.compare(*before, *s, state_.ports.clock.wall_now());
  s->events = events_.shown();
  snapshot_.store(std::move(s));
}

}  // namespace tamada
