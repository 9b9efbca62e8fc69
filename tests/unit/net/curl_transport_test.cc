#include "net/curl_transport.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "support/run_task.h"
#include "support/tiny_server.h"

namespace tamada {
namespace {

using testing::TinyServer;

Instant now() {
  return Instant(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

class CurlTransportTest : public ::testing::Test {
 protected:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  SystemResolver resolver_{io_.get_executor(), now};
  CurlTransport transport_{io_.get_executor(), now, {}, resolver_};

  Result<HttpResponse> send(HttpRequest request, Duration limit = 3s) {
    return testing::run_task(io_, transport_.send(std::move(request), now() + limit));
  }
  static HttpRequest get(const std::string& url) {
    HttpRequest r;
    r.url = url;
    return r;
  }
  static HttpRequest post(const std::string& url, std::string body) {
    HttpRequest r;
    r.method = "POST";
    r.url = url;
    r.body = std::move(body);
    r.headers.emplace_back("Content-Type", "application/json");
    return r;
  }
};

TEST_F(CurlTransportTest, sends_method_headers_and_body_and_returns_status_headers_and_body) {
  std::string seen;
  TinyServer server([&](int fd, const std::string& request) {
    seen = request;
    TinyServer::put(fd, "HTTP/1.1 404 Nope\r\nX-One: 1\r\nContent-Length: 5\r\n\r\nhello");
    return true;
  });
  auto response = send(post(server.url("/v3/kv/put"), "{\"a\":1}"));
  ASSERT_TRUE(response) << response.error().text();
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(response->body, "hello");
  EXPECT_EQ(response->headers.at(0), (std::pair<std::string, std::string>{"X-One", "1"}));
  EXPECT_TRUE(seen.starts_with("POST /v3/kv/put HTTP/1.1\r\n")) << seen;
  EXPECT_NE(seen.find("Content-Type: application/json"), std::string::npos);
  EXPECT_TRUE(seen.ends_with("{\"a\":1}"));
}

TEST_F(CurlTransportTest, resolves_names_through_the_resolver) {
  TinyServer server([](int fd, const std::string&) {
    TinyServer::put(fd, TinyServer::answer(200, "x"));
    return true;
  });
  auto response = send(get("http://localhost:" + std::to_string(server.port()) + "/"));
  ASSERT_TRUE(response) << response.error().text();
  EXPECT_EQ(response->body, "x");
}

TEST_F(CurlTransportTest, a_refused_connection_is_unavailable) {
  int port = 0;
  {
    port = TinyServer([](int, const std::string&) { return false; }).port();
  }
  auto response = send(post("http://127.0.0.1:" + std::to_string(port), "{}"));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::Unavailable);
}

TEST_F(CurlTransportTest, a_name_that_does_not_resolve_is_unavailable) {
  auto response = send(get("http://no-such-host.invalid:1/"), 10s);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::Unavailable) << response.error().text();
}

TEST_F(CurlTransportTest, a_connection_that_breaks_after_the_request_is_io_and_the_request_is_not_sent_again) {
  TinyServer server([](int, const std::string&) { return false; });
  auto response = send(post(server.url(), "{}"));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::Io) << response.error().text();
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(CurlTransportTest, a_kept_connection_that_breaks_is_io_and_the_request_is_not_sent_again) {
  int count = 0;
  TinyServer server([&](int fd, const std::string&) {
    if (++count > 1) return false;  // reads the second request, then goes away
    TinyServer::put(fd, TinyServer::answer(200, "ok"));
    return true;
  });
  ASSERT_TRUE(send(post(server.url(), "first")));
  auto response = send(post(server.url(), "second"));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::Io) << response.error().text();
  EXPECT_EQ(server.requests(), 2);
}

TEST_F(CurlTransportTest, the_deadline_ends_a_request_that_is_not_answered) {
  TinyServer server([](int, const std::string&) { return true; });
  const Instant began = now();
  auto response = send(get(server.url()), 200ms);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::Timeout);
  EXPECT_GE(now() - began, 190ms);
  EXPECT_LT(now() - began, 1500ms);
}

TEST_F(CurlTransportTest, an_unusable_url_is_invalid) {
  auto response = send(get("ftp:///"));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::Invalid);
}

TEST_F(CurlTransportTest, proxies_of_the_environment_are_not_used) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  TinyServer server([](int fd, const std::string&) {
    TinyServer::put(fd, TinyServer::answer(200, "direct"));
    return true;
  });
  auto response = send(get(server.url()));
  ::unsetenv("http_proxy");
  ASSERT_TRUE(response) << response.error().text();
}

