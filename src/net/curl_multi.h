// libcurl's multi handle driven by Asio, and one transfer on it. Private to net/: only curl_transport.cc includes it.
//
// One thread. libcurl's callbacks never run foreign code: whoever waits is resumed through the executor. A Transfer
// keeps its Multi alive and takes itself off it when it is destroyed, finished or not.
#pragma once

#include <curl/curl.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/async.h"
#include "net/http.h"

namespace tamada {

class CurlTransfer;

class CurlMulti : public std::enable_shared_from_this<CurlMulti> {
 public:
  explicit CurlMulti(Executor executor);
  ~CurlMulti();
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;

  void add(CURL* easy);
  void remove(CURL* easy);
  // The transfer was unpaused: libcurl may have work that no socket will announce.
  void kick();
  Executor executor() const { return executor_; }
  // For CURLOPT_CLOSESOCKETFUNCTION: lets go of the descriptor before it is closed.
  static int on_close_socket(void* self, curl_socket_t fd);

 private:
  struct Socket {
    explicit Socket(Executor executor) : descriptor(std::move(executor)) {}
    boost::asio::posix::stream_descriptor descriptor;
    int wanted = 0;  // CURL_POLL_IN, _OUT or _INOUT
    bool reading = false;
    bool writing = false;
  };

  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  void watch(curl_socket_t fd, int what);
  void forget(curl_socket_t fd);
  void arm(curl_socket_t fd, const std::shared_ptr<Socket>& socket);
  void ready(curl_socket_t fd, const std::weak_ptr<Socket>& socket, int event, bool failed);
  void act(curl_socket_t fd, int event);
  void collect();

  Executor executor_;
  CURLM* multi_;
  boost::asio::steady_timer timer_;
  std::uint64_t timeouts_ = 0;  // libcurl has one at a time
  std::map<curl_socket_t, std::shared_ptr<Socket>> sockets_;
};

class CurlTransfer {
 public:
  explicit CurlTransfer(std::shared_ptr<CurlMulti> multi);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  // `resolve_entry`: what the URL's host resolves to, as CURLOPT_RESOLVE wants it; empty = the host is numeric.
  void start(const HttpRequest& request, const HttpClientSettings& settings, const std::string& resolve_entry,
             Duration limit, bool streaming);
  // What has arrived since the last call; lets a paused stream go on.
  std::string take_body();
  Error error(const std::string& url) const;
  // The request was about to be written to a connection, or was.
  bool may_be_sent() const { return may_be_sent_; }

  bool done = false;
  bool headers_done = false;
  CURLcode result = CURLE_OK;
  HttpResponse response;
  WaitList changed;  // resumed when headers, a part of the body or the end has arrived

 private:
  friend class CurlMulti;
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static int on_connected(void* self, char* remote, char* local, int remote_port, int local_port);
  static int on_socket_options(void* self, curl_socket_t fd, curlsocktype purpose);
  void set_request(const HttpRequest& request);
  void set_connection(const HttpClientSettings& settings, Duration limit);
  void set_tls(const HttpClientSettings& settings);
  void take_header(std::string_view line);

  std::shared_ptr<CurlMulti> multi_;
  CURL* easy_;
  curl_slist* headers_ = nullptr;
  curl_slist* resolve_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> detail_{};
  std::string request_body_;  // libcurl reads it while it sends
  bool streaming_ = false;
  bool paused_ = false;
  bool added_ = false;
  bool may_be_sent_ = false;
  bool too_large_ = false;
  unsigned user_timeout_ms_ = 0;
};

}  // namespace tamada
