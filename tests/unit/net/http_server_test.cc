#include "net/http_server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <future>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "base/async.h"
#include "support/log_capture.h"
#include "support/raw_http_client.h"

namespace tamada {
namespace {

using test::RawHttpClient;
using namespace std::chrono_literals;

// A server on a free port of the loopback, on a thread of its own. Paths: /hold waits for release(), others answer with
// method, target and body.
class HttpServerTest : public ::testing::Test {
 protected:
  void start(HttpServerLimits limits = {}) {
    server_.emplace(
        io_.get_executor(), [this](const HttpServerRequest& r) { return answer(r); }, limits, Logger(log_, "http"));
    auto listening = server_->listen("127.0.0.1:0", 16);
    ASSERT_TRUE(listening) << listening.error().text();
    port_ = server_->port();
    thread_ = std::thread([this] {
      auto guard = boost::asio::make_work_guard(io_);
      io_.run();
    });
  }
  void TearDown() override {
    if (thread_.joinable()) {
      stop(50ms);
      io_.stop();
      thread_.join();
    }
  }
  void stop(std::chrono::milliseconds grace) {
    std::promise<void> done;
    TaskScope scope(io_.get_executor());
    auto body = [&]() -> Task<void> { co_await server_->stop(grace); };
    boost::asio::post(io_, [&] { scope.spawn(body(), [&](std::exception_ptr) { done.set_value(); }); });
    done.get_future().wait();
    // The scope's own end follows the promise on the thread of the server.
    on_server_thread([] { return 0; });
  }
  template <class F>
  std::invoke_result_t<F> on_server_thread(F work) {
    std::promise<decltype(work())> promise;
    boost::asio::post(io_, [&] { promise.set_value(work()); });
    return promise.get_future().get();
  }
  void release() {
    boost::asio::post(io_, [this] { hold_.set(); });
  }
  Task<HttpReply> answer(const HttpServerRequest& request) {
    if (request.target == "/hold") {
      holding_.set_value();
      co_await hold_.wait();
    }
    HttpReply reply;
    if (request.target == "/parts") {
      reply.next_part = [left = std::vector<std::string>{"", "two ", "one "}]() mutable { return next_of(left); };
      co_return reply;
    }
    if (request.target == "/endless") {
      reply.next_part = []() -> Task<std::optional<std::string>> { co_return std::string(1'000'000, 'x'); };
      co_return reply;
    }
    reply.body = request.method + " " + request.target + " " + request.body;
    co_return reply;
  }

  static Task<std::optional<std::string>> next_of(std::vector<std::string>& left) {
    if (left.empty()) co_return std::nullopt;
    std::string part = left.back();
    left.pop_back();
    co_return part;
  }

