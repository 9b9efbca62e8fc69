// How the engine begins: what the run before it left, the first view, a PostgreSQL that runs already.
#include <algorithm>

#include "core/timing.h"
#include "engine/engine_impl.h"
#include "procedures/bootstrap_procedure.h"

namespace tamada {

namespace {
constexpr Duration kFirstViewGap = 5s;
// The same failure is told again after so many attempts.
constexpr int kFirstViewReminder = 12;
constexpr Duration kNamesakePatience = 3s;
constexpr Duration kLookPatience = 5s;
constexpr Duration kAttachPatience = 30s;
}  // namespace

Engine::Impl::Impl(Executor executor, EnginePorts ports, Logger log)
    : executor_(executor),
      state_{.ports = ports, .log = log, .settings = ports.settings.current()},
      wake_(executor),
      tasks_(executor),
      views_(executor, ports.clock, ports.store, log.named("store"),
             [this] {
               if (auto view = views_.view()) lock_.settle(*view, state_.settings->name);
               promise_.look();
               wake();
             }),
      origin_(state_),
      store_mark_(executor, state_),
      lock_(
          executor, {ports.clock, ports.store, ports.local, ports.watchdog}, log.named("lock"),
          [this] {
            fence_.look();
            failsafe_.look();
            publish_snapshot();
            wake();
          },
          [this] { return status_due(); }),
      runner_(executor, ports.clock, log.named("procedure"), [this] { wake(); }),
      context_{.my_name = state_.settings->name,
               .clock = ports.clock,
               .store = ports.store,
               .server = ports.server,
               .data = ports.data,
               .sql = ports.sql,
               .watchdog = ports.watchdog,
               .callbacks = ports.callbacks,
               .local = ports.local,
               .lock = lock_,
               .log = state_.log,
               .settings = [this] { return state_.settings; },
               .view = [this] { return views_.view(); },
               .report = [this](const Event& event) { report(event); },
               .show =
                   [this](std::optional<PgState> shown) {
                     state_.shown = shown;
                     publish_snapshot();
                   },
               .publish = [this] { return member_.publish(1s); },
               .refuse_sync_duty =
                   [this](bool on) {
                     state_.refuses_sync_duty = on;
                     member_.look();
                   }},
      member_(executor, state_, [this] { return own_member(); }),
      chores_(executor, state_, context_),
      sync_(executor, state_, context_, views_, runner_),
      fence_(executor, state_, lock_, runner_, context_),
      promise_(executor, state_, lock_, runner_, views_,
               [this] {
                 publish_snapshot();
                 wake();
               }),
      failsafe_(
          executor, state_, lock_, runner_, views_, [this] { return slot_positions(); },
          [this] {
            member_.look();
            wake();
          }),
      health_(executor, state_, runner_,
              [this] {
                publish_snapshot();
                member_.look();
                wake();
              }),
      requests_(executor, state_, views_),
      restart_schedule_(executor, state_,
                        [this] {
                          publish_snapshot();
                          member_.look();
                          wake();
                        }),
      status_(executor, [this] { return look_for_askers(); }),
      fresh_view_(executor, [this] { return load_for_askers(); }),
      listener_(*this),
      status_log_(log) {
  views_.update_settings(state_.settings->dynamic);
  lock_.update_settings(state_.settings->dynamic);
  lock_.retake_by([this](const LockGeneration& vanished) { return retake_request(vanished); });
  lock_.forbid_taking([this](bool bootstrap) { return promise_.forbids_taking(bootstrap); });
  publish_snapshot();
}

// A store that cannot be read at the start is asked again for ever: PostgreSQL is left as it is, but for a primary
// whose lock of the run before ends meanwhile - the fence sees to that.
Task<void> Engine::Impl::first_view() {
  std::string told;
  for (int failures = 1;; ++failures) {
    Result<void> loaded = co_await views_.load(state_.ports.clock.now() + state_.settings->dynamic.retry_timeout);
    if (loaded) co_return;
    const std::string text = loaded.error().text();
    if (text != told || failures % kFirstViewReminder == 0) {
      state_.log.warning("Can not get cluster from dcs (attempt {}, next in {} s): {}", failures, kFirstViewGap / 1s,
                         text);
    }
    told = text;
    state_.status = "waiting for the store: " + text;
    publish_snapshot();
    co_await state_.ports.clock.sleep_for(kFirstViewGap);
    if (exiting_) co_return;
  }
}

Task<std::optional<std::string>> Engine::Impl::refuse_namesake() {
  const Member* same = views_.view()->member(state_.settings->name);
  if (same == nullptr || same->api_url.empty()) co_return std::nullopt;
  std::vector<Member> asked{*same};
  std::vector<PeerAnswer> answers =
      co_await state_.ports.peers.ask(std::move(asked), state_.ports.clock.now() + kNamesakePatience);
  const bool lives = !answers.empty() &&
                     (answers[0].reach == PeerAnswer::Reach::Answered || answers[0].reach == PeerAnswer::Reach::Broken);
  if (!lives) co_return std::nullopt;
  co_return fmt::format("Can't start; there is already a node named '{}' running ({} answers)", state_.settings->name,
                        same->api_url);
}

// Runs before the store is asked: a primary that outlived its daemon is bounded by the recorded validity from the first
// moment on (safety.md 2.4). `managed`: the data directory has been a cluster member's before.
Task<void> Engine::Impl::take_over_running_postgres(bool managed) {
  Clock& clock = state_.ports.clock;
  state_.postgres = co_await state_.ports.server.observe(true, clock.now() + kLookPatience);
  Result<std::optional<AdoptionRecord>> record = co_await state_.ports.local.load_adoption();
  if (!record) state_.log.warning("lock record of the run before could not be read: {}", record.error().text());
  const bool ours = record && *record && (*record)->boot_id == state_.ports.local.boot_id();
  watchdog_left_over_ = ours;
  if (!state_.postgres.running()) co_return;
  // One that tells nothing of itself counts as primary when nothing configures recovery.
  const bool may_write = state_.postgres.is_primary() || (!state_.postgres.row && !state_.postgres.recovery_configured);
  if (state_.postgres.is_standby() && co_await origin_.promotion_unfinished()) state_.memory.promotion_asked = true;
  if (may_write || state_.memory.promotion_asked) {
    if (may_write) state_.memory.role = Role::Primary;
    if (ours) {
      lock_.assume_validity((*record)->valid_until);
    } else if (managed) {
      // Its lock is not on record, but it had one: nobody knows when it ends. Five seconds to read the store.
      const Timing timing = compute_timing(state_.settings->dynamic);
      lock_.assume_validity(clock.now() + timing.promote_allowance + timing.stop_margin);
      validity_guessed_ = true;
    }
    fence_.look();
  }
  Result<void> attached = co_await state_.ports.server.attach(clock.now() + kAttachPatience);
  if (!attached) state_.log.warning("attached to the running postgres with trouble: {}", attached.error().text());
}

Task<void> Engine::Impl::finish_interrupted_work() {
  Result<std::optional<WorkNote>> note = co_await state_.ports.local.load_work_note();
  if (!note) {
    state_.log.warning("note of unfinished work could not be read: {}", note.error().text());
    co_return;
  }
  if (!*note) co_return;
  switch ((*note)->kind) {
    case WorkNote::Kind::Bootstrap: {
      Result<bool> undone = co_await undo_interrupted_bootstrap(context_, *views_.view());
      if (!undone) state_.log.error("interrupted bootstrap could not be undone: {}", undone.error().text());
      break;
    }
    case WorkNote::Kind::Clone:
    case WorkNote::Kind::Fill:
      state_.log.warning("the making of this replica was interrupted; it is begun again");
      context_.open_work = (*note)->kind;
      break;
    case WorkNote::Kind::Rewind:
      state_.log.warning("pg_rewind was interrupted; postgres is not started before it succeeded");
      context_.open_work = WorkNote::Kind::Rewind;
      break;
  }
  look_for_unfinished_work();
}

Task<int> Engine::Impl::run(std::function<Result<void>()> on_ready) {
  state_.ports.server.set_listener(&listener_);
  fence_.start();
  lock_.start();
  Result<std::optional<json::object>> cache = co_await state_.ports.local.load_dynamic_cache();
  if (cache && *cache && !(*cache)->empty()) {
    auto applied = state_.ports.settings.apply_dynamic(**cache);
    if (applied) settings_changed(*applied, false);
  }
  co_await take_over_running_postgres(cache && *cache && !(*cache)->empty());
  co_await promise_.load();
  co_await store_mark_.load();
  co_await restart_schedule_.load();
  promise_.start();
  failsafe_.start();
  co_await first_view();
  // From here on the rules judge by what the store shows.
  if (validity_guessed_) lock_.fenced();
  if (!exiting_) {
    std::optional<std::string> namesake = co_await refuse_namesake();
    if (namesake) {
      state_.log.critical("{}", *namesake);
      exit_code_ = 1;
    }
  }
  if (!exit_code_ && !exiting_ && on_ready) {
    Result<void> ready = on_ready();
    if (!ready) {
      state_.log.critical("{}", ready.error().text());
      exit_code_ = 1;
    }
  }
  if (!exit_code_ && !exiting_) {
    apply_view_settings();
    Result<std::optional<AdoptionRecord>> record = co_await state_.ports.local.load_adoption();
    const bool ours = record && *record && (*record)->boot_id == state_.ports.local.boot_id() &&
                      (*record)->store_id == views_.view()->store_id;
    if (ours && views_.view()->leader && views_.view()->leader->generation == (*record)->generation) {
      const bool adopted = co_await lock_.adopt(**record, now() + state_.settings->dynamic.retry_timeout);
      if (adopted) state_.log.info("the leader lock of the run before was taken over");
    }
    co_await finish_interrupted_work();
  }
  if (!exit_code_ && !exiting_) {
    views_.start();
    member_.start();
    sync_.start();
    health_.start();
    co_await loop();
  }
  co_return co_await finish();
}

}  // namespace tamada
