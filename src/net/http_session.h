// One connection of the HTTP server: requests in, replies out, until one side has enough. Lives in its coroutine.
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <string>

#include "net/byte_stream.h"
#include "net/http_server.h"

namespace tamada {

// What the server shares with its connections; they may outlive the server object when the executor is dropped.
struct HttpSessionContext {
  HttpSessionContext(HttpHandler h, HttpServerLimits l, Logger lg)
      : handler(std::move(h)), limits(l), log(std::move(lg)) {}

  HttpHandler handler;
  HttpServerLimits limits;
  Logger log;
  std::string server_name = "Tamada";
  bool stopping = false;
  std::list<class HttpSession*> sessions;  // oldest first

  // The Date header of now; made once a second.
  const std::string& date();

 private:
  std::int64_t date_second_ = -1;
  std::string date_;
};

class HttpSession {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  HttpSession(std::shared_ptr<HttpSessionContext> context, std::unique_ptr<ByteStream> stream, HttpClientInfo client);
  ~HttpSession();
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  Task<void> run();

  // The server's sweep ends connections that overstay.
  SteadyTime deadline() const { return deadline_; }
  // Waits for its client's next request: nothing is lost by closing it.
  bool idle() const { return phase_ == Phase::Idle; }
  // Waits for bytes of a client at all (idle, slow or not yet through the handshake).
  bool waits_for_client() const { return phase_ != Phase::Handling && phase_ != Phase::Replying; }
  void close() { stream_->close(); }

 private:
  enum class Phase { Handshake, Idle, Reading, Handling, Replying, Farewell };

  void enter(Phase phase);
  // False: the connection is over or the request was refused.
  Task<bool> read_request();
  Task<bool> answer();
  Task<bool> send(const HttpReply& reply, bool http_1_0, bool keep_alive);
  Task<bool> send_parts(const HttpReply& reply, bool http_1_0);
  Task<void> say_farewell();

  std::shared_ptr<HttpSessionContext> context_;
  std::list<HttpSession*>::iterator place_;
  std::unique_ptr<ByteStream> stream_;
  HttpClientInfo client_;
  HttpRequestParser parser_;
  std::string buffer_;  // bytes read and not consumed
  Phase phase_ = Phase::Handshake;
  SteadyTime deadline_;
};

}  // namespace tamada
