#include <algorithm>

#include "base/text.h"
#include "sim/postgres_ports.h"

namespace tamada::sim {

Task<bool> SimPostgresPort::work(Duration d, Instant deadline) {
  const SimTime limit = world_time(process_, deadline);
  const SimTime end = world().now() + d;
  co_await process_.sleep_until(std::min(end, limit));
  co_return end <= limit;
}

Error SimPostgresPort::too_late(std::string_view what) const {
  return Error(ErrorCode::Timeout, std::string(what) + " of " + postgres_.member() + " did not end in time");
}

bool SimPostgresPort::reachable(const SimPostgres& other) {
  return world().network().connected(postgres_.host(), other.host()) && !world().host(other.host()).frozen &&
         other.accepts_connections();
}

SimPostgresServer::~SimPostgresServer() {
  postgres_.set_on_exit(nullptr);
}

void SimPostgresServer::watch_postmaster() {
  postgres_.set_on_exit([this] {
    process_.post([this] {
      if (listener_ != nullptr) listener_->on_postmaster_exit();
    });
  });
}

Task<PostgresStatus> SimPostgresServer::observe(bool with_query, Instant deadline) {
  co_await process_.point("server.observe", CallPhase::Before);
  const Instant begun = clock_.now();
  const bool hangs =
      postgres_.faults().hang_disk || (with_query && postgres_.faults().hang_queries && postgres_.any_process());
  const Duration needs = hangs ? Duration(1h) : world().random().skewed(300us, 8ms);
  const bool in_time = co_await work(needs, deadline);
  PostgresStatus status = postgres_.status(with_query && in_time && postgres_.accepts_connections(), begun);
  if (status.running() && with_query && !status.row) status.row_error = "the status query did not answer in time";
  co_await process_.point("server.observe", CallPhase::After);
  co_return status;
}

Task<Result<void>> SimPostgresServer::attach(Instant deadline) {
  co_await process_.point("server.attach", CallPhase::Before);
  if (!co_await work(2ms, 50ms, deadline)) co_return too_late("attaching");
  if (postgres_.phase() == SimPostgres::Phase::Down) {
    co_return Error(ErrorCode::NotFound, "no postmaster runs on " + postgres_.member());
  }
  watch_postmaster();
  postgres_.reload();
  co_await process_.point("server.attach", CallPhase::Between);
  co_return Result<void>();
}

Task<Result<PostmasterId>> SimPostgresServer::start(StartRequest request, Instant deadline) {
  co_await process_.point("server.start", CallPhase::Before);
  if (!co_await work(10ms, 200ms, deadline)) co_return too_late("the start");
  auto& d = postgres_.directory();
  if (!request.as_primary) d.follow = request.follow;
  d.synchronous_standby_names = request.synchronous_standby_names.value_or("");
  co_await process_.point("server.start", CallPhase::Between);
  watch_postmaster();
  if (auto launched = postgres_.launch(request.as_primary); !launched) co_return launched.error();
  const PostmasterId id = *postgres_.postmaster();
  co_await process_.point("server.start", CallPhase::After);
  co_return id;
}

Task<Result<void>> SimPostgresServer::stop(StopMode mode, Instant deadline) {
  co_await process_.point("server.stop", CallPhase::Before);
  if (mode == StopMode::Kill) co_await work(1ms, 30ms, deadline);
  postgres_.ask_stop(mode);
  co_await process_.point("server.stop", CallPhase::Between);
  while (postgres_.phase() != SimPostgres::Phase::Down) {
    const SimTime until = world_time(process_, deadline);
    if (until <= world().now()) {
      co_await process_.point("server.stop", CallPhase::After);
      co_return too_late("the stop");
    }
    co_await process_.wait(postgres_.changed(), until);
  }
  postgres_.end_orphans();
  co_await process_.point("server.stop", CallPhase::After);
  co_return Result<void>();
}

Task<Result<void>> SimPostgresServer::promote(Instant deadline) {
  co_await process_.point("server.promote", CallPhase::Before);
  if (!co_await work(2ms, 60ms, deadline)) co_return too_late("the promotion request");
  const bool standby = postgres_.phase() == SimPostgres::Phase::Ready && postgres_.in_recovery();
  const bool asked = postgres_.ask_promote();
  co_await process_.point("server.promote", CallPhase::Between);
  if (!standby) co_return Error(ErrorCode::Conflict, postgres_.member() + " is no running standby");
  if (!asked) co_return Error(ErrorCode::Failed, "pg_ctl promote failed on " + postgres_.member());
  co_return Result<void>();
}

Task<Result<bool>> SimPostgresServer::follow(FollowTarget target, Instant deadline) {
  co_await process_.point("server.follow", CallPhase::Before);
  if (!co_await work(2ms, 60ms, deadline)) co_return too_late("writing recovery settings");
  auto& d = postgres_.directory();
  d.follow = std::move(target);
  d.standby_signal = true;
  co_await process_.point("server.follow", CallPhase::Between);
  if (postgres_.phase() != SimPostgres::Phase::Down) postgres_.reload();
  co_return false;
}

bool SimPostgresServer::follow_differs(const FollowTarget& target, const PostgresStatus& status) const {
  (void)status;
  const FollowTarget& now = postgres_.directory().follow;
  return now.host != target.host || now.port != target.port || now.slot != target.slot;
}

Task<Result<ReloadOutcome>> SimPostgresServer::apply_settings(bool force, Instant deadline) {
  co_await process_.point("server.apply_settings", CallPhase::Before);
  if (!co_await work(2ms, 60ms, deadline)) co_return too_late("a reload");
  if (postgres_.phase() != SimPostgres::Phase::Down) postgres_.reload();
  co_await process_.point("server.apply_settings", CallPhase::Between);
  ReloadOutcome outcome;
  outcome.reloaded = force;
  co_return outcome;
}

// The simulated server takes every parameter with a reload.
Task<Result<ParameterOutlook>> SimPostgresServer::preview_settings(Settings settings, Instant deadline) {
  co_await process_.point("server.preview_settings", CallPhase::Before);
  if (!co_await work(2ms, 60ms, deadline)) co_return too_late("comparing settings");
  ParameterOutlook outlook;
  outlook.running = postgres_.phase() != SimPostgres::Phase::Down;
  for (const auto& [name, value] : settings.postgresql.parameters) {
    outlook.parameters[to_lower(name)] = {ParameterOutlook::Effect::Reload, "", value};
  }
  co_return outlook;
}

Task<Result<void>> SimPostgresServer::set_synchronous_standby_names(std::string value, Instant deadline) {
  co_await process_.point("server.set_synchronous_standby_names", CallPhase::Before);
  if (!co_await work(2ms, 60ms, deadline)) co_return too_late("a reload");
  postgres_.directory().synchronous_standby_names = value;
  co_await process_.point("server.set_synchronous_standby_names", CallPhase::Between);
  if (postgres_.phase() != SimPostgres::Phase::Down) postgres_.reload();
  // As the real one: until a session reads it.
  while (postgres_.phase() != SimPostgres::Phase::Down && postgres_.names_in_force() != value) {
    if (!co_await work(10ms, deadline)) co_return too_late("a reload");
  }
  co_await process_.point("server.set_synchronous_standby_names", CallPhase::After);
  co_return Result<void>();
}

Task<Result<void>> SimPostgresServer::run_script(std::string command, std::vector<std::string> arguments,
                                                 Instant deadline) {
  (void)arguments;
  co_await process_.point("server.run_script", CallPhase::Before);
  if (!co_await work(10ms, 3s, deadline)) co_return too_late("the script " + command);
  co_await process_.point("server.run_script", CallPhase::Between);
  if (postgres_.faults().fail_scripts) co_return Error(ErrorCode::Failed, command + " ended with 1");
  co_return Result<void>();
}

void SimPostgresServer::detach() {
  listener_ = nullptr;
  postgres_.set_on_exit(nullptr);
}

}  // namespace tamada::sim
