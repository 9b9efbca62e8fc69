#include "procedures/bootstrap_procedure.h"

#include <fmt/format.h>

#include "base/python_text.h"
#include "procedures/start_procedure.h"
#include "procedures/stop.h"

namespace tamada {

namespace {

constexpr Duration kInitdbPatience = 3600s;
constexpr Duration kScriptPatience = 24h;      // a user's own bootstrap or post_init script: its work, its time
constexpr Duration kClonePatience = 30 * 24h;  // as long as the data takes; an operator can end the daemon
constexpr Duration kQueryPatience = 2s;
constexpr Duration kApplyPatience = 10s;
constexpr Duration kMovePatience = 60s;
constexpr Duration kRecoveryPoll = 200ms;

Instant store_deadline(const ProcedureContext& context) {
  return context.clock.now() + context.settings()->dynamic.retry_timeout;
}

struct Undo {
  std::int64_t initialize_revision = 0;
};

Task<void> undo(ProcedureContext& context, Undo what) {
  Result<void> stopped = co_await stop_postgres(
      context,
      {.first = StopMode::Immediate, .immediate_at = context.clock.now(), .kill_at = context.clock.now() + 10s});
  if (!stopped) {
    context.log.error("{}; data directory and /initialize stay as they are", stopped.error().text());
    co_return;
  }
  co_await context.watchdog.disable();
  Result<std::string> aside = co_await context.data.move_aside(context.clock.now() + kMovePatience);
  if (!aside) {
    context.log.error("data directory of the failed bootstrap could not be moved aside: {}", aside.error().text());
  } else if (!aside->empty()) {
    context.log.info("data directory of the failed bootstrap is now {}", *aside);
  }
  auto removed = co_await context.store.write({.key = StoreKey::Initialize,
                                               .value = std::nullopt,
                                               .condition = WriteCondition::unchanged(what.initialize_revision)},
                                              store_deadline(context));
  if (!removed.applied()) {
    // The note stays: the next start removes the key before anybody races again.
    context.log.error("/initialize of the failed bootstrap was not removed: {}", removed.error.text());
    co_return;
  }
  Result<void> cleared = co_await context.local.save_work_note(std::nullopt);
  if (!cleared) context.log.error("{}", cleared.error().text());
}

// The section of a custom method; nullptr = initdb.
const json::object* custom_method(const BootstrapSettings& bootstrap) {
  const json::value* section = bootstrap.methods.if_contains(bootstrap.method);
  if (bootstrap.method == "initdb" || section == nullptr || !section->is_object()) return nullptr;
  return section->get_object().contains("command") ? &section->get_object() : nullptr;
}

// With recovery settings PostgreSQL comes up in recovery and promotes itself at its target (A2).
StartRequest first_start(const BootstrapSettings& bootstrap) {
  StartRequest request{.as_primary = true};
  const json::object* method = custom_method(bootstrap);
  if (method == nullptr) return request;
  const json::value* recovery = method->if_contains("recovery_conf");
  if (recovery != nullptr && recovery->is_object() && !recovery->get_object().empty()) {
    request.recovery_conf.emplace();
    for (const auto& [key, value] : recovery->get_object()) (*request.recovery_conf)[key] = python_text(value);
  } else if (const json::value* keep = method->if_contains("keep_existing_recovery_conf")) {
    request.keep_recovery = is_truthy(*keep);
  }
  return request;
}

Task<Result<void>> make_data_directory(ProcedureContext& context) {
  const auto settings = context.settings();
  if (custom_method(settings->bootstrap) != nullptr) {
    context.show(PgState::RunningCustomBootstrap);
    Result<void> made = co_await context.data.custom_bootstrap(context.clock.now() + kScriptPatience);
    if (!made) context.show(PgState::CustomBootstrapFailed);
    co_return made;
  }
  context.show(PgState::InitializingNewCluster);
  Result<void> made = co_await context.data.initdb(context.clock.now() + kInitdbPatience);
  if (!made) context.show(PgState::InitdbFailed);
  co_return made;
}

Task<Result<PostgresStatus>> wait_until_primary(ProcedureContext& context) {
  for (;;) {
    PostgresStatus status = co_await context.server.observe(true, context.clock.now() + kQueryPatience);
    if (status.is_primary()) co_return status;
    if (status.process == ProcessState::NotRunning) {
      co_return Error(ErrorCode::Failed, "postgres ended before the bootstrap was done", "its own log says why");
    }
    co_await context.clock.sleep_for(kRecoveryPoll);
  }
}

// The temporary access rules and the archiving that was off end here; a restart only when something needs one.
Task<Result<void>> leave_custom_bootstrap(ProcedureContext& context) {
  auto applied = co_await context.server.apply_settings(true, context.clock.now() + kApplyPatience);
  if (!applied) co_return applied.error().wrap("the cluster's own settings could not be applied");
  if (applied->pending_restart_reason.empty()) co_return Result<void>();
  Result<void> stopped = co_await stop_postgres(context, {.first = StopMode::Fast});
  if (!stopped) co_return stopped;
  const auto settings = context.settings();
  StartPlan start{.request = {.as_primary = true}, .timeout = settings->postgresql.pg_ctl_timeout, .needs_lock = false};
  start.callback = std::nullopt;
  Result<void> started = co_await start_postgres(context, std::move(start));
  if (!started) co_return started;
  Result<PostgresStatus> primary = co_await wait_until_primary(context);
  if (!primary) co_return primary.error();
  co_return Result<void>();
}

// Initialize, then config, then the lock: as dcs.md 1.3 orders them for 3.0 and later.
Task<Result<void>> publish_cluster(ProcedureContext& context, const std::string& system_identifier,
                                   std::int64_t initialize_revision) {
  auto initialized = co_await context.store.write({.key = StoreKey::Initialize,
                                                   .value = system_identifier,
                                                   .condition = WriteCondition::unchanged(initialize_revision)},
                                                  store_deadline(context));
  if (!initialized.applied()) co_return initialized.error.wrap("/initialize could not be set to the system identifier");
  const auto settings = context.settings();
  auto config = co_await context.store.write(
      {.key = StoreKey::Config, .value = to_json(settings->dynamic_document, JsonStyle::Compact)},
      store_deadline(context));
  if (!config.applied()) co_return config.error.wrap("/config could not be written");
  co_return co_await context.lock.take(store_deadline(context));
}

// `initialize_revision`: of the empty key that we won the race with.
Task<Result<void>> publish_if_still_ours(ProcedureContext& context, const PostgresStatus& status,
                                         std::int64_t initialize_revision) {
  if (!status.control) co_return Error(ErrorCode::Failed, "the new data directory has no readable control file");
  auto view = co_await context.store.load(store_deadline(context));
  if (!view) co_return view.error();
  if (!view->initialize || view->initialize->revision != initialize_revision) {
    co_return Error(ErrorCode::Conflict, "/initialize was changed by somebody else during the bootstrap");
  }
  co_return co_await publish_cluster(context, status.control->system_identifier, initialize_revision);
}

Task<Result<void>> build_cluster(ProcedureContext& context, Undo& made) {
  Result<void> directory = co_await make_data_directory(context);
  if (!directory) co_return directory;
  const auto settings = context.settings();
  StartPlan start{
      .request = first_start(settings->bootstrap), .timeout = settings->postgresql.pg_ctl_timeout, .needs_lock = false};
  start.callback = std::nullopt;
  Result<void> started = co_await start_postgres(context, std::move(start));
  if (!started) co_return started;
  Result<PostgresStatus> status = co_await wait_until_primary(context);
  if (!status) co_return status.error();
  Result<void> prepared = co_await context.sql.post_bootstrap(context.clock.now() + kScriptPatience);
  if (!prepared) co_return prepared.error().wrap("post_bootstrap failed");
  if (custom_method(settings->bootstrap) != nullptr) {
    Result<void> left = co_await leave_custom_bootstrap(context);
    if (!left) co_return left;
  }
  Result<bool> watchdog = co_await context.watchdog.activate();
  if (!watchdog) co_return watchdog.error().wrap("watchdog could not be activated");
  co_return co_await publish_if_still_ours(context, *status, made.initialize_revision);
}

// The remote primary's data, followed from there: done as soon as the copy serves (ha_behaviour.md 8). It never becomes
// writable, so that neither lock nor watchdog is needed before.
Task<Result<void>> build_standby_leader(ProcedureContext& context, const FollowTarget& remote, const Undo& made) {
  context.show(PgState::CreatingReplica);
  // The port stands in the settings: there may be one for each host.
  CloneSource source;
  if (!remote.host.empty()) source = {"the remote primary", remote.host, 5432};
  Result<void> cloned = co_await context.data.clone(source, false, context.clock.now() + kClonePatience);
  if (!cloned) co_return cloned.error().wrap("the remote primary could not be copied");
  // What this member promoted itself to before belongs to data that is gone.
  Result<void> forgot = co_await context.local.save_promotion_note(std::nullopt);
  if (!forgot) co_return forgot;
  const auto settings = context.settings();
  StartPlan start{.request = {.follow = remote}, .timeout = settings->postgresql.pg_ctl_timeout};
  start.callback = std::nullopt;
  Result<void> started = co_await start_postgres(context, std::move(start));
  if (!started) co_return started;
  const PostgresStatus status = co_await context.server.observe(true, context.clock.now() + kQueryPatience);
  if (status.is_primary())
    co_return Error(ErrorCode::Failed, "the copy of the remote primary did not start as a standby");
  co_return co_await publish_if_still_ours(context, status, made.initialize_revision);
}

// `remote`: of a standby cluster.
Task<Result<void>> bootstrap(ProcedureContext& context, std::optional<FollowTarget> remote) {
  Result<void> noted = co_await context.local.save_work_note(WorkNote{WorkNote::Kind::Bootstrap});
  context.open_work.reset();  // of a clone that left an empty directory
  if (!noted) co_return noted.error().wrap("bootstrap not begun");
  auto race = co_await context.store.write(
      {.key = StoreKey::Initialize, .value = "", .condition = WriteCondition::absent()}, store_deadline(context));
  if (race.kind == WriteKind::Refused) {
    Result<void> cleared = co_await context.local.save_work_note(std::nullopt);
    if (!cleared) context.log.error("{}", cleared.error().text());
    co_return Error(ErrorCode::Conflict, "failed to acquire initialize lock");
  }
  if (race.kind == WriteKind::Unknown) co_return race.error.wrap("the race for /initialize had no answer");
  Undo made{.initialize_revision = *race.value};
  Result<void> built;
  if (remote) {
    built = co_await build_standby_leader(context, *remote, made);
  } else {
    built = co_await build_cluster(context, made);
  }
  if (!built) {
    co_await undo(context, made);
    context.report({.kind = Event::Kind::BootstrapDone, .ok = false, .detail = built.error().text()});
    co_return Error(ErrorCode::Failed, "failed to bootstrap cluster: " + built.error().text());
  }
  Result<void> cleared = co_await context.local.save_work_note(std::nullopt);
  if (!cleared) context.log.error("{}", cleared.error().text());
  context.show(std::nullopt);
  context.report({.kind = Event::Kind::BootstrapDone, .ok = true, .as_primary = !remote});
  context.callback(Callbacks::Event::OnStart, remote ? Role::StandbyLeader : Role::Primary);
  co_return Result<void>();
}

}  // namespace

Task<Result<void>> bootstrap_cluster(ProcedureContext& context) {
  return bootstrap(context, std::nullopt);
}

Task<Result<void>> bootstrap_standby_leader(ProcedureContext& context, FollowTarget remote) {
  return bootstrap(context, std::move(remote));
}

Task<Result<bool>> undo_interrupted_bootstrap(ProcedureContext& context, const ClusterView& view) {
  Result<std::optional<WorkNote>> note = co_await context.local.load_work_note();
  if (!note) co_return note.error();
  if (!*note || (*note)->kind != WorkNote::Kind::Bootstrap) co_return false;
  // With the identifier there it was finished; without the key it never began or was undone, or the store was wiped
  // since. In none of these is anything of ours half done, so nothing is touched (S7).
  const bool open = view.initialize && view.initialize->value.empty() && view.unlocked();
  if (!open) {
    Result<void> cleared = co_await context.local.save_work_note(std::nullopt);
    if (!cleared) co_return cleared.error();
    co_return false;
  }
  for (const Member& member : view.members) {
    const bool bootstraps = member.state == PgState::InitializingNewCluster ||
                            member.state == PgState::CreatingReplica ||
                            member.state == PgState::RunningCustomBootstrap ||
                            member.state == PgState::StartingAfterCustomBootstrap || member.state == PgState::Starting;
    if (member.name != context.my_name && bootstraps) co_return false;
  }
  context.log.warning("a bootstrap by this member was interrupted; undoing what it left");
  co_await undo(context, {.initialize_revision = view.initialize->revision});
  co_return true;
}

}  // namespace tamada
