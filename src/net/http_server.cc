#include "net/http_server.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/async.h"
#include "net/http_listener.h"
#include "net/http_session.h"

namespace tamada {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kSweepGap{250};
constexpr std::chrono::milliseconds kAcceptRetry{100};

std::string plain_address(const tcp::endpoint& endpoint) {
  auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address.to_string();
}

}  // namespace

struct HttpServer::State : std::enable_shared_from_this<HttpServer::State> {
  State(Executor ex, HttpHandler handler, HttpServerLimits limits, Logger log)
      : executor(ex),
        tasks(ex),
        sessions_changed(ex),
        context(std::make_shared<HttpSessionContext>(std::move(handler), limits, std::move(log))) {}

  using Acceptor = std::shared_ptr<tcp::acceptor>;

  void adopt(std::vector<tcp::acceptor> fresh);
  void close_listeners();
  Task<void> accept_loop(Acceptor acceptor);
  void begin_session(tcp::socket socket);
  Task<void> run_session(std::unique_ptr<ByteStream> stream, HttpClientInfo client);
  bool make_room();
  Task<void> sweep();
  void close_sessions(bool only_idle);

  Executor executor;
  TaskScope tasks;
  WaitList sessions_changed;
  std::shared_ptr<HttpSessionContext> context;
  std::shared_ptr<const TlsServerContext> tls;
  std::vector<Acceptor> acceptors;
  std::string address;
  int backlog = 0;
  bool sweeping = false;
};

void HttpServer::State::adopt(std::vector<tcp::acceptor> fresh) {
  for (auto& one : fresh) {
    acceptors.push_back(std::make_shared<tcp::acceptor>(std::move(one)));
    tasks.spawn(accept_loop(acceptors.back()));
  }
  if (!sweeping) {
    sweeping = true;
    tasks.spawn(sweep());
  }
}

void HttpServer::State::close_listeners() {
  boost::system::error_code ignored;
  for (auto& acceptor : acceptors) acceptor->close(ignored);
  acceptors.clear();
}

Task<void> HttpServer::State::accept_loop(Acceptor acceptor) {
  while (acceptor->is_open()) {
    auto [ec, socket] = co_await acceptor->async_accept(kAsTuple);
    if (!acceptor->is_open()) co_return;
    if (!ec) {
      begin_session(std::move(socket));
      continue;
    }
    // Out of file descriptors or memory: the connection waits in the kernel's queue.
    context->log.warning("cannot accept a connection: {}", ec.message());
    asio::steady_timer timer(executor, kAcceptRetry);
    co_await timer.async_wait(kAsTuple);
  }
}

void HttpServer::State::begin_session(tcp::socket socket) {
  boost::system::error_code ec;
  // Without it small TLS records wait 40 ms for the peer's delayed acknowledgement.
  socket.set_option(tcp::no_delay(true), ec);
  socket.set_option(asio::socket_base::keep_alive(true), ec);
  HttpClientInfo client;
  const auto remote = socket.remote_endpoint(ec);
  if (ec) return;  // it has hung up already
  const auto local = socket.local_endpoint(ec);
  if (ec) return;
  client.address = plain_address(remote);
  client.local_address = plain_address(local);
  client.tls = tls != nullptr;
  if (!make_room()) {
    context->log.warning("connection of {} refused: {} requests are running", client.address, context->sessions.size());
    return;
  }
  auto stream = tls ? make_tls_stream(std::move(socket), *tls) : make_tcp_stream(std::move(socket));
  tasks.spawn(run_session(std::move(stream), std::move(client)));
}

Task<void> HttpServer::State::run_session(std::unique_ptr<ByteStream> stream, HttpClientInfo client) {
  {
    HttpSession session(context, std::move(stream), std::move(client));
    sessions_changed.resume_all();
    co_await session.run();
  }
  sessions_changed.resume_all();
}

// Takes the place of whoever has kept us waiting longest: clients that hold connections open cannot lock others out.
bool HttpServer::State::make_room() {
  if (context->sessions.size() < context->limits.connections) return true;
  for (HttpSession* session : context->sessions) {
    if (!session->waits_for_client()) continue;
    session->close();
    return true;
  }
  return false;
}

// Without sessions it sleeps. With some it wakes at the first deadline, or so early that none that begins meanwhile is
// over.
Task<void> HttpServer::State::sweep() {
  const HttpServerLimits& limits = context->limits;
  const auto shortest = std::min({limits.idle, limits.request, limits.reply, limits.farewell});
  asio::steady_timer timer(executor);
  for (;;) {
    while (context->sessions.empty()) co_await sessions_changed.wait();
    const auto began = std::chrono::steady_clock::now();
    auto next = began + shortest;
    for (const HttpSession* session : context->sessions) next = std::min(next, session->deadline());
    timer.expires_at(std::max(next, began + kSweepGap));
    co_await timer.async_wait(asio::use_awaitable);
    const auto now = std::chrono::steady_clock::now();
    for (HttpSession* session : context->sessions) {
      if (session->deadline() <= now) session->close();
    }
  }
}

void HttpServer::State::close_sessions(bool only_idle) {
  for (HttpSession* session : context->sessions) {
    if (!only_idle || session->idle()) session->close();
  }
}

HttpServer::HttpServer(Executor executor, HttpHandler handler, HttpServerLimits limits, Logger log)
    : state_(std::make_shared<State>(std::move(executor), std::move(handler), limits, std::move(log))) {}

HttpServer::~HttpServer() {
  state_->close_listeners();
}

Result<void> HttpServer::listen(const std::string& address, int backlog) {
  if (!state_->acceptors.empty() && address == state_->address && backlog == state_->backlog) return {};
  auto where = parse_listen_address(address);
  if (!where) return where.error();
  auto fresh = open_listeners(state_->executor, *where, backlog);
  if (!fresh && fresh.error().code == ErrorCode::Conflict && !state_->acceptors.empty()) {
    // Maybe it is our own old socket ("127.0.0.1:8008" to "*:8008").
    const auto old = parse_listen_address(state_->address);
    state_->close_listeners();
    fresh = open_listeners(state_->executor, *where, backlog);
    if (!fresh) {
      auto again = open_listeners(state_->executor, *old, state_->backlog);
      if (!again) return fresh.error().wrap("the REST API lost its old listening socket as well");
      state_->adopt(std::move(*again));
    }
  }
  if (!fresh) return fresh.error();
  state_->close_listeners();
  state_->address = address;
  state_->backlog = backlog;
  state_->adopt(std::move(*fresh));
  return {};
}

void HttpServer::use_tls(std::shared_ptr<const TlsServerContext> context) {
  state_->tls = std::move(context);
}

void HttpServer::set_name(std::string name) {
  state_->context->server_name = std::move(name);
}

int HttpServer::port() const {
  if (state_->acceptors.empty()) return 0;
  boost::system::error_code ec;
  return state_->acceptors.front()->local_endpoint(ec).port();
}

std::size_t HttpServer::open_connections() const {
  return state_->context->sessions.size();
}

Task<void> HttpServer::stop(std::chrono::milliseconds grace) {
  auto state = state_;
  state->close_listeners();
  state->context->stopping = true;
  state->close_sessions(true);
  asio::steady_timer timer(state->executor, grace);
  auto patient = std::make_shared<bool>(true);
  timer.async_wait([state, patient](boost::system::error_code ec) {
    if (ec) return;
    *patient = false;
    state->sessions_changed.resume_all();
  });
  while (*patient && !state->context->sessions.empty()) co_await state->sessions_changed.wait();
  timer.cancel();
  state->close_sessions(false);
  co_await state->tasks.stop();
}

}  // namespace tamada
