#include "postgres/pg_connection.h"

#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/text.h"
#include "host/blocking_pool.h"
#include "host/files.h"
#include "net/resolver.h"
#include "ports/deadline.h"
#include "postgres/host_resolver.h"
#include "postgres/session_parameters.h"

namespace tamada {

namespace asio = boost::asio;

namespace {

using ResultPtr = std::unique_ptr<PGresult, decltype(&PQclear)>;

std::string first_line(std::string_view text) {
  std::string line(trim(text.substr(0, text.find('\n'))));
  return line.empty() ? "no message" : line;
}

bool is_sqlstate(std::string_view text) {
  return text.size() == 5 && text.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
}

// With verbose errors the code stands in front of the message: "... FATAL:  57P03: the database system is starting up".
// The word before it may be in the server's language.
std::string take_sqlstate(std::string& message) {
  for (auto at = message.find(":  "); at != std::string::npos; at = message.find(":  ", at + 1)) {
    std::string state = message.substr(at + 3, 5);
    if (!is_sqlstate(state) || message.compare(at + 8, 2, ": ") != 0) continue;
    message.erase(at + 3, 7);
    return state;
  }
  return {};
}

std::string home_directory() {
  const char* home = std::getenv("HOME");
  return home != nullptr ? home : "";
}

void drop_notice(void*, const PGresult*) {}

}  // namespace

std::string PgAnswer::value(std::size_t row, std::size_t column) const {
  if (row >= rows.size() || column >= rows[row].size()) return {};
  return rows[row][column].value_or(std::string());
}

ErrorCode code_of_sqlstate(std::string_view state) {
  if (state.starts_with("28")) return ErrorCode::Denied;
  if (state == "42501") return ErrorCode::Denied;
  if (state == "57014") return ErrorCode::Timeout;  // statement_timeout
  if (state == "55006" || state == "42710") return ErrorCode::Conflict;
  if (state == "42704" || state == "3D000") return ErrorCode::NotFound;
  if (state == "58P01") return ErrorCode::NotFound;
  if (state.starts_with("57P") || state.starts_with("53") || state.starts_with("08")) return ErrorCode::Unavailable;
  if (state == "0A000") return ErrorCode::Unsupported;
  return ErrorCode::Failed;
}

struct PgConnection::Impl {
  explicit Impl(PgContext c) : context(c), socket(c.executor) {}
  ~Impl() { close(); }

  PgContext context;
  asio::posix::stream_descriptor socket;  // only waits on libpq's descriptor; never owns it
  PGconn* conn = nullptr;
  std::string sqlstate;
  std::size_t refusals = 0;  // attempts of the last open that met no server
  bool refused = false;      // all of them
  bool silent = false;       // one of them ran out of time
  bool wants_password = false;

  void close();
  Task<bool> wait(bool for_writing);
  Task<Result<std::vector<ConnectAttempt>>> attempts(const Conninfo& info, Instant deadline);
  Task<Result<void>> warm_files(const Conninfo& parameters, Instant deadline);
  Task<Result<void>> poll_until_connected();
  Task<Result<void>> attempt(const Conninfo& parameters, const ConnectAttempt& where, Instant deadline);
  Task<Result<void>> open(PgSessionOptions options, Instant deadline);
  Task<Result<void>> flush();
  Task<Result<PgAnswer>> read_answer();
  Task<Result<PgAnswer>> exchange(const std::string& sql, const std::vector<std::string>& parameters);
  Result<PgAnswer> take(ResultPtr result);
  Error connect_error(const ConnectAttempt& where);
  Error lost();
};

namespace {

// Closes the session unless the call that began came to its end: also when its coroutine is cancelled or destroyed.
template <class Impl>
class CloseUnlessDone {
 public:
  explicit CloseUnlessDone(Impl& impl) : impl_(impl) {}
  ~CloseUnlessDone() {
    if (!done_) impl_.close();
  }
  void done() { done_ = true; }

