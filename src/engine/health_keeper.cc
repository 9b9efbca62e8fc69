#include "engine/health_keeper.h"

#include <algorithm>

#include <fmt/format.h>

#include "ports/deadline.h"

namespace tamada {

namespace {

constexpr Duration kLookPatience = 5s;  // a look that takes longer finds trouble
constexpr Duration kAgainAfter = 2s;    // while there is trouble
constexpr int kGoodAfterSickness = 3;

using enum HealthCheck;
constexpr auto kServerChecks = {Connection, Commit, Process};
constexpr auto kStorageChecks = {Storage, Full};

std::string low_space(const char* what, const std::optional<VolumeSpace>& volume, int percent) {
  if (!volume || volume->total_bytes == 0 || volume->free_bytes / (volume->total_bytes / 100.0) >= percent) return "";
  return fmt::format("less than {} % of the volume of {} is free", percent, what);
}

void add(std::string& to, const std::string& text) {
  if (!text.empty()) to += (to.empty() ? "" : "; ") + text;
}

}  // namespace

HealthKeeper::HealthKeeper(Executor executor, EngineState& state, const ProcedureRunner& runner,
                           std::function<void()> on_change)
    : state_(state),
      runner_(runner),
      on_change_(std::move(on_change)),
      tasks_(executor),
      wake_server_(executor),
      wake_storage_(executor) {}

void HealthKeeper::start() {
  tasks_.spawn(watch_server());
  tasks_.spawn(watch_storage());
}

HealthVerdict HealthKeeper::verdict() const {
  return judge_health(report_, state_.settings->postgresql.health, state_.ports.clock.now());
}

// A server that starts, stops or is being worked on is not judged.
std::optional<PostmasterId> HealthKeeper::judged() const {
  const PostgresStatus& pg = state_.postgres;
  const ProcedureKind busy = runner_.current().kind;
  const bool idle = busy == ProcedureKind::None || busy == ProcedureKind::CheckDivergence;
  if (!idle || runner_.blocked() || state_.shutting_down || state_.memory.starting_since) return std::nullopt;
  if (pg.process != ProcessState::Running || pg.accepting == Accepting::Rejecting) return std::nullopt;
  return pg.postmaster;
}

bool HealthKeeper::on(HealthCheck check) const {
  return state_.settings->postgresql.health.checks[check].policy != HealthPolicy::Off;
}

bool HealthKeeper::trouble(std::initializer_list<HealthCheck> checks) const {
  return std::any_of(checks.begin(), checks.end(),
                     [this](HealthCheck check) { return report_.checks[check].kind == CheckState::Kind::Trouble; });
}

void HealthKeeper::look() {
  if (judged() != postmaster_) {
    postmaster_ = judged();
    forget(kServerChecks);
    flushed_.reset();
    wake_server_.set();
  }
  for (const HealthCheck check : kHealthChecks) {
    if (!on(check)) forget({check});
  }
  tell();
}

void HealthKeeper::forget(std::initializer_list<HealthCheck> checks) {
  for (const HealthCheck check : checks) report_.checks[check] = {};
}

Task<void> HealthKeeper::pause(AsyncEvent& wake, bool trouble) {
  Clock& clock = state_.ports.clock;
  const Duration interval = state_.settings->postgresql.health.interval;
  const Duration gap = trouble ? std::min(kAgainAfter, interval) : interval;
  co_await with_deadline(clock, clock.now() + gap, wake.wait());
  wake.reset();
}

void HealthKeeper::take(HealthCheck check, const ProbeAnswer& answer, Instant began) {
  if (!on(check)) return;
  CheckState& state = report_.checks[check];
  using Kind = CheckState::Kind;
  switch (answer.kind) {
    case ProbeAnswer::Kind::Untold:
      state = {};
      return;
    case ProbeAnswer::Kind::Trouble:
      good_in_row_[check] = 0;
      if (state.kind != Kind::Trouble) state.since = began;
      state.kind = Kind::Trouble;
      state.text = answer.text;
      return;
    case ProbeAnswer::Kind::Fine:
      break;
  }
  const HealthCheckSettings& policy = state_.settings->postgresql.health.checks[check];
  const bool lasting = state.kind == Kind::Trouble && state_.ports.clock.now() >= state.since + policy.after;
  if (lasting && ++good_in_row_[check] < kGoodAfterSickness) return;
  state = {.kind = Kind::Good};
}

Task<void> HealthKeeper::look_at_server(PostmasterId postmaster) {
  Clock& clock = state_.ports.clock;
  HealthProbes& probes = state_.ports.health;
  const Instant began = clock.now();
  if (on(Connection) || on(Commit)) {
    const ConnectionAnswer found = co_await probes.connect(postmaster, began + kLookPatience);
    if (judged() != postmaster) co_return;
    take(Connection, found.answer, began);
    clients_notice_ = found.notice;
    // WAL of a transaction that does not wait for its flush may lie there for a moment; for a whole round it may not,
    // if flushing works. Asking more often would write WAL on an idle cluster.
    const bool stands = found.wal_waits && flushed_ == found.flushed;
    // A commit that waits behind others that are flushed: the disk is slow, it does not hang.
    const bool moves = flushed_ && found.flushed && *found.flushed > *flushed_;
    flushed_ = found.flushed;
    if (stands || (trouble({Commit}) && !(commit_hangs_ && moves))) {
      const Instant asked = clock.now();
      const ProbeAnswer committed = co_await probes.commit(asked + kLookPatience);
      if (judged() != postmaster) co_return;
      commit_hangs_ = committed.no_end;
      take(Commit, committed, asked);
    } else if (found.flushed && (!found.wal_waits || moves)) {
      take(Commit, ProbeAnswer::fine(), began);
    }
  }
  if (on(Process)) {
    const Instant asked = clock.now();
    const ProbeAnswer found = co_await probes.processes(postmaster, asked + kLookPatience);
    if (judged() != postmaster) co_return;
    take(Process, found, asked);
  }
}

Task<void> HealthKeeper::watch_server() {
  for (;;) {
    if (const auto postmaster = postmaster_) {
      co_await look_at_server(*postmaster);
      set_notice();
      tell();
    }
    co_await pause(wake_server_, trouble(kServerChecks));
  }
}

Task<void> HealthKeeper::look_at_storage() {
  const Instant began = state_.ports.clock.now();
  const StorageAnswer found = co_await state_.ports.health.storage(began + kLookPatience);
  take(Storage, found.write, began);
  take(Full, found.space, began);
  if (found.data) {
    report_.data_volume = found.data;
    report_.wal_volume = found.wal;
  }
}

// Whatever PostgreSQL does: who waits with a broken disk for somebody to lead must not race.
Task<void> HealthKeeper::watch_storage() {
  for (;;) {
    if (on(Storage) || on(Full)) {
      co_await look_at_storage();
      set_notice();
      tell();
    }
    co_await pause(wake_storage_, trouble(kStorageChecks));
  }
}

void HealthKeeper::set_notice() {
  const int percent = state_.settings->postgresql.health.free_space_percent;
  std::string notice = postmaster_ ? clients_notice_ : "";
  add(notice, low_space("the data directory", report_.data_volume, percent));
  add(notice, low_space("pg_wal", report_.wal_volume, percent));
  report_.notice = std::move(notice);
}

// One line for each change. What passes within the time of its check is no alarm.
void HealthKeeper::tell() {
  const HealthSettings& settings = state_.settings->postgresql.health;
  const Instant now = state_.ports.clock.now();
  bool changed = false;
  for (const HealthCheck check : kHealthChecks) {
    const CheckState& state = report_.checks[check];
    const bool lasts = state.kind == CheckState::Kind::Trouble && now >= state.since + settings.checks[check].after;
    if (lasts == told_[check]) continue;
    changed = true;
    told_[check] = lasts;
    if (lasts) {
      state_.log.warning("health check {}: {}, for {:.0f} s by now", to_string(check), state.text,
                         to_seconds(now - state.since));
    } else {
      state_.log.info("health check {}: the trouble is over", to_string(check));
    }
  }
  if (report_.notice != told_notice_) {
    changed = true;
    if (!report_.notice.empty()) state_.log.warning("health: {}", report_.notice);
    if (report_.notice.empty()) state_.log.info("health: nothing of that any more: {}", told_notice_);
    told_notice_ = report_.notice;
  }
  const HealthVerdict verdict = judge_health(report_, settings, now);
  if (verdict.sick() != told_sick_) {
    changed = true;
    told_sick_ = verdict.sick();
    if (told_sick_) state_.log.warning("this member is sick: {}", verdict.because);
    if (!told_sick_) state_.log.info("this member is well again");
  }
  if (changed) on_change_();
}

}  // namespace tamada
