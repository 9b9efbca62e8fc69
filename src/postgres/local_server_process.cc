// LocalPostgresServer: launching, stopping and promoting.
#include <signal.h>

#include "host/child_process.h"
#include "host/files.h"
#include "ports/deadline.h"
#include "postgres/libpq_environment.h"
#include "postgres/local_server.h"
#include "postgres/local_server_gate.h"
#include "postgres/own_addresses.h"
#include "postgres/start_check.h"
#include "postgres/version_table.h"

namespace tamada {

namespace {

// Between two looks for left-over processes that are being killed.
constexpr Duration kClearPause = 20ms;
// The log collector outlives the postmaster for a moment and writes what it still has.
constexpr Duration kCollectorPatience = 2s;

int signal_of(StopMode mode) {
  return mode == StopMode::Fast ? SIGINT : SIGQUIT;
}

std::string list_pids(const std::vector<ProcessInfo>& processes) {
  std::string text;
  for (const ProcessInfo& process : processes) text += fmt::format("{}{}", text.empty() ? "" : ", ", process.pid);
  return text;
}

Error busy_error(const PostmasterLook& look, const std::string& data_dir) {
  if (look.postmaster)
    return Error(ErrorCode::Conflict, fmt::format("process {} already serves {}", look.postmaster->pid, data_dir));
  return Error(ErrorCode::Conflict, fmt::format("processes {} still work in {}", list_pids(look.workers), data_dir),
               "they belonged to a server that is gone; a stop ends them");
}

RecoveryWish wish_of(const StartRequest& request) {
  RecoveryWish wish;
  if (request.recovery_conf) {
    wish.kind = RecoveryWish::Kind::Targeted;
    wish.recovery_conf = *request.recovery_conf;
  } else if (request.keep_recovery) {
    wish.kind = RecoveryWish::Kind::Keep;
  } else if (request.as_primary) {
    wish.kind = RecoveryWish::Kind::Primary;
  } else {
    wish.kind = RecoveryWish::Kind::Standby;
    wish.follow = request.follow;
  }
  return wish;
}

}  // namespace

ChildSpec LocalPostgresServer::postmaster_command(const ConfigPlan& plan, int stale_pid) const {
  ChildSpec spec;
  spec.argv = {program("postgres"), "-D", settings_.postgresql.data_dir, "--config-file=" + plan.work.paths.conf()};
  for (const auto& [name, value] : plan.parameters.command_line)
    spec.argv.push_back(fmt::format("--{}={}", name, value));
  EnvironmentRules rules;
  rules.postmaster = true;
  // Its receiver's connection is ours too, and primary_conninfo cannot say "no PGHOSTADDR" or "no PGSERVICE".
  rules.without = libpq_variables();
  // A foreign process has the pid of a stale postmaster.pid: PostgreSQL then takes that for its own grandparent's.
  if (stale_pid != 0) rules.set["PG_GRANDPARENT_PID"] = fmt::format("{}", stale_pid);
  spec.environment = child_environment(own_environment(), rules);
  spec.out = spec.err = ChildOutput::Inherit;
  return spec;
}

Task<int> LocalPostgresServer::program_version(Instant deadline) {
  ChildSpec spec;
  spec.argv = {program("postgres"), "--version"};
  spec.environment = child_environment(own_environment(), {.postmaster = true});
  spec.out = ChildOutput::Capture;
  spec.err = ChildOutput::Discard;
  auto exit = co_await run_child(clock_, std::move(spec), deadline);
  co_return exit && exit->ok() ? major_of_version_line(exit->out) : 0;
}

// Before anything is written: a start that fails leaves the data directory as it was.
Task<Result<void>> LocalPostgresServer::check_start(Instant deadline) {
  auto look = co_await look_at_files(deadline);
  if (!look) co_return look.error();
  const PostgresSettings& postgres = settings_.postgresql;
  // Nothing is there, or nothing can be seen: the plan of the files tells.
  if (look->state != DataDirState::Present) co_return Result<void>();
  auto work = [site = StartSite{postgres.data_dir, look->version, postgres.listen_addresses, postgres.port,
                                program("postgres")}] { return check_start_site(site); };
  auto checked = co_await pool_.run("checking " + postgres.data_dir, work, deadline);
  if (!checked) co_return checked;
  if (program_version_ == 0) program_version_ = co_await program_version(deadline);
  if (look->version == 0 || program_version_ == 0 || look->version == program_version_) co_return Result<void>();
  const std::string made_by = format_pg_version(look->version);
  const Error error(ErrorCode::Unsupported,
                    fmt::format("data directory {} was made by PostgreSQL {}, but {} is PostgreSQL {}",
                                postgres.data_dir, made_by, program("postgres"), format_pg_version(program_version_)),
                    fmt::format("set postgresql.bin_dir to the programs of PostgreSQL {}, or run pg_upgrade", made_by));
  program_version_ = 0;  // the programs may be exchanged meanwhile
  co_return error;
}

Task<Result<PostmasterId>> LocalPostgresServer::start(StartRequest request, Instant deadline) {
  const std::string& data_dir = settings_.postgresql.data_dir;
  auto look = co_await look_at_processes(deadline);
  if (!look) co_return look.error();
  if (look->state == ProcessState::Unknown)
    co_return Error(ErrorCode::Io, "cannot tell whether a server runs in " + data_dir);
  if (look->state != ProcessState::NotRunning) co_return busy_error(*look, data_dir);
  if (auto checked = co_await check_start(deadline); !checked) co_return checked.error();
  if (look->stale_pid != 0)
    log_.warning("postmaster.pid in {} is stale: it names process {}, which is not PostgreSQL's", data_dir,
                 look->stale_pid);

  // A standby waits for nobody: what it had as a primary ends here (ha_behaviour.md 3.6).
  synchronous_names_ = request.synchronous_standby_names.value_or("");
  auto planned = co_await write_checked(wish_of(request), deadline);
  if (!planned) co_return planned.error();
  for (const auto& [name, values] : planned->parameters.raised)
    log_.warning("{} is {} instead of the configured {}: a standby cannot have less than its primary had", name,
                 values.second, values.first);

  query_.close();
  auto child = spawn_detached(postmaster_command(*planned, look->stale_pid));
  if (!child) co_return child.error();
  detached_ = false;
  const PostmasterId id{child->pid, child->start_ticks};
  postmaster_ = id;
  backup_due_ = true;
  remember(*planned);
  watch_.watch(id, std::move(child->pidfd));
  log_.info("postmaster {} was launched in {}", id.pid, data_dir);
  co_return id;
}

Task<Result<void>> LocalPostgresServer::stop(StopMode mode, Instant deadline) {
  auto look = co_await look_at_processes(deadline, mode == StopMode::Kill ? Storage::NotTouched : Storage::Asked);
  if (!look) co_return look.error();
  if (look->state == ProcessState::Unknown)
    co_return Error(ErrorCode::Io, "cannot tell whether a server runs in " + settings_.postgresql.data_dir);
  if (mode != StopMode::Kill) {
    if (look->state == ProcessState::SingleUser)
      co_return Error(ErrorCode::Conflict, fmt::format("a single-user server ({}) runs", look->postmaster->pid));
    if (look->state == ProcessState::Running)
      if (auto ended = co_await signal_and_wait(*look, signal_of(mode), deadline); !ended) co_return ended;
  }
  auto cleared = co_await clear_directory(mode, deadline);
  if (cleared) query_.close();
  co_return cleared;
}

Task<Result<void>> LocalPostgresServer::signal_and_wait(const PostmasterLook& look, int signal, Instant deadline) {
  UniqueFd pidfd = open_process(look.postmaster->pid, look.postmaster->start_ticks);
  if (!pidfd) co_return Result<void>();
  note_postmaster(look.postmaster);
  signal_process(pidfd, signal);
  if (co_await with_deadline(clock_, deadline, wait_for_end(std::move(pidfd)))) co_return Result<void>();
  co_return Error(ErrorCode::Timeout, fmt::format("postmaster {} did not stop in time", look.postmaster->pid));
}

Task<Result<void>> LocalPostgresServer::clear_directory(StopMode mode, Instant deadline) {
  const Storage storage = mode == StopMode::Kill ? Storage::NotTouched : Storage::Asked;
  const Instant patience = mode == StopMode::Kill ? kLongAgo : clock_.now() + kCollectorPatience;
  for (;;) {
    auto look = co_await look_at_processes(deadline, storage);
    if (!look) co_return look.error();
    if (look->state == ProcessState::NotRunning) co_return Result<void>();
    if (!look->directory) co_return Error(ErrorCode::Io, "cannot look at " + settings_.postgresql.data_dir);
    if (clock_.now() >= deadline)
      co_return Error(ErrorCode::Timeout, fmt::format("processes {} still work in {}", list_pids(look->workers),
                                                      settings_.postgresql.data_dir));
    if (clock_.now() < patience && only_what_ends_by_itself(look->workers)) {
      co_await clock_.sleep_for(kClearPause);
      continue;
    }
    log_.warning("killing processes {} that work in {}", list_pids(look->workers), settings_.postgresql.data_dir);
    // One that was just launched may not have entered the directory yet.
    if (look->postmaster) signal_process(open_process(look->postmaster->pid, look->postmaster->start_ticks), SIGKILL);
    GatePass<Gate> pass(kill_gate_);
    std::string name = program("postgres");
    auto work = [directory = *look->directory, name = name.substr(name.rfind('/') + 1),
                 wanted = pass.still_wanted()]() -> Result<bool> {
      return kill_everything_in(directory, name, wanted);
    };
    auto done = co_await process_pool_.run("killing what works in " + settings_.postgresql.data_dir, work, deadline);
    if (!done) co_return done.error();
    if (!*done) co_await clock_.sleep_for(kClearPause);
  }
}

Task<Result<void>> LocalPostgresServer::promote(Instant deadline) {
  auto look = co_await look_at_processes(deadline);
  if (!look) co_return look.error();
  if (look->state != ProcessState::Running)
    co_return Error(ErrorCode::Conflict, "PostgreSQL does not run, cannot promote");
  const std::string file = join_path(settings_.postgresql.data_dir, "promote");
  UniqueFd pidfd = open_process(look->postmaster->pid, look->postmaster->start_ticks);
  GatePass<Gate> pass(gate_);
  // All supported versions look for this file when they get SIGUSR1; pg_ctl does the same.
  auto work = [gate = gate_, wanted = pass.still_wanted(), file, data_dir = settings_.postgresql.data_dir,
               version = version_]() -> Result<void> {
    std::lock_guard lock(gate->mutex);
    if (!wanted()) return Error(ErrorCode::Cancelled, "the promotion was given up");
    if (!recovery_files_present(data_dir, version))
      return Error(ErrorCode::Conflict, "PostgreSQL is not a standby, cannot promote");
    auto written = write_file_atomic(file, "", 0600);
    // The server would obey the file at any later SIGUSR1, also of its own children.
    const bool removed = (!written || !wanted()) && remove_file(file);
    if (!written && removed) return Error(ErrorCode::Failed, written.error().message, written.error().hint);
    return written;
  };
  auto requested = co_await pool_.run("asking for promotion", work, deadline);
  if (!requested) co_return requested;
  if (signal_process(pidfd, SIGUSR1)) co_return Result<void>();
  auto undo = [file]() -> Result<void> { return remove_file(file); };
  (void)co_await pool_.run("taking the promotion back", undo, deadline);
  co_return Error(ErrorCode::Unavailable, "PostgreSQL ended before it could be promoted");
}

}  // namespace tamada