 private:
  Impl& impl_;
  bool done_ = false;
};

}  // namespace

void PgConnection::Impl::close() {
  if (socket.is_open()) socket.release();
  if (conn != nullptr) PQfinish(std::exchange(conn, nullptr));
}

Error PgConnection::Impl::lost() {
  std::string message = conn != nullptr ? PQerrorMessage(conn) : "the session was closed";
  sqlstate = take_sqlstate(message);
  return Error(ErrorCode::Unavailable, fmt::format("the connection to postgres was lost: {}", first_line(message)));
}

Task<bool> PgConnection::Impl::wait(bool for_writing) {
  // While it connects libpq may replace its socket between two polls, even by one with the same number.
  const bool settled = conn != nullptr && PQstatus(conn) == CONNECTION_OK;
  if (!settled && socket.is_open()) socket.release();
  if (!socket.is_open()) {
    const int fd = conn != nullptr ? PQsocket(conn) : -1;
    boost::system::error_code ec;
    if (fd < 0) co_return false;
    socket.assign(fd, ec);
    if (ec) co_return false;
  }
  auto kind = for_writing ? asio::posix::stream_descriptor::wait_write : asio::posix::stream_descriptor::wait_read;
  co_await socket.async_wait(kind, asio::use_awaitable);
  co_return true;
}

Task<Result<std::vector<ConnectAttempt>>> PgConnection::Impl::attempts(const Conninfo& info, Instant deadline) {
  std::vector<ConnectAttempt> all;
  auto hosts = split(info.get("host"), ',');
  auto ports = split(info.get("port"), ',');
  Error problem(ErrorCode::Unavailable, "no host to connect to");
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const std::string& host = hosts[i];
    const std::string& port = ports.size() == 1 ? ports[0] : i < ports.size() ? ports[i] : ports.back();
    if (host.empty() || host[0] == '/') {
      all.push_back({host, {}, port});
    } else if (is_numeric_host(host)) {
      all.push_back({host, host, port});
    } else {
      auto addresses = co_await context.resolver.resolve(host, deadline);
      if (addresses) {
        for (auto& address : *addresses) all.push_back({host, std::move(address), port});
      } else if (host == "localhost") {
        all.push_back({host, "127.0.0.1", port});
        all.push_back({host, "::1", port});
      } else {
        problem = addresses.error().wrap(fmt::format("address of {} is not known", host));
      }
    }
  }
  if (all.empty()) co_return problem;
  co_return all;
}

// A storage that hangs hangs a pool thread here, not the engine in libpq. Whether a file is there and right is libpq's
// business.
Task<Result<void>> PgConnection::Impl::warm_files(const Conninfo& parameters, Instant deadline) {
  auto files = files_read_by_libpq(parameters, home_directory());
  if (files.empty()) co_return Result<void>();
  auto work = [files]() -> Result<void> {
    for (const auto& file : files) (void)read_file_if_exists(file);
    return {};
  };
  co_return co_await context.pool.run("reading password file and certificates", work, deadline);
}

Error PgConnection::Impl::connect_error(const ConnectAttempt& where) {
  std::string message = PQerrorMessage(conn);
  sqlstate = take_sqlstate(message);
  wants_password = PQconnectionNeedsPassword(conn) != 0;
  bool nobody = message.find("Connection refused") != std::string::npos ||
                message.find("No such file or directory") != std::string::npos;
  if (sqlstate.empty() && nobody) ++refusals;
  // The queue of a socket whose server accepts nobody is full.
  if (sqlstate.empty() && message.find("temporarily unavailable") != std::string::npos) silent = true;
  ErrorCode code = code_of_sqlstate(sqlstate);
  if (sqlstate.empty() || code == ErrorCode::Failed) code = ErrorCode::Unavailable;
  std::string host = where.host.empty() ? "the default socket" : where.host;
  return Error(code,
               fmt::format("cannot connect to postgres on {} port {}: {}", host, where.port, first_line(message)));
}

Task<Result<void>> PgConnection::Impl::poll_until_connected() {
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  while (status != PGRES_POLLING_OK) {
    if (status == PGRES_POLLING_FAILED) co_return Error(ErrorCode::Unavailable, "");
    bool waited = co_await wait(status == PGRES_POLLING_WRITING);
    if (!waited) co_return Error(ErrorCode::Unavailable, "");
    status = PQconnectPoll(conn);
  }
  co_return Result<void>();
}