TEST_F(CurlTransportTest, many_requests_run_at_the_same_time) {
  std::mutex mutex;
  std::vector<int> waiting;
  TinyServer server([&](int fd, const std::string&) {
    const std::lock_guard lock(mutex);
    waiting.push_back(fd);
    if (waiting.size() == 8) {
      for (int w : waiting) TinyServer::put(w, TinyServer::answer(200, "together"));
    }
    return true;
  });
  int answered = 0;
  TaskScope scope(io_.get_executor());
  auto one = [&]() -> Task<void> {
    auto r = co_await transport_.send(get(server.url()), now() + 5s);
    answered += r.has_value();
  };
  for (int i = 0; i < 8; ++i) scope.spawn(one());
  auto wait = [&]() -> Task<void> {
    boost::asio::steady_timer timer(io_);
    while (answered < 8) {
      timer.expires_after(std::chrono::milliseconds(5));
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
  };
  testing::run_task(io_, wait());
  EXPECT_EQ(answered, 8);
}

TEST_F(CurlTransportTest, a_cancelled_request_closes_its_connection) {
  std::atomic<bool> closed{false};
  TinyServer server([&](int fd, const std::string&) {
    char c;
    closed = ::recv(fd, &c, 1, 0) <= 0;
    return false;
  });
  TaskScope scope(io_.get_executor());
  bool cancelled = false;
  auto id = scope.spawn(
      [](CurlTransport& t, std::string url) -> Task<void> {
        HttpRequest r;
        r.url = url;
        (void)co_await t.send(r, now() + 60s);
      }(transport_, server.url()),
      [&](std::exception_ptr e) { cancelled = is_cancellation(e); });
  while (server.requests() == 0) io_.run_one_for(std::chrono::milliseconds(10));
  scope.cancel(id);
  testing::run_task(io_, scope.stop());
  EXPECT_TRUE(cancelled);
  const Instant until = now() + 5s;
  while (!closed && now() < until) io_.run_one_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(closed);
}

TEST_F(CurlTransportTest, a_stream_is_read_while_it_arrives) {
  std::atomic<int> sock{-1};
  TinyServer server([&](int fd, const std::string&) {
    TinyServer::put(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    sock = fd;
    return true;
  });
  auto stream = testing::run_task(io_, transport_.open(get(server.url()), now() + 2s));
  ASSERT_TRUE(stream) << stream.error().text();
  EXPECT_EQ((*stream)->status(), 200);
  auto first = testing::run_task(io_, (*stream)->read(now() + 2s));
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, "one");
  auto nothing = testing::run_task(io_, (*stream)->read(now() + 50ms));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, ErrorCode::Timeout);
  TinyServer::put(sock, "3\r\ntwo\r\n0\r\n\r\n");
  auto second = testing::run_task(io_, (*stream)->read(now() + 2s));
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, "two");
  auto end = testing::run_task(io_, (*stream)->read(now() + 2s));
  ASSERT_TRUE(end) << end.error().text();
  EXPECT_EQ(*end, "");
}

TEST_F(CurlTransportTest, a_stream_that_nobody_reads_does_not_fill_the_memory_and_goes_on_when_read) {
  constexpr std::size_t kSent = 8 << 20;
  std::atomic<bool> all_sent{false};
  TinyServer server([&](int fd, const std::string&) {
    TinyServer::put(fd, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSent) + "\r\n\r\n");
    const std::string block(64 << 10, 'x');
    for (std::size_t sent = 0; sent < kSent; sent += block.size()) TinyServer::put(fd, block);
    all_sent = true;
    return true;
  });
  auto stream = testing::run_task(io_, transport_.open(get(server.url()), now() + 2s));
  ASSERT_TRUE(stream) << stream.error().text();
  std::size_t received = 0;
  while (received < kSent) {
    auto part = testing::run_task(io_, (*stream)->read(now() + 5s));
    ASSERT_TRUE(part) << part.error().text() << " after " << received;
    ASSERT_FALSE(part->empty());
    EXPECT_LE(part->size(), std::size_t{3} << 20);
    received += part->size();
  }
  EXPECT_EQ(received, kSent);
}

TEST_F(CurlTransportTest, a_stream_that_breaks_is_an_error_and_no_orderly_end) {
  TinyServer server([](int fd, const std::string&) {
    TinyServer::put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
    return false;
  });
  auto stream = testing::run_task(io_, transport_.open(get(server.url()), now() + 2s));
  ASSERT_TRUE(stream);
  ASSERT_TRUE(testing::run_task(io_, (*stream)->read(now() + 2s)));
  auto end = testing::run_task(io_, (*stream)->read(now() + 2s));
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::Io);
}

TEST_F(CurlTransportTest, a_request_survives_new_settings) {
  std::atomic<int> sock{-1};
  TinyServer server([&](int fd, const std::string&) {
    sock = fd;
    return true;
  });
  TaskScope scope(io_.get_executor());
  std::string body;
  scope.spawn([](CurlTransport& t, std::string url, std::string& out) -> Task<void> {
    HttpRequest r;
    r.url = url;
    auto response = co_await t.send(r, now() + 5s);
    out = response ? response->body : response.error().text();
  }(transport_, server.url(), body));
  while (sock < 0) io_.run_one_for(std::chrono::milliseconds(10));
  transport_.update_settings({});
  TinyServer::put(sock, TinyServer::answer(200, "still"));
  const Instant until = now() + 5s;
  while (body.empty() && now() < until) io_.run_one_for(std::chrono::milliseconds(10));
  EXPECT_EQ(body, "still");
}

// GnuTLS's own answer is 0; the dynamic linker must find ours before it.
TEST(GnuTls, is_not_set_up_before_somebody_uses_it) {
  auto skip = reinterpret_cast<int (*)()>(::dlsym(RTLD_DEFAULT, "_gnutls_global_init_skip"));
  ASSERT_NE(skip, nullptr);
  EXPECT_EQ(skip(), 1);
}

}  // namespace
}  // namespace tamada