  boost::asio::io_context io_;
  test::LogCapture log_;
  AsyncEvent hold_{io_.get_executor()};
  std::promise<void> holding_;
  std::optional<HttpServer> server_;
  std::thread thread_;
  int port_ = 0;
};

TEST_F(HttpServerTest, one_connection_serves_many_requests) {
  start();
  RawHttpClient client(port_);
  for (int i = 0; i < 50; ++i) {
    const auto reply = client.get("/" + std::to_string(i));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->body, "GET /" + std::to_string(i) + " ");
    EXPECT_TRUE(reply->has_header("Connection: keep-alive"));
  }
}

TEST_F(HttpServerTest, pipelined_requests_are_answered_in_order) {
  start();
  RawHttpClient client(port_);
  client.send(
      "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 2\r\n\r\nhiGET /3 HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.read_reply()->body, "GET /1 ");
  EXPECT_EQ(client.read_reply()->body, "POST /2 hi");
  EXPECT_EQ(client.read_reply()->body, "GET /3 ");
}

TEST_F(HttpServerTest, an_http_1_0_client_is_hung_up_on_after_its_reply) {
  start();
  RawHttpClient client(port_);
  const auto reply = client.ask("GET / HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->head.starts_with("HTTP/1.0 200 OK"));
  EXPECT_TRUE(client.ends_within(2s));
}

TEST_F(HttpServerTest, connection_close_is_obeyed) {
  start();
  RawHttpClient client(port_);
  const auto reply = client.ask("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->has_header("Connection: close"));
  EXPECT_TRUE(client.ends_within(2s));
}

TEST_F(HttpServerTest, a_malformed_request_gets_a_page_and_the_end) {
  start();
  RawHttpClient client(port_);
  const auto reply = client.ask("NONSENSE\r\n\r\n");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 400);
  EXPECT_TRUE(client.ends_within(2s));
}

TEST_F(HttpServerTest, the_refusal_of_a_body_arrives_although_the_client_is_still_sending) {
  start({.parse = {.header_bytes = 4096, .body_bytes = 1000}});
  RawHttpClient client(port_);
  client.send("POST / HTTP/1.1\r\nContent-Length: 500000\r\n\r\n" + std::string(500000, 'x'));
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 413);
}

TEST_F(HttpServerTest, expect_100_continue_is_answered_before_the_body) {
  start();
  RawHttpClient client(port_);
  const auto interim = client.ask("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  ASSERT_TRUE(interim);
  EXPECT_EQ(interim->status, 100);
  EXPECT_EQ(client.ask("ok")->body, "POST / ok");
}

TEST_F(HttpServerTest, a_client_that_sends_too_slowly_is_hung_up_on) {
  start({.idle = 60s, .request = 100ms});
  RawHttpClient client(port_);
  client.send("GET / HT");
  EXPECT_TRUE(client.ends_within(3s));
}

TEST_F(HttpServerTest, an_idle_client_is_hung_up_on_after_the_idle_time) {
  start({.idle = 100ms});
  RawHttpClient client(port_);
  ASSERT_TRUE(client.get("/"));
  EXPECT_TRUE(client.ends_within(3s));
}

TEST_F(HttpServerTest, a_server_without_clients_does_not_wake) {
  start();
  {
    RawHttpClient client(port_);
    ASSERT_TRUE(client.get("/"));
  }
  auto wakes = [] {
    rusage used{};
    ::getrusage(RUSAGE_THREAD, &used);
    return used.ru_nvcsw;
  };
  std::this_thread::sleep_for(1200ms);  // the client's own sweep is over
  const long before = on_server_thread(wakes);
  std::this_thread::sleep_for(1200ms);
  EXPECT_LE(on_server_thread(wakes) - before, 2);
}

TEST_F(HttpServerTest, clients_that_hold_connections_cannot_lock_others_out) {
  start({.connections = 3});
  RawHttpClient oldest(port_);
  ASSERT_TRUE(oldest.get("/"));
  RawHttpClient second(port_), third(port_);
  ASSERT_TRUE(second.get("/"));
  ASSERT_TRUE(third.get("/"));
  RawHttpClient newcomer(port_);
  EXPECT_TRUE(newcomer.get("/"));
  EXPECT_TRUE(oldest.ends_within(2s));
  EXPECT_TRUE(third.get("/"));
}

TEST_F(HttpServerTest, when_all_connections_are_at_work_a_newcomer_is_turned_away) {
  start({.connections = 1});
  RawHttpClient worker(port_);
  worker.send("GET /hold HTTP/1.1\r\n\r\n");
  holding_.get_future().wait();
  RawHttpClient newcomer(port_);
  EXPECT_TRUE(newcomer.ends_within(2s));
  release();
  EXPECT_EQ(worker.read_reply()->body, "GET /hold ");
}

TEST_F(HttpServerTest, a_port_in_use_is_named_in_the_error) {
  start();
  HttpServer other(io_.get_executor(), [this](const HttpServerRequest& r) { return answer(r); }, {}, Logger(log_, "x"));
  const auto listening = on_server_thread([&] { return other.listen("127.0.0.1:" + std::to_string(port_), 5); });
  ASSERT_FALSE(listening);
  EXPECT_EQ(listening.error().code, ErrorCode::Conflict);
  EXPECT_EQ(listening.error().message, "cannot listen on 127.0.0.1:" + std::to_string(port_) + ": the port is in use");
}

TEST_F(HttpServerTest, an_address_of_another_host_is_refused) {
  start();
  const auto moved = on_server_thread([&] { return server_->listen("192.0.2.1:8008", 5); });
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::Unavailable);
  EXPECT_TRUE(RawHttpClient(port_).get("/")) << "the old socket goes on listening";
}

TEST_F(HttpServerTest, it_moves_to_another_address_and_keeps_its_connections) {
  start();
  RawHttpClient old_client(port_);
  ASSERT_TRUE(old_client.get("/"));
  // Overlaps with the present socket: every address, same port.
  const auto moved = on_server_thread([&] { return server_->listen("*:" + std::to_string(port_), 5); });
  ASSERT_TRUE(moved) << moved.error().text();
  EXPECT_TRUE(old_client.get("/after"));
  EXPECT_TRUE(RawHttpClient(port_, "127.0.0.2").get("/"));
  const auto again = on_server_thread([&] { return server_->listen("127.0.0.1:0", 5); });
  ASSERT_TRUE(again);
  const int new_port = on_server_thread([&] { return server_->port(); });
  EXPECT_TRUE(RawHttpClient(new_port).get("/"));
  EXPECT_FALSE(RawHttpClient(port_).connected());
}

TEST_F(HttpServerTest, a_stop_lets_running_requests_end_and_hangs_up_on_idle_clients) {
  start();
  RawHttpClient idle(port_);
  ASSERT_TRUE(idle.get("/"));
  RawHttpClient busy(port_);
  busy.send("GET /hold HTTP/1.1\r\n\r\n");
  holding_.get_future().wait();
  auto stopped = std::async(std::launch::async, [this] { stop(5s); });
  EXPECT_TRUE(idle.ends_within(2s));
  release();
  const auto reply = busy.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->has_header("Connection: close"));
  EXPECT_TRUE(busy.ends_within(2s));
  EXPECT_EQ(stopped.wait_for(2s), std::future_status::ready);
  EXPECT_FALSE(RawHttpClient(port_).connected());
}

TEST_F(HttpServerTest, a_stop_does_not_wait_for_ever) {
  start();
  RawHttpClient busy(port_);
  busy.send("GET /hold HTTP/1.1\r\n\r\n");
  holding_.get_future().wait();
  auto stopped = std::async(std::launch::async, [this] { stop(100ms); });
  EXPECT_EQ(stopped.wait_for(3s), std::future_status::ready);
  EXPECT_TRUE(busy.ends_within(1s));
}

TEST_F(HttpServerTest, a_body_made_while_it_is_sent_comes_in_chunks_and_the_connection_goes_on) {
  start();
  RawHttpClient client(port_);
  client.send("GET /parts HTTP/1.1\r\n\r\n");
  const auto reply = client.read_through("\r\n0\r\n\r\n");
  ASSERT_TRUE(reply);
  EXPECT_NE(reply->find("Transfer-Encoding: chunked\r\n"), std::string::npos) << *reply;
  EXPECT_EQ(reply->find("Content-Length"), std::string::npos);
  EXPECT_TRUE(reply->ends_with("\r\n\r\n4\r\none \r\n4\r\ntwo \r\n0\r\n\r\n")) << *reply;
  EXPECT_EQ(client.get("/after")->body, "GET /after ");
}

TEST_F(HttpServerTest, an_http_1_0_client_reads_such_a_body_until_the_connection_ends) {
  start();
  RawHttpClient client(port_);
  client.send("GET /parts HTTP/1.0\r\n\r\n");
  const auto reply = client.read_through("one two ");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->find("chunked"), std::string::npos);
  EXPECT_TRUE(client.ends_within(2s));
}

TEST_F(HttpServerTest, a_client_that_does_not_take_its_parts_is_dropped_and_others_are_served) {
  start({.reply = 300ms});
  RawHttpClient slow(port_);
  slow.send("GET /endless HTTP/1.1\r\n\r\n");
  RawHttpClient other(port_);
  EXPECT_EQ(other.get("/")->body, "GET / ");
  const auto until = std::chrono::steady_clock::now() + 5s;
  while (on_server_thread([this] { return server_->open_connections(); }) > 1 &&
         std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(on_server_thread([this] { return server_->open_connections(); }), 1u);
}

}  // namespace
}  // namespace tamada
