// One libpq session on the engine's thread: asynchronous, every call with a deadline, SQLSTATE kept.
//
// Used by one coroutine at a time (postgres/pg_session.h shares one between several). Names are looked up and files
// that libpq would read are read beforehand, off the thread, so that libpq itself never blocks. Nothing is taken from
// libpq's PG* variables that changes where or as whom we connect; see postgres/libpq_environment.h.
//
// A call that is cancelled or runs out of time leaves the session closed: an answer that is still under way is never
// mistaken for that of a later statement.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "postgres/conninfo.h"

namespace tamada {

class BlockingPool;
class Clock;
class HostResolver;

// What every session needs; all must outlive it.
struct PgContext {
  Executor executor;
  Clock& clock;
  BlockingPool& pool;
  HostResolver& resolver;
};

struct PgAnswer {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;  // nullopt = NULL

  // The value as text; empty for NULL, a missing row or a missing column.
  std::string value(std::size_t row, std::size_t column) const;
};

struct PgSessionOptions {
  Conninfo conninfo;  // hosts by name; what is absent gets a fixed value, never one of the environment
  std::string application_name = "Patroni";
  bool replication = false;                           // walsender: IDENTIFY_SYSTEM and so on, no SQL
  std::chrono::milliseconds statement_timeout{2000};  // 0 = none
  bool local_commit = false;                          // synchronous_commit = local
  std::chrono::milliseconds connect_timeout{3000};    // for each address
};

class PgConnection {
 public:
  explicit PgConnection(PgContext context);
  ~PgConnection();
  PgConnection(const PgConnection&) = delete;
  PgConnection& operator=(const PgConnection&) = delete;

  // Tries the hosts and their addresses in order. Errors: Denied (the server refused user or password), Unavailable,
  // Timeout, Invalid.
  Task<Result<void>> open(PgSessionOptions options, Instant deadline);
  // Runs one statement. Errors carry the server's message; `sqlstate` its code.
  Task<Result<PgAnswer>> query(std::string sql, Instant deadline);
  // The same with $1, $2, ... as text.
  Task<Result<PgAnswer>> query(std::string sql, std::vector<std::string> parameters, Instant deadline);
  void close();

  bool is_open() const;
  int server_version() const;           // 150020; 0 when closed
  const std::string& sqlstate() const;  // of the last failure; empty when the server did not say one
  // The last open failed because the server asked for a password and none was given: it does let sessions in.
  bool wants_password() const;
  // The connection was refused or nobody listens on the socket: there is no server, as far as can be seen.
  bool refused() const;
  // An attempt of the last open was not answered in time: there is a server, or a queue to it, and it says nothing.
  bool silent() const;

  // For statements that cannot take parameters. The session must be open.
  std::string quote_identifier(std::string_view text) const;
  std::string quote_literal(std::string_view text) const;
  // The verifier that is stored for a password; `method` is the server's password_encryption.
  Result<std::string> encrypt_password(const std::string& user, const std::string& password, const std::string& method);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// The error for a statement or connection attempt that failed with this SQLSTATE (may be empty).
ErrorCode code_of_sqlstate(std::string_view sqlstate);

}  // namespace tamada
