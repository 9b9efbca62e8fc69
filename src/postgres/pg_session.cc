#include "postgres/pg_session.h"

#include <utility>

#include "ports/deadline.h"

namespace tamada {

// Frees the session for the next coroutine, also when this one is cancelled.
class PgSession::Turn {
 public:
  explicit Turn(PgSession& session) : session_(session) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    session_.busy_ = false;
    if (session_.stale_) session_.close();
    session_.waiters_.resume_all();
  }

 private:
  PgSession& session_;
};

PgSession::PgSession(PgContext context) : context_(context), connection_(context), waiters_(context.executor) {}

void PgSession::configure(PgSessionOptions options) {
  bool same = options.conninfo.items() == options_.conninfo.items() && options.replication == options_.replication &&
              options.statement_timeout == options_.statement_timeout && options.local_commit == options_.local_commit;
  options_ = std::move(options);
  if (!same) close();
}

void PgSession::close() {
  stale_ = busy_;
  if (!busy_) connection_.close();
}

Task<bool> PgSession::take_turn(Instant deadline) {
  while (busy_) {
    bool in_time = co_await with_deadline(context_.clock, deadline, waiters_.wait());
    if (!in_time) co_return false;
  }
  busy_ = true;
  stale_ = false;
  co_return true;
}

Task<Result<void>> PgSession::ensure_open(Instant deadline) {
  if (connection_.is_open()) co_return Result<void>();
  co_return co_await connection_.open(options_, deadline);
}

Task<Result<void>> PgSession::connect(Instant deadline) {
  bool mine = co_await take_turn(deadline);
  if (!mine) co_return Error(ErrorCode::Timeout, "the session with postgres stayed busy");
  Turn turn(*this);
  co_return co_await ensure_open(deadline);
}

Task<Result<PgAnswer>> PgSession::query(std::string sql, Instant deadline) {
  return query(std::move(sql), std::vector<std::string>(), deadline);
}

Task<Result<PgAnswer>> PgSession::query(std::string sql, std::vector<std::string> parameters, Instant deadline) {
  bool mine = co_await take_turn(deadline);
  if (!mine) co_return Error(ErrorCode::Timeout, "the session with postgres stayed busy");
  Turn turn(*this);
  bool reused = connection_.is_open();
  auto open = co_await ensure_open(deadline);
  if (!open) co_return open.error();
  auto answer = co_await connection_.query(sql, parameters, deadline);
  // The server ended a kept session, most often because it was restarted meanwhile.
  bool ended = !answer && !connection_.is_open() && answer.error().code == ErrorCode::Unavailable;
  if (!reused || !ended || stale_) co_return answer;
  auto again = co_await connection_.open(options_, deadline);
  if (!again) co_return again.error();
  co_return co_await connection_.query(sql, parameters, deadline);
}

}  // namespace tamada