Task<Result<void>> PgConnection::Impl::attempt(const Conninfo& parameters, const ConnectAttempt& where,
                                               Instant deadline) {
  std::vector<const char*> keys;
  std::vector<const char*> values;
  for (const auto& [key, value] : parameters.items()) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  CloseUnlessDone guard(*this);
  conn = PQconnectStartParams(keys.data(), values.data(), 0);
  if (conn == nullptr) co_return Error(ErrorCode::Unavailable, "out of memory while connecting to postgres");
  if (PQstatus(conn) == CONNECTION_BAD) co_return connect_error(where);
  PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
  PQsetNoticeReceiver(conn, drop_notice, nullptr);
  auto connected = co_await with_deadline(context.clock, deadline, poll_until_connected());
  if (!connected) {
    silent = true;
    co_return Error(ErrorCode::Timeout,
                    fmt::format("postgres on {} port {} did not answer in time", where.host, where.port));
  }
  if (!*connected) co_return connect_error(where);
  if (socket.is_open()) socket.release();
  PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
  if (PQsetnonblocking(conn, 1) != 0) co_return lost();
  guard.done();
  co_return Result<void>();
}

Task<Result<void>> PgConnection::Impl::open(PgSessionOptions options, Instant deadline) {
  close();
  sqlstate.clear();
  refusals = 0;
  refused = false;
  silent = false;
  wants_password = false;
  auto list = co_await attempts(options.conninfo, deadline);
  if (!list) co_return list.error();
  Result<void> last = Error(ErrorCode::Unavailable, "no address to connect to");
  for (const auto& where : *list) {
    Instant now = context.clock.now();
    if (now >= deadline) co_return last;
    Conninfo parameters = session_parameters(options, where);
    auto files = co_await warm_files(parameters, deadline);
    if (!files) co_return files;
    last = co_await attempt(parameters, where, std::min<Instant>(deadline, now + options.connect_timeout));
    if (last || wants_password) co_return last;
    if (last.error().code == ErrorCode::Denied || last.error().code == ErrorCode::NotFound) co_return last;
    // The name may stand for another address by now.
    if (where.host != where.address && !where.address.empty()) context.resolver.distrust(where.host);
  }
  refused = refusals == list->size();
  co_return last;
}

Task<Result<void>> PgConnection::Impl::flush() {
  while (true) {
    int left = PQflush(conn);
    if (left == 0) co_return Result<void>();
    if (left < 0) co_return lost();
    // The server may have to be read before it takes more; answers to short statements never fill the socket.
    bool waited = co_await wait(true);
    if (!waited) co_return lost();
  }
}

Result<PgAnswer> PgConnection::Impl::take(ResultPtr result) {
  PgAnswer answer;
  ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY) {
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    const char* primary = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
    const char* hint = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_HINT);
    sqlstate = state != nullptr ? state : "";
    std::string message = primary != nullptr ? primary : first_line(PQresultErrorMessage(result.get()));
    if (sqlstate.empty()) return Error(ErrorCode::Unavailable, fmt::format("postgres did not answer: {}", message));
    return Error(code_of_sqlstate(sqlstate), fmt::format("postgres refused a statement: {} ({})", message, sqlstate),
                 hint != nullptr ? hint : "");
  }
  int columns = PQnfields(result.get());
  for (int c = 0; c < columns; ++c) answer.columns.emplace_back(PQfname(result.get(), c));
  for (int r = 0; r < PQntuples(result.get()); ++r) {
    auto& row = answer.rows.emplace_back();
    for (int c = 0; c < columns; ++c) {
      if (PQgetisnull(result.get(), r, c)) {
        row.emplace_back(std::nullopt);
      } else {
        row.emplace_back(
            std::string(PQgetvalue(result.get(), r, c), static_cast<std::size_t>(PQgetlength(result.get(), r, c))));
      }
    }
  }
  return answer;
}

Task<Result<PgAnswer>> PgConnection::Impl::read_answer() {
  std::optional<Result<PgAnswer>> answer;
  while (true) {
    while (PQisBusy(conn)) {
      bool waited = co_await wait(false);
      if (!waited || PQconsumeInput(conn) == 0) co_return lost();
    }
    ResultPtr result(PQgetResult(conn), &PQclear);
    if (!result) break;
    ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
      close();
      co_return Error(ErrorCode::Protocol, "postgres began to copy data where an answer was expected");
    }
    // Several statements in one text: the first error counts, else the last answer.
    if (!answer || answer->has_value()) answer = take(std::move(result));
  }
  if (PQstatus(conn) != CONNECTION_OK) {
    Error error = answer && !answer->has_value() ? answer->error() : lost();
    close();
    co_return error;
  }
  if (!answer) co_return Error(ErrorCode::Protocol, "postgres gave no answer to a statement");
  co_return std::move(*answer);
}

