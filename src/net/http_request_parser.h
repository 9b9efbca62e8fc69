// Bytes to requests: Beast's parser behind a small class, the one place that includes it. No I/O; fuzzed.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "net/http_message.h"

namespace tamada {

struct HttpParseLimits {
  std::size_t header_bytes = 64 * 1024;  // request line and headers
  std::size_t body_bytes = 1024 * 1024;
};

class HttpRequestParser {
 public:
  enum class State {
    NeedMore,  // feed again with more bytes
    Done,      // take request()
    Failed,    // answer failure() and hang up: the end of the request cannot be found any more
  };

  explicit HttpRequestParser(HttpParseLimits limits);
  ~HttpRequestParser();
  HttpRequestParser(const HttpRequestParser&) = delete;
  HttpRequestParser& operator=(const HttpRequestParser&) = delete;

  // `bytes` is everything not consumed so far; returns how much of it is consumed now. The rest belongs in the next
  // call, with more behind it.
  std::size_t feed(std::string_view bytes);

  State state() const { return state_; }
  // True once the headers are in and the client waits for "100 Continue" before it sends the body.
  bool wants_continue() const;
  // State Done.
  HttpServerRequest take_request();
  bool keep_alive() const;
  // State Failed.
  HttpReply failure() const;

  // For the next request on the connection.
  void reset();

 private:
  struct Impl;
  HttpParseLimits limits_;
  std::unique_ptr<Impl> impl_;
  State state_ = State::NeedMore;
};

}  // namespace tamada
