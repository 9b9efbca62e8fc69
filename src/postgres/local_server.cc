#include "postgres/local_server.h"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/text.h"
#include "host/child_process.h"
#include "host/files.h"
#include "postgres/control_file.h"
#include "postgres/data_files.h"
#include "postgres/local_server_gate.h"
#include "postgres/version_table.h"

namespace tamada {

namespace {

// pg_rewind --help and pg_controldata are quick; this is for a hanging file system.
constexpr Duration kToolLimit = 10s;
// Looks at the data directory that may hang at the same time.
constexpr int kMaxLooks = 3;

Instant earlier(Instant a, Instant b) {
  return a < b ? a : b;
}

}  // namespace

LocalPostgresServer::LocalPostgresServer(Executor executor, Clock& clock, BlockingPool& pool, StatusQuery& query,
                                         const Settings& settings, Logger log)
    : executor_(executor),
      clock_(clock),
      pool_(pool),
      process_pool_(clock),
      query_(query),
      settings_(settings),
      log_(std::move(log)),
      watch_(executor, [this](PostmasterId id, std::optional<ReapedStatus> status) { postmaster_ended(id, status); }),
      gate_(std::make_shared<Gate>()),
      kill_gate_(std::make_shared<Gate>()),
      looks_(std::make_shared<std::atomic<int>>(0)) {}

LocalPostgresServer::~LocalPostgresServer() = default;

void LocalPostgresServer::update_settings(const Settings& settings) {
  if (settings.postgresql.bin_dir != settings_.postgresql.bin_dir ||
      settings.postgresql.bin_name != settings_.postgresql.bin_name) {
    rewind_runs_.reset();
    program_version_ = 0;
  }
  if (settings.postgresql.parameters != settings_.postgresql.parameters) corrections_.clear();
  settings_ = settings;
  query_.update_settings(settings);
}

std::string LocalPostgresServer::program(const std::string& name) const {
  const auto& names = settings_.postgresql.bin_name;
  auto it = names.find(name);
  return join_path(settings_.postgresql.bin_dir, it == names.end() || it->second.empty() ? name : it->second);
}

Task<Result<PostmasterLook>> LocalPostgresServer::look_at_processes(Instant deadline, Storage storage,
                                                                    Workers workers) {
  PostmasterQuestion question;
  question.data_dir = settings_.postgresql.data_dir;
  question.known_directory = directory_;
  question.known_postmaster = postmaster_;
  question.without_storage = storage == Storage::NotTouched;
  question.only_orphans = workers == Workers::OnlyOrphans;
  question.program = program("postgres");
  question.program = question.program.substr(question.program.rfind('/') + 1);
  auto work = [question]() -> Result<PostmasterLook> { return look_for_postmaster(question); };
  auto look = co_await process_pool_.run("looking at the processes of " + question.data_dir, work, deadline);
  if (look && look->directory) directory_ = look->directory;
  co_return look;
}

Task<Result<DataDirectoryLook>> LocalPostgresServer::look_at_files(Instant deadline) {
  struct Found {
    DataDirectoryLook look;
    bool custom_bootstrap = false;
  };
  // More of them would only take the threads of the pool away from everybody else.
  if (looks_->load() >= kMaxLooks)
    co_return Error(ErrorCode::Timeout, "earlier looks at " + settings_.postgresql.data_dir + " still hang",
                    "the storage may be hanging");
  auto work = [path = settings_.postgresql.data_dir, looks = looks_]() -> Result<Found> {
    struct Counted {
      std::atomic<int>& count;
      explicit Counted(std::atomic<int>& c) : count(c) { ++count; }
      ~Counted() { --count; }
    } counted(*looks);
    return Found{look_at_data_directory(path), path_exists(join_path(path, kCustomBootstrapMarker))};
  };
  auto found = co_await pool_.run("looking at " + settings_.postgresql.data_dir, work, deadline);
  if (!found) co_return found.error();
  DataDirectoryLook look = std::move(found->look);
  if (look.error != directory_problem_ && look.state == DataDirState::Inaccessible)
    log_.warning("data directory is not accessible: {} (PostgreSQL is not started; check owner and mode of {})",
                 look.error, settings_.postgresql.data_dir);
  directory_problem_ = look.error;
  custom_bootstrap_ = found->custom_bootstrap;
  if (look.version != 0) version_ = look.version;
  if (look.control_error) {
    auto control = co_await run_pg_controldata(deadline);
    if (control)
      look.control = std::move(*control);
    else if (control.error().message != control_problem_)
      log_.error("cannot read control data: {}: {}", look.control_error->message, control.error().text());
    control_problem_ = control ? std::string() : control.error().message;
  }
  co_return look;
}

Task<Result<ControlData>> LocalPostgresServer::run_pg_controldata(Instant deadline) {
  ChildSpec spec;
  spec.argv = {program("pg_controldata"), settings_.postgresql.data_dir};
  spec.environment =
      child_environment(own_environment(), {.drop_libpq = true, .set = {{"LANG", "C"}, {"LC_ALL", "C"}}});
  auto exit = co_await run_child(clock_, spec, earlier(deadline, clock_.now() + kToolLimit));
  if (!exit) co_return exit.error();
  auto data = parse_pg_controldata(exit->out + "\n" + exit->err);
  if (data || exit->ok()) co_return data;
  co_return Error(ErrorCode::Failed, fmt::format("{} ({})", data.error().message, exit->how()));
}

void LocalPostgresServer::note_postmaster(const std::optional<PostmasterId>& postmaster) {
  if (detached_ || !postmaster || watch_.watched() == postmaster) return;
  if (postmaster_ && *postmaster_ != *postmaster) query_.close();
  postmaster_ = postmaster;
  watch_.watch(*postmaster);
}

void LocalPostgresServer::postmaster_ended(PostmasterId id, std::optional<ReapedStatus> status) {
  if (!status)
    log_.info("postmaster {} ended", id.pid);
  else if (status->signal != 0)
    log_.warning("postmaster {} was ended by signal {}", id.pid, status->signal);
  else
    log_.info("postmaster {} ended with exit code {}", id.pid, status->code);
  if (postmaster_ == id) postmaster_.reset();
  query_.close();
  if (listener_ != nullptr) listener_->on_postmaster_exit();
}

Task<PostgresStatus> LocalPostgresServer::observe(bool with_query, Instant deadline) {
  using namespace boost::asio::experimental::awaitable_operators;
  PostgresStatus status;
  status.observed_at = clock_.now();
  auto look = co_await look_at_processes(deadline, Storage::Asked, Workers::OnlyOrphans);
  if (look) {
    status.process = look->state;
    status.postmaster = look->postmaster;
    if (look->state == ProcessState::Running) note_postmaster(look->postmaster);
  } else if (auto watched = watch_.watched()) {
    // /proc did not answer in time, but the kernel has not reported the end of the process.
    status.process = ProcessState::Running;
    status.postmaster = watched;
  }
  co_await (observe_files(status, deadline) && observe_server(status, with_query, deadline));
  // Files that could not be looked at in time are not asked for more.
  const bool told_by_files = status.is_standby() && status.row->receiver_status.empty() && status.control;
  if (told_by_files) co_await observe_timeline(*status.row, deadline);
  co_return status;
}

Task<void> LocalPostgresServer::observe_files(PostgresStatus& status, Instant deadline) {
  auto look = co_await look_at_files(deadline);
  status.major_version = version_;
  if (!look) {
    status.data_dir_error = look.error().message;
    co_return;
  }
  status.data_dir = look->state;
  status.data_dir_error = look->error;
  status.control = look->control;
  status.recovery_configured = look->recovery_configured;
  status.backup_label = look->backup_label;
  status.major_version = look->version;
  if (settings_.postgresql.use_pg_rewind && !rewind_runs_) co_await probe_rewind(deadline);
}

// Once the receiver has ended, PostgreSQL tells only the timeline of its last restartpoint, which may be minutes old.
Task<void> LocalPostgresServer::observe_timeline(StatusRow& row, Instant deadline) {
  auto work = [path = settings_.postgresql.data_dir, at = row.position()] { return wal_timeline(path, at); };
  auto found = co_await pool_.run("looking at the WAL of " + settings_.postgresql.data_dir, work, deadline);
  if (found && *found > row.timeline) row.timeline = *found;
}

Task<void> LocalPostgresServer::observe_server(PostgresStatus& status, bool with_query, Instant deadline) {
  if (status.process == ProcessState::NotRunning) status.accepting = Accepting::NoResponse;
  if (!status.running() || !with_query) co_return;
  auto row = co_await query_.run(deadline);
  if (row) {
    status.row = std::move(*row);
    status.accepting = Accepting::Yes;
    refused_.clear();
    if (backup_due_) co_await after_first_answer(deadline);
    co_return;
  }
  status.row_error = row.error().text();
  if (clock_.now() < deadline) status.accepting = co_await query_.ready(deadline);
  if (row.error().code == ErrorCode::Denied) tell_refusal(status.row_error);
}

// PostgreSQL runs and does not let us in: nothing is known of it until somebody puts that right. Told once.
void LocalPostgresServer::tell_refusal(const std::string& why) {
  if (refused_ == why) return;
  refused_ = why;
  log_.error("{}; check username and password of postgresql.authentication.superuser, and pg_hba.conf", why);
}

Task<void> LocalPostgresServer::after_first_answer(Instant deadline) {
  auto work = [paths = config_paths(settings_)]() -> Result<void> { return save_config_backups(paths); };
  auto saved = co_await pool_.run("copying the configuration", work, deadline);
  backup_due_ = false;
  if (!saved) log_.warning("cannot copy the configuration files: {}", saved.error().text());
}

Task<void> LocalPostgresServer::probe_rewind(Instant deadline) {
  ChildSpec spec;
  spec.argv = {program("pg_rewind"), "--help"};
  auto exit = co_await run_child(clock_, spec, earlier(deadline, clock_.now() + kToolLimit));
  if (!exit && exit.error().code == ErrorCode::Timeout) co_return;  // asked again next time
  rewind_runs_ = exit && exit->ok();
  if (!*rewind_runs_) log_.warning("use_pg_rewind is set, but {} does not run", spec.argv[0]);
}

bool LocalPostgresServer::can_rewind(const PostgresStatus& status) const {
  if (!settings_.postgresql.use_pg_rewind || !rewind_runs_.value_or(false) || !status.control) return false;
  return status.control->wal_log_hints || status.control->data_checksums;
}

void LocalPostgresServer::detach() {
  detached_ = true;
  watch_.forget();
  query_.close();
}

Task<Result<void>> LocalPostgresServer::run_script(std::string command, std::vector<std::string> arguments,
                                                   Instant deadline) {
  auto words = split_command(command);
  if (!words) co_return words.error().wrap("cannot run " + command);
  if (words->empty()) co_return Error(ErrorCode::Invalid, "the command of the script is empty");
  ChildSpec spec;
  spec.argv = std::move(*words);
  spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
  spec.out = spec.err = ChildOutput::Inherit;
  spec.grace = kToolLimit;
  auto exit = co_await run_child(clock_, spec, deadline);
  co_return require_success(exit, spec.argv[0]);
}

}  // namespace tamada
