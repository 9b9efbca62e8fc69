// An HTTP/1.1 server over plain TCP or TLS: listening sockets that can be moved at runtime, keep-alive, limits on size,
// time and number of connections, an orderly stop. It knows nothing of routes: a handler answers each request.
//
// One thread: the executor's. listen() and use_tls() may also be called before that thread runs.
// Invariants: every request that arrived whole is answered; at most `connections` sockets are open.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "base/task.h"
#include "net/http_message.h"
#include "net/http_request_parser.h"
#include "net/tls_context.h"

namespace tamada {

struct HttpServerLimits {
  HttpParseLimits parse;
  std::size_t connections = 1000;
  std::chrono::milliseconds idle{60'000};     // between requests
  std::chrono::milliseconds request{10'000};  // from the first byte of a request to its last; also the TLS handshake
  std::chrono::milliseconds reply{10'000};    // to send a reply
  std::chrono::milliseconds farewell{1'000};  // for the peer to hang up
};

using HttpHandler = std::function<Task<HttpReply>(const HttpServerRequest&)>;

class HttpServer {
 public:
  HttpServer(Executor executor, HttpHandler handler, HttpServerLimits limits, Logger log);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Listens at "host:port" (empty host or "*": all addresses, both families). Called again it moves there; connections
  // that are open stay. On an error the old sockets go on listening. Errors: Invalid; Conflict when the port is in use;
  // Unavailable when the host has no address here.
  Result<void> listen(const std::string& address, int backlog);
  // For connections accepted from now on; null = plain.
  void use_tls(std::shared_ptr<const TlsServerContext> context);
  // The Server header of replies.
  void set_name(std::string name);
  // The first listening port (the system's choice for ":0"); 0 when not listening.
  int port() const;
  std::size_t open_connections() const;

  // Stops listening, hangs up on idle clients, lets running requests end for `grace`, then closes everything and
  // returns when the last connection is gone.
  Task<void> stop(std::chrono::milliseconds grace);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tamada
