#include <gtest/gtest.h>

#include <future>
#include <thread>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "base/async.h"
#include "net/http_server.h"
#include "net/tls_context.h"
#include "support/log_capture.h"
#include "support/test_certificates.h"

namespace tamada {
namespace {

using test::TestCertificates;
using namespace std::chrono_literals;

class TlsServerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { files_ = new TestCertificates(); }
  static void TearDownTestSuite() {
    delete files_;
    files_ = nullptr;
  }
  TlsServerSettings settings(TlsVerify verify = TlsVerify::None) {
    return {files_->path("server.crt"), files_->path("server.key"), "", files_->path("ca.crt"), "", verify};
  }
  std::shared_ptr<const TlsServerContext> load(const TlsServerSettings& s) {
    auto context = TlsServerContext::load(s);
    EXPECT_TRUE(context) << context.error().text();
    return context ? *context : nullptr;
  }
  void start(std::shared_ptr<const TlsServerContext> tls) {
    ASSERT_TRUE(server_.listen("127.0.0.1:0", 16));
    server_.use_tls(std::move(tls));
    port_ = server_.port();
    thread_ = std::thread([this] {
      auto guard = boost::asio::make_work_guard(io_);
      io_.run();
    });
  }
  void TearDown() override {
    if (!thread_.joinable()) return;
    std::promise<void> done;
    TaskScope scope(io_.get_executor());
    auto body = [&]() -> Task<void> { co_await server_.stop(50ms); };
    boost::asio::post(io_, [&] { scope.spawn(body(), [&](std::exception_ptr) { io_.stop(); }); });
    thread_.join();
  }
  static Task<HttpReply> answer(const HttpServerRequest& request) {
    HttpReply reply;
    reply.body = fmt::format("tls={} certificate={}", request.client->tls, request.client->certificate_verified);
    co_return reply;
  }
  std::string curl(const std::string& options) {
    return files_->output_of(
        fmt::format("curl -sS --max-time 10 --cacert ca.crt {} https://127.0.0.1:{}/", options, port_));
  }

  static TestCertificates* files_;
  boost::asio::io_context io_;
  test::LogCapture log_;
  HttpServer server_{io_.get_executor(), answer, {}, Logger(log_, "http")};
  std::thread thread_;
  int port_ = 0;
};

TestCertificates* TlsServerTest::files_ = nullptr;

TEST_F(TlsServerTest, requests_come_over_tls) {
  start(load(settings()));
  EXPECT_EQ(curl(""), "tls=true certificate=false");
  EXPECT_EQ(curl("--tls-max 1.2"), "tls=true certificate=false");
  EXPECT_NE(curl("--tlsv1.1 --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0").find("curl: ("), std::string::npos);
}

TEST_F(TlsServerTest, two_requests_share_one_connection) {
  start(load(settings()));
  const std::string url = fmt::format("https://127.0.0.1:{}", port_);
  EXPECT_EQ(files_->output_of("curl -sS --cacert ca.crt -w '[%{num_connects}]' " + url + "/1 " + url + "/2"),
            "tls=true certificate=false[1]tls=true certificate=false[0]");
}

TEST_F(TlsServerTest, the_connection_ends_with_a_tls_farewell) {
  start(load(settings()));
  const std::string seen = files_->output_of(fmt::format(
      "(printf 'GET / HTTP/1.0\\r\\n\\r\\n'; sleep 1) | openssl s_client -ign_eof -connect 127.0.0.1:{} -CAfile ca.crt",
      port_));
  EXPECT_NE(seen.find("tls=true"), std::string::npos) << seen;
  EXPECT_NE(seen.find("closed"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("unexpected eof"), std::string::npos) << seen;
}

TEST_F(TlsServerTest, a_client_certificate_is_seen_when_it_is_optional) {
  start(load(settings(TlsVerify::Optional)));
  EXPECT_EQ(curl(""), "tls=true certificate=false");
  EXPECT_EQ(curl("--cert client.crt --key client.key"), "tls=true certificate=true");
}

TEST_F(TlsServerTest, without_a_required_certificate_nothing_is_answered) {
  start(load(settings(TlsVerify::Required)));
  EXPECT_NE(curl("").find("curl: ("), std::string::npos);
  EXPECT_EQ(curl("--cert client.crt --key client.key"), "tls=true certificate=true");
}

TEST_F(TlsServerTest, a_new_certificate_is_served_after_a_reload) {
  const auto first = load(settings());
  start(first);
  ASSERT_EQ(curl(""), "tls=true certificate=false");
  files_->issue("server");
  const auto second = load(settings());
  EXPECT_NE(first->serial(), second->serial());
  std::promise<void> swapped;
  boost::asio::post(io_, [&] {
    server_.use_tls(second);
    swapped.set_value();
  });
  swapped.get_future().wait();
  const std::string serial = files_->output_of(
      fmt::format("openssl s_client -connect 127.0.0.1:{} -CAfile ca.crt | openssl x509 -noout -serial", port_));
  EXPECT_NE(serial.find("serial=" + second->serial()), std::string::npos) << serial;
}

TEST_F(TlsServerTest, an_encrypted_key_needs_its_password) {
  files_->encrypt_key("server", "sesame");
  TlsServerSettings s = settings();
  s.keyfile = files_->path("server.enc.key");
  EXPECT_FALSE(TlsServerContext::load(s));
  s.keyfile_password = "wrong";
  EXPECT_FALSE(TlsServerContext::load(s));
  s.keyfile_password = "sesame";
  EXPECT_TRUE(TlsServerContext::load(s));
}

TEST_F(TlsServerTest, errors_name_the_file_and_the_reason) {
  TlsServerSettings s = settings();
  s.certfile = "/does/not/exist.crt";
  EXPECT_EQ(TlsServerContext::load(s).error().message,
            "cannot use restapi.certfile \"/does/not/exist.crt\": No such file or directory");
  s = settings();
  s.keyfile = files_->path("client.key");
  EXPECT_NE(TlsServerContext::load(s).error().message.find("key values mismatch"), std::string::npos);
  s = settings(TlsVerify::Required);
  s.cafile = files_->path("nowhere.crt");
  EXPECT_NE(TlsServerContext::load(s).error().message.find("restapi.cafile"), std::string::npos);
  s = settings();
  s.ciphers = "NO-SUCH-CIPHER";
  EXPECT_NE(TlsServerContext::load(s).error().message.find("restapi.ciphers"), std::string::npos);
}

}  // namespace
}  // namespace tamada
