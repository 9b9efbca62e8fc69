#include "postgres/local_health.h"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "host/blocking_pool.h"
#include "host/files.h"
#include "ports/deadline.h"
#include "postgres/data_files.h"
#include "postgres/health_sql.h"
#include "postgres/libpq_status_query.h"
#include "postgres/process_health.h"

namespace tamada {

namespace {

// For so long a session is kept for the statement of a look.
constexpr Duration kKeepSession = 5min;
// That session may hang for itself, which says nothing of the server.
constexpr Duration kKeptPatience = 1s;
// No password file is there: libpq would look for one in the home directory.
constexpr const char* kNoFile = "/nonexistent";
// Of a write that an earlier call began; rare.
constexpr Duration kLookForEnd = 100ms;
// A commit that hangs is waited for in its one session; then another one is tried.
constexpr Duration kCommitLimit = 1h;
// pg_basebackup, pg_rewind and pg_checksums pass over what begins so, in every directory.
constexpr const char* kFileName = "pgsql_tmp_tamada_health";

}  // namespace

LocalHealthProbes::LocalHealthProbes(PgContext context, const Settings& initial)
    : context_(context), settings_(initial), tasks_(context.executor), kept_(context) {}

void LocalHealthProbes::update_settings(const Settings& settings) {
  settings_ = settings;
}

Task<std::optional<ConnectionAnswer>> LocalHealthProbes::knock(Instant deadline) {
  PgSessionOptions options = local_session_options(settings_, "Patroni health");
  options.conninfo = options.conninfo.without("password").set("passfile", kNoFile);
  PgConnection session(context_);
  auto opened = co_await session.open(std::move(options), deadline);
  if (opened || session.wants_password()) co_return std::nullopt;
  co_return judge_refusal(opened.error(), session.sqlstate(), session.silent());
}

Task<ConnectionAnswer> LocalHealthProbes::connect(PostmasterId postmaster, Instant deadline) {
  const Instant now = context_.clock.now();
  if (kept_.is_open() && kept_with_ == postmaster && now < kept_until_) {
    if (const auto refusal = co_await knock(deadline)) co_return *refusal;
    const Instant patience = std::min(deadline, context_.clock.now() + kKeptPatience);
    auto answer = co_await kept_.query(health_statement(kept_.server_version()), patience);
    if (answer) co_return read_health_answer(*answer);
  }
  kept_with_ = postmaster;
  kept_until_ = now + kKeepSession;
  auto opened = co_await kept_.open(local_session_options(settings_, "Patroni health"), deadline);
  if (!opened) co_return judge_refusal(opened.error(), kept_.sqlstate(), kept_.silent());
  auto answer = co_await kept_.query(health_statement(kept_.server_version()), deadline);
  if (answer) co_return read_health_answer(*answer);
  kept_.close();
  const bool silent = answer.error().code == ErrorCode::Timeout;
  co_return judge_refusal(answer.error(), kept_.sqlstate(), silent);
}

Task<void> LocalHealthProbes::run_commit(std::shared_ptr<Commit> commit) {
  const Instant deadline = context_.clock.now() + kCommitLimit;
  PgConnection session(context_);
  PgSessionOptions options = local_session_options(settings_, "Patroni health");
  options.local_commit = true;
  options.statement_timeout = std::chrono::milliseconds(0);
  auto opened = co_await session.open(std::move(options), deadline);
  if (opened) {
    const std::string statement = health_commit_statement(session.server_version());
    if (!statement.empty()) {
      auto done = co_await session.query(statement, deadline);
      const bool broken = !done && (session.sqlstate().starts_with("53") || session.sqlstate().starts_with("58"));
      if (done) commit->answer = ProbeAnswer::fine();
      if (broken) commit->answer = ProbeAnswer::trouble("a commit fails: " + done.error().message);
    }
  }
  commit->done.set();
}

Task<ProbeAnswer> LocalHealthProbes::commit(Instant deadline) {
  if (!commit_) {
    commit_ = std::make_shared<Commit>(context_.executor);
    tasks_.spawn(run_commit(commit_));
  }
  const auto mine = commit_;
  const bool ended = co_await with_deadline(context_.clock, deadline, mine->done.wait());
  if (!ended) co_return ProbeAnswer::unended("a commit is not flushed");
  if (commit_ == mine) commit_.reset();
  co_return mine->answer;
}

Task<ProbeAnswer> LocalHealthProbes::processes(PostmasterId postmaster, Instant deadline) {
  auto work = [postmaster]() -> Result<std::string> { return stopped_processes(postmaster); };
  auto stopped = co_await context_.pool.run("looking at the processes of postgres", work, deadline);
  if (!stopped) co_return ProbeAnswer{};
  co_return stopped->empty() ? ProbeAnswer::fine() : ProbeAnswer::trouble(*stopped);
}

Task<std::optional<StorageProbe>> LocalHealthProbes::write(Place place, Instant deadline) {
  std::shared_ptr<Write>& slot = place == Place::Data ? data_write_ : wal_write_;
  if (!slot) {
    slot = std::make_shared<Write>();
    auto work = [write = slot, place, wal_elsewhere = wal_elsewhere_,
                 data_dir = settings_.postgresql.data_dir]() -> Result<void> {
      write->begun = true;
      const std::string global = join_path(data_dir, "global");
      const std::string wal = wal_directory(data_dir);
      // A look at another volume may hang with it: that is for its own write to tell.
      if (place == Place::Wal || !wal_elsewhere) write->wal_elsewhere = !same_volume(global, wal);
      if (place == Place::Data) {
        write->probe = probe_storage(join_path(global, kFileName));
      } else if (write->wal_elsewhere) {
        write->probe = probe_storage(join_path(wal, kFileName));
      }
      write->done = true;
      return {};
    };
    const auto mine = slot;
    (void)co_await context_.pool.run("a small write", work, deadline);
    // No thread was free: nothing was tried, and nothing will be.
    if (!mine->begun) {
      if (slot == mine) slot.reset();
      co_return std::nullopt;
    }
  }
  const auto mine = slot;
  while (!mine->done && context_.clock.now() < deadline) {
    co_await context_.clock.sleep_until(std::min(deadline, context_.clock.now() + kLookForEnd));
  }
  if (!mine->done) co_return std::nullopt;
  if (slot == mine) slot.reset();
  wal_elsewhere_ = mine->wal_elsewhere;
  co_return mine->probe;
}

Task<StorageAnswer> LocalHealthProbes::storage(Instant deadline) {
  using namespace boost::asio::experimental::awaitable_operators;
  using Outcome = StorageProbe::Outcome;
  std::optional<StorageProbe> data;
  std::optional<StorageProbe> wal;
  if (wal_elsewhere_) {
    std::tie(data, wal) = co_await (write(Place::Data, deadline) && write(Place::Wal, deadline));
  } else {
    data = co_await write(Place::Data, deadline);
    wal = StorageProbe{};
  }
  StorageAnswer answer;
  if (data && data->outcome == Outcome::NoDirectory) co_return answer;  // nothing is there yet, or not any more
  answer.write = ProbeAnswer::fine();
  answer.space = ProbeAnswer::fine();
  for (const auto& [probe, where] : {std::pair{&wal, "pg_wal"}, std::pair{&data, "the data directory"}}) {
    if (!*probe) {
      answer.write = ProbeAnswer::trouble(fmt::format("a small write to the volume of {} does not end", where));
    } else if ((*probe)->outcome == Outcome::Failed) {
      answer.write = ProbeAnswer::trouble((*probe)->error);
    } else if ((*probe)->outcome == Outcome::Full) {
      answer.space = ProbeAnswer::trouble((*probe)->error);
    }
  }
  if (data) answer.data = data->space;
  if (wal && wal->outcome != Outcome::NoDirectory) answer.wal = wal->space;
  co_return answer;
}

}  // namespace tamada
