// A transport whose answers a test writes: for the client's decisions without any server.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "base/text.h"
#include "net/http.h"
#include "ports/clock.h"
#include "store/etcd3/etcd3_codec.h"

namespace tamada::testing {

struct ScriptedEtcd final : HttpTransport {
  explicit ScriptedEtcd(Clock& c) : clock(c) {}

  struct Sent {
    std::string node;
    std::string method;
    std::string body;
    std::string token;
  };
  using Handler = std::function<Result<HttpResponse>(const Sent&)>;

  Task<Result<HttpResponse>> send(HttpRequest request, Instant deadline) override {
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
    Sent sent = sent_of(request);
    requests.push_back(sent);
    auto response = handler(sent);
    if (!response && response.error().code == ErrorCode::Timeout) co_await clock.sleep_until(deadline);
    if (answer_after > Duration::zero()) {
      co_await clock.sleep_until(std::min(deadline, clock.now() + answer_after));
      if (clock.now() >= deadline) co_return Error(ErrorCode::Timeout, "slow");
    }
    co_return response;
  }
  Task<Result<std::unique_ptr<HttpStream>>> open(HttpRequest, Instant) override {
    co_return Error(ErrorCode::Unavailable, "no stream here");
  }

  static Sent sent_of(const HttpRequest& request) {
    const std::size_t path = request.url.find('/', request.url.find("://") + 3);
    Sent sent{request.url.substr(0, path), request.url.substr(path), request.body, ""};
    for (const auto& [name, value] : request.headers) {
      if (name == "Authorization") sent.token = value;
    }
    return sent;
  }
  int count(std::string_view method) const {
    int n = 0;
    for (const Sent& s : requests) n += s.method.ends_with(method);
    return n;
  }

  Clock& clock;
  Handler handler;
  Duration answer_after{0};
  std::vector<Sent> requests;
};

struct QuietLog final : LogSink {
  bool enabled(LogLevel level, std::string_view) const override { return level >= LogLevel::Info; }
  void write(LogLevel level, std::string_view, std::string text) override { lines.push_back({level, std::move(text)}); }
  std::vector<std::pair<LogLevel, std::string>> lines;
};

inline HttpResponse ok(std::string body) {
  return {200, std::move(body), {}};
}

// "header":{...} of an answer.
inline std::string header_text(int term, int revision = 10, const std::string& cluster = "77") {
  return "\"header\":{\"cluster_id\":\"" + cluster + "\",\"revision\":\"" + std::to_string(revision) +
         "\",\"raft_term\":\"" + std::to_string(term) + "\"}";
}

inline std::string kv_text(const std::string& key, const std::string& value, int created, int modified,
                           const std::string& lease) {
  return "{\"key\":\"" + base64_encode(key) + "\",\"value\":\"" + base64_encode(value) + "\",\"create_revision\":\"" +
         std::to_string(created) + "\",\"mod_revision\":\"" + std::to_string(modified) + "\",\"lease\":\"" + lease +
         "\"}";
}

}  // namespace tamada::testing