Task<Result<PgAnswer>> PgConnection::Impl::exchange(const std::string& sql,
                                                    const std::vector<std::string>& parameters) {
  int sent = 0;
  if (parameters.empty()) {
    sent = PQsendQuery(conn, sql.c_str());
  } else {
    std::vector<const char*> values;
    for (const auto& parameter : parameters) values.push_back(parameter.c_str());
    sent = PQsendQueryParams(conn, sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr,
                             nullptr, 0);
  }
  if (sent == 0) co_return lost();
  auto flushed = co_await flush();
  if (!flushed) co_return flushed.error();
  co_return co_await read_answer();
}

PgConnection::PgConnection(PgContext context) : impl_(std::make_shared<Impl>(context)) {}
PgConnection::~PgConnection() = default;

Task<Result<void>> PgConnection::open(PgSessionOptions options, Instant deadline) {
  auto keep = impl_;
  co_return co_await keep->open(std::move(options), deadline);
}

Task<Result<PgAnswer>> PgConnection::query(std::string sql, Instant deadline) {
  return query(std::move(sql), std::vector<std::string>(), deadline);
}

Task<Result<PgAnswer>> PgConnection::query(std::string sql, std::vector<std::string> parameters, Instant deadline) {
  auto keep = impl_;  // the guard below must find it also when the object is destroyed before this coroutine
  Impl& impl = *keep;
  impl.sqlstate.clear();
  if (impl.conn == nullptr) co_return Error(ErrorCode::Unavailable, "the session with postgres is closed");
  CloseUnlessDone guard(impl);
  auto answer = co_await with_deadline(impl.context.clock, deadline, impl.exchange(sql, parameters));
  if (!answer) co_return Error(ErrorCode::Timeout, "postgres did not answer a statement in time");
  // A refused statement leaves the session usable; a lost connection does not.
  if (impl.conn != nullptr && PQstatus(impl.conn) == CONNECTION_OK &&
      PQtransactionStatus(impl.conn) != PQTRANS_ACTIVE) {
    guard.done();
  }
  co_return std::move(*answer);
}

void PgConnection::close() {
  impl_->close();
}
bool PgConnection::is_open() const {
  return impl_->conn != nullptr;
}
int PgConnection::server_version() const {
  return impl_->conn != nullptr ? PQserverVersion(impl_->conn) : 0;
}
const std::string& PgConnection::sqlstate() const {
  return impl_->sqlstate;
}
bool PgConnection::refused() const {
  return impl_->refused;
}
bool PgConnection::silent() const {
  return impl_->silent;
}
bool PgConnection::wants_password() const {
  return impl_->wants_password;
}

namespace {

std::string take_text(char* text) {
  std::string out = text != nullptr ? text : "";
  PQfreemem(text);
  return out;
}

}  // namespace

std::string PgConnection::quote_identifier(std::string_view text) const {
  INVARIANT(is_open());
  return take_text(PQescapeIdentifier(impl_->conn, text.data(), text.size()));
}

std::string PgConnection::quote_literal(std::string_view text) const {
  INVARIANT(is_open());
  return take_text(PQescapeLiteral(impl_->conn, text.data(), text.size()));
}

Result<std::string> PgConnection::encrypt_password(const std::string& user, const std::string& password,
                                                   const std::string& method) {
  if (!is_open()) return Error(ErrorCode::Unavailable, "the session with postgres is closed");
  // Before 10 the setting is on or off, and both accept an md5 verifier.
  const char* algorithm = method == "scram-sha-256" ? "scram-sha-256" : "md5";
  char* text = PQencryptPasswordConn(impl_->conn, password.c_str(), user.c_str(), algorithm);
  if (text == nullptr) {
    return Error(ErrorCode::Failed, fmt::format("password of role '{}' cannot be prepared: {}", user,
                                                first_line(PQerrorMessage(impl_->conn))));
  }
  return take_text(text);
}

}  // namespace tamada
