// A session that is opened when it is needed, kept, and shared by the coroutines of the engine's thread one after the
// other.
#pragma once

#include <string>
#include <vector>

#include "base/async.h"
#include "postgres/pg_connection.h"

namespace tamada {

class PgSession {
 public:
  explicit PgSession(PgContext context);

  // For the next connection; an open one with other parameters is closed as soon as nobody uses it.
  void configure(PgSessionOptions options);
  // Waits for its turn, connects when needed and runs the statement. When a kept session turns out to be dead it is
  // opened anew and the statement sent again: only for statements that may run twice.
  Task<Result<PgAnswer>> query(std::string sql, std::vector<std::string> parameters, Instant deadline);
  Task<Result<PgAnswer>> query(std::string sql, Instant deadline);
  // Connects when there is no open session. Same turn-taking.
  Task<Result<void>> connect(Instant deadline);
  void close();

  int server_version() const { return connection_.server_version(); }
  const PgConnection& connection() const { return connection_; }

 private:
  class Turn;
  Task<bool> take_turn(Instant deadline);
  Task<Result<void>> ensure_open(Instant deadline);

  PgContext context_;
  PgSessionOptions options_;
  PgConnection connection_;
  WaitList waiters_;
  bool busy_ = false;
  bool stale_ = false;  // close before the next use
};

}  // namespace tamada
