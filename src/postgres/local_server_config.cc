// LocalPostgresServer: configuration files, following, reloads.
#include <signal.h>

#include <algorithm>

#include "host/child_process.h"
#include "host/files.h"
#include "postgres/local_server.h"
#include "postgres/local_server_gate.h"
#include "postgres/own_addresses.h"
#include "postgres/version_table.h"

namespace tamada {

namespace {

// How long a reload may take to show in pg_settings, and how often we look.
constexpr Duration kReloadLimit = 2s;
constexpr Duration kReloadLook = 50ms;
// Unknown names come first, values after them; a corrected value may still be refused once.
constexpr int kCheckRounds = 4;

Instant earlier(Instant a, Instant b) {
  return a < b ? a : b;
}

GucMap recovery_of_rows(const std::vector<GucRow>& rows, bool only_changed) {
  GucMap recovery;
  for (const GucRow& row : rows)
    if (is_recovery_guc(row.name) && (!only_changed || row.setting != row.boot_value)) recovery[row.name] = row.setting;
  return recovery;
}

}  // namespace

ConfigCircumstances LocalPostgresServer::circumstances(const DataDirectoryLook& look) const {
  ConfigCircumstances now;
  now.version = look.version;
  now.synchronous_standby_names = synchronous_names_;
  now.control = look.control;
  now.custom_bootstrap = custom_bootstrap_;
  now.corrections = corrections_;
  if (custom_bootstrap_) now.own_addresses = own_addresses();
  return now;
}

Task<Result<ConfigPlan>> LocalPostgresServer::plan(RecoveryWish wish, Instant deadline) {
  auto look = co_await look_at_files(deadline);
  if (!look) co_return look.error();
  const std::string& data_dir = settings_.postgresql.data_dir;
  if (look->state == DataDirState::Inaccessible) co_return Error(ErrorCode::Io, look->error);
  if (look->state != DataDirState::Present || look->version == 0)
    co_return Error(ErrorCode::NotFound, fmt::format("there is no PostgreSQL cluster in {}", data_dir));
  co_return plan_config(settings_, circumstances(*look), wish);
}

Task<Result<ConfigOutcome>> LocalPostgresServer::write(const ConfigPlan& plan, Instant deadline) {
  GatePass<Gate> pass(gate_);
  auto work = [gate = gate_, wanted = pass.still_wanted(), files = plan.work]() -> Result<ConfigOutcome> {
    std::lock_guard lock(gate->mutex);
    return write_config(files, wanted);
  };
  auto outcome = co_await pool_.run("writing the configuration of " + settings_.postgresql.data_dir, work, deadline);
  if (outcome)
    for (const std::string& note : outcome->notes) log_.warning("{}", note);
  co_return outcome;
}

Task<Result<std::vector<Complaint>>> LocalPostgresServer::ask_for_complaints(const ConfigPlan& plan, Instant deadline) {
  ChildSpec spec = postmaster_command(plan, 0);
  spec.argv.insert(spec.argv.end(), {"--lc_messages=C", "-C", "data_directory"});
  spec.out = spec.err = ChildOutput::Capture;
  auto exit = co_await run_child(clock_, spec, deadline);
  if (!exit) co_return exit.error();
  co_return exit->ok() ? std::vector<Complaint>() : parse_complaints(exit->err, plan.parameters.file);
}

// Writes the files of a start; what PostgreSQL would refuse is put right, so that one bad value does not keep it down.
Task<Result<ConfigPlan>> LocalPostgresServer::write_checked(RecoveryWish wish, Instant deadline) {
  for (int round = 1;; ++round) {
    auto planned = co_await plan(wish, deadline);
    if (!planned) co_return planned.error();
    auto written = co_await write(*planned, deadline);
    if (!written) co_return written.error();
    if (round > kCheckRounds) co_return planned;
    auto complaints = co_await ask_for_complaints(*planned, deadline);
    if (!complaints) co_return complaints.error().wrap("cannot check the configuration");
    // Also when it complains about what is not ours: the start itself will tell.
    if (complaints->empty()) co_return planned;
    for (const Complaint& complaint : *complaints) {
      log_.warning("{} parameter {} of postgresql.parameters: {}", complaint.limit ? "Correcting" : "Removing",
                   complaint.name, complaint.text);
      corrections_[complaint.name] = complaint.limit;
    }
  }
}

void LocalPostgresServer::remember(const ConfigPlan& plan) {
  written_ = plan.parameters.file;
  written_recovery_ = plan.recovery;
  wrote_recovery_ = true;
  if (!plan.work.pgpass.empty()) pgpass_ = plan.work.pgpass;
  if (plan.work.recovery != RecoveryFiles::Leave) recovery_ = plan.recovery;
}

Result<void> LocalPostgresServer::signal_postmaster(int signal) {
  if (signal_process(watch_.pidfd(), signal)) return {};
  return Error(ErrorCode::Unavailable, "PostgreSQL does not run");
}

// What the running server has: the start of every comparison after the daemon joined it.
Task<Result<void>> LocalPostgresServer::read_running_values(Instant deadline) {
  auto rows = co_await query_.settings_rows(deadline);
  if (!rows) co_return rows.error().wrap("cannot read the settings of the running server");
  struct Files {
    GeneratedConf conf;
    std::string pgpass;
  };
  auto read = [paths = config_paths(settings_), version = version_,
               pgpass = settings_.postgresql.pgpass]() -> Result<Files> {
    return Files{read_generated_conf(paths, version), read_file(pgpass).value_or("")};
  };
  auto files = co_await pool_.run("reading the configuration", read, deadline);
  if (!files) co_return files.error();
  pgpass_ = files->pgpass;
  written_ = files->conf.parameters;
  const bool in_file = pg_version(version_).recovery_conf;
  recovery_ = in_file ? files->conf.recovery : recovery_of_rows(*rows, false);
  written_recovery_ = files->conf.recovery;
  // Not our file yet: the settings it had must stand in the one that replaces it.
  wrote_recovery_ = in_file || !files->conf.parameters.empty();
  if (!wrote_recovery_) written_recovery_ = recovery_of_rows(*rows, true);
  // What somebody set who led before us stays until the resolver changes it; the operator's own value is the settings'.
  const GucRow* names = find_row(*rows, "synchronous_standby_names");
  const std::string* own = find_guc(settings_.postgresql.parameters, "synchronous_standby_names");
  const bool off = settings_.dynamic.synchronous_mode == SynchronousMode::Off;
  const bool operators = names != nullptr && off && names->setting == (own != nullptr ? *own : std::string());
  if (names != nullptr && !synchronous_names_ && !operators) synchronous_names_ = names->setting;
  co_return Result<void>();
}

Task<Result<void>> LocalPostgresServer::attach(Instant deadline) {
  auto look = co_await look_at_processes(deadline);
  if (!look) co_return look.error();
  if (look->state != ProcessState::Running) co_return Error(ErrorCode::NotFound, "no running PostgreSQL to attach to");
  detached_ = false;
  note_postmaster(look->postmaster);
  if (auto files = co_await look_at_files(deadline); !files) co_return files.error();
  if (auto read = co_await read_running_values(deadline); !read) co_return read;
  auto applied = co_await apply_settings(false, deadline);
  if (!applied) co_return applied.error();
  backup_due_ = true;
  co_return Result<void>();
}

Task<Result<bool>> LocalPostgresServer::follow(FollowTarget target, Instant deadline) {
  auto look = co_await look_at_processes(deadline);
  if (!look) co_return look.error();
  const bool running = look->state == ProcessState::Running;
  if (running) note_postmaster(look->postmaster);
  if (running && !recovery_)
    if (auto read = co_await read_running_values(deadline); !read)
      log_.info("recovery settings in force are not known: {}", read.error().text());

  RecoveryWish wish;
  wish.kind = RecoveryWish::Kind::Standby;
  wish.follow = target;
  auto files = co_await look_at_files(deadline);
  if (!files) co_return files.error();
  const bool is_standby = files->recovery_configured;
  auto planned = co_await plan(wish, deadline);
  if (!planned) co_return planned.error();
  const auto before = recovery_;
  auto written = co_await write(*planned, deadline);
  if (!written) co_return written.error();
  written_ = planned->parameters.file;
  written_recovery_ = planned->recovery;
  wrote_recovery_ = true;
  if (!planned->work.pgpass.empty()) pgpass_ = planned->work.pgpass;
  if (!running) {
    recovery_ = planned->recovery;
    co_return true;
  }
  const auto differing = recovery_differences(planned->recovery, before.value_or(GucMap{}), version_);
  // Until the restart the old settings are in force: recovery_ stays, so that follow_differs goes on saying so.
  if (!is_standby || !before || recovery_needs_restart(differing, version_)) co_return true;
  recovery_ = planned->recovery;
  if (!differing.empty() || written->changed)
    if (auto sent = signal_postmaster(SIGHUP); !sent) co_return sent.error();
  co_return false;
}

bool LocalPostgresServer::follow_differs(const FollowTarget& target, const PostgresStatus& status) const {
  const int version = status.major_version != 0 ? status.major_version : version_;
  if (status.data_dir == DataDirState::Present && !status.recovery_configured) return true;
  if (!recovery_) return true;
  // A changed password stands in the password file only.
  const std::string pgpass = follow_pgpass(settings_, target, version);
  if (!pgpass.empty() && pgpass_ && *pgpass_ != pgpass) return true;
  GucMap in_force = *recovery_;
  const auto parameters = server_parameters(settings_, {.version = version});
  const GucMap wanted = recovery_settings(settings_, {version, target, parameters.recovery});
  // What the walreceiver really uses counts more than what is configured.
  if (status.row && !status.row->receiver_status.empty() && !status.row->receiver_conninfo.empty()) {
    const std::string* conninfo = find_guc(wanted, "primary_conninfo");
    if (conninfo != nullptr && same_conninfo(*conninfo, status.row->receiver_conninfo, {true, version}))
      set_guc(in_force, "primary_conninfo", *conninfo);
  }
  return !recovery_differences(wanted, in_force, version).empty() || leaves_old_settings(wanted);
}

// What an included file of the user sets is tolerated; what we wrote ourselves and nobody wants any more is not.
bool LocalPostgresServer::leaves_old_settings(const GucMap& wanted) const {
  if (!wrote_recovery_) return false;
  return std::any_of(written_recovery_.begin(), written_recovery_.end(), [&](const auto& setting) {
    return !setting.second.empty() && is_recovery_guc(setting.first) && find_guc(wanted, setting.first) == nullptr;
  });
}

// The rows once the answering process has read the files again; what the others do meanwhile is the server's business.
Task<std::vector<GucRow>> LocalPostgresServer::rows_after_reload(std::string before, Instant deadline) {
  const Instant limit = earlier(deadline, clock_.now() + kReloadLimit);
  for (;;) {
    auto rows = co_await query_.settings_rows(deadline);
    if (!rows) co_return std::vector<GucRow>();
    const GucRow* reloaded = find_row(*rows, kReloadedAt);
    if (reloaded == nullptr || reloaded->setting != before || clock_.now() >= limit) co_return std::move(*rows);
    co_await clock_.sleep_for(kReloadLook);
  }
}

Task<Result<ReloadOutcome>> LocalPostgresServer::apply_settings(bool force, Instant deadline) {
  auto rows = co_await query_.settings_rows(deadline);
  if (!rows) co_return rows.error().wrap("cannot compare the settings with the running server");
  if (!written_)
    if (auto read = co_await read_running_values(deadline); !read) co_return read.error();
  RecoveryWish wish;
  wish.keep = written_recovery_;
  auto planned = co_await plan(wish, deadline);
  if (!planned) co_return planned.error();
  const GucChanges changes = compare_gucs(planned->parameters.file, *written_, *rows);
  if (!changes.unknown.empty()) {
    for (const std::string& name : changes.unknown) {
      log_.warning("Removing invalid parameter `{}` from postgresql.parameters", name);
      corrections_[name] = std::nullopt;
    }
    planned = co_await plan(wish, deadline);
    if (!planned) co_return planned.error();
  }
  for (const GucChange& change : changes.reload)
    log_.info("Changed {} from '{}' to '{}'", change.name, change.old_value, change.new_value);
  for (const GucChange& change : changes.restart)
    log_.info("Changed {} from '{}' to '{}' (restart might be required)", change.name, change.old_value,
              change.new_value);

  auto written = co_await write(*planned, deadline);
  if (!written) co_return written.error();
  const GucMap& wanted = planned->parameters.file;
  written_ = wanted;
  ReloadOutcome outcome;
  if (force || written->changed) {
    if (auto sent = signal_postmaster(SIGHUP); !sent) co_return sent.error();
    outcome.reloaded = true;
    const GucRow* before = find_row(*rows, kReloadedAt);
    auto after = co_await rows_after_reload(before != nullptr ? before->setting : std::string(), deadline);
    if (!after.empty()) *rows = std::move(after);
  }
  outcome.pending_restart_reason = pending_restart_reason(compare_gucs(wanted, wanted, *rows), wanted, *rows);
  co_return outcome;
}

Task<Result<ParameterOutlook>> LocalPostgresServer::preview_settings(Settings settings, Instant deadline) {
  auto look = co_await look_at_files(deadline);
  if (!look) co_return look.error();
  auto processes = co_await look_at_processes(deadline);
  if (!processes) co_return processes.error();
  ParameterOutlook outlook;
  outlook.version = look->version;
  outlook.running = processes->state == ProcessState::Running;
  if (!outlook.running || look->version == 0) co_return outlook;
  auto rows = co_await query_.settings_rows(deadline);
  if (!rows) co_return rows.error().wrap("cannot compare the settings with the running server");
  ConfigCircumstances now = circumstances(*look);
  now.corrections.clear();  // what was refused before is refused by the comparison again
  RecoveryWish wish;
  wish.keep = written_recovery_;
  const ServerParameters next = plan_config(settings, now, wish).parameters;
  const ServerParameters present = plan_config(settings_, now, wish).parameters;
  fill_outlook(compare_gucs(next.file, written_.value_or(present.file), *rows), *rows, outlook);
  const auto recovery = [&](const Settings& from, const ServerParameters& parameters) {
    return recovery_settings(from, {look->version, FollowTarget{}, parameters.recovery});
  };
  outlook.recovery = recovery_differences(recovery(settings, next), recovery(settings_, present), look->version);
  outlook.recovery_restart = recovery_needs_restart(outlook.recovery, look->version);
  co_return outlook;
}

Task<Result<void>> LocalPostgresServer::wait_until_in_force(std::string name, std::string value, Instant deadline) {
  while (clock_.now() < deadline) {
    auto rows = co_await query_.settings_rows(deadline);
    if (!rows) co_return rows.error();
    const GucRow* row = find_row(*rows, name);
    if (row != nullptr && row->setting == value) co_return Result<void>();
    co_await clock_.sleep_for(kReloadLook);
  }
  co_return Error(ErrorCode::Timeout, fmt::format("{} = '{}' did not take effect in time", name, value));
}

Task<Result<void>> LocalPostgresServer::set_synchronous_standby_names(std::string value, Instant deadline) {
  auto look = co_await look_at_processes(deadline);
  if (!look) co_return look.error();
  synchronous_names_ = value;
  RecoveryWish wish;
  wish.keep = written_recovery_;
  auto planned = co_await plan(wish, deadline);
  if (!planned) co_return planned.error();
  auto written = co_await write(*planned, deadline);
  if (!written) co_return written.error();
  written_ = planned->parameters.file;
  if (look->state != ProcessState::Running) co_return Result<void>();
  note_postmaster(look->postmaster);
  if (auto sent = signal_postmaster(SIGHUP); !sent) co_return sent.error();
  const std::string* in_file = find_guc(planned->parameters.file, "synchronous_standby_names");
  co_return co_await wait_until_in_force("synchronous_standby_names", in_file != nullptr ? *in_file : value, deadline);
}

}  // namespace tamada
