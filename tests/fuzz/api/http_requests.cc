// Bytes of a connection through the HTTP parser and the routes: nothing crashes, and whatever a client sends is
// answered with 2xx, 4xx, the documented 501, 502 and 503 - never with 500, which means a defect.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "api/routes.h"
#include "base/async.h"
#include "net/http_request_parser.h"
#include "support/snapshot_builder.h"

namespace {

using namespace tamada;

class SilentSink final : public LogSink {
 public:
  bool enabled(LogLevel, std::string_view) const override { return false; }
  void write(LogLevel, std::string_view, std::string) override {}
};

// Answers at once; every switchover succeeds.
class InstantEngine final : public EngineFacade {
 public:
  InstantEngine() {
    auto before = test::SnapshotBuilder::primary();
    before.view.failover = FailoverRequest{"n1", "n2", std::nullopt, false, 4};
    snapshot_ = before.build();
    auto after = test::SnapshotBuilder::replica();
    after.view.leader->generation.holder = "n2";
    after_ = after.build();
  }
  std::shared_ptr<const Snapshot> snapshot() const override { return switched_ ? after_ : snapshot_; }
  void submit(OperatorRequest request, std::function<void(OperatorReply)> done) override {
    if (std::holds_alternative<SwitchoverRequest>(request)) switched_ = true;
    done({200, ""});
  }
  Instant now() const override { return test::SnapshotBuilder::now(); }

 private:
  bool switched_ = false;
  std::shared_ptr<const Snapshot> snapshot_;
  std::shared_ptr<const Snapshot> after_;
};

class NoNames final : public Resolver {
 public:
  Task<Result<std::vector<std::string>>> resolve(std::string, Instant) override {
    co_return Error(ErrorCode::NotFound, "no names here");
  }
  Task<Result<std::vector<SrvRecord>>> resolve_srv(std::string, Instant) override {
    co_return Error(ErrorCode::NotFound, "no names here");
  }
  void distrust(const std::string&) override {}
};

void check(const HttpServerRequest& request, const HttpReply& reply) {
  const bool fine = reply.status < 500 || (reply.status > 500 && reply.status <= 503);
  if (fine && !format_http_reply(reply, "s", "d", request.http_1_0, true).empty()) return;
  std::fprintf(stderr, "%s %s: %d\n", request.method.c_str(), request.target.c_str(), reply.status);
  std::abort();
}

void answer(HttpServerRequest request) {
  static SilentSink sink;
  auto io = std::make_shared<boost::asio::io_context>(1);
  InstantEngine engine;
  NoNames names;
  ApiContext api(engine, io, names, [] { return WallTime(std::chrono::seconds(1795410757)); }, Logger(sink, "fuzz"));
  HttpClientInfo client{"127.0.0.1", "127.0.0.1", false, false};
  request.client = &client;
  std::optional<HttpReply> reply;
  auto body = [&]() -> Task<void> { reply = co_await handle_request(api, request); };
  TaskScope scope(io->get_executor());
  scope.spawn(body());
  io->run();
  if (!reply) std::abort();
  check(request, *reply);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  HttpRequestParser parser({8 * 1024, 16 * 1024});
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (int requests = 0; requests < 8 && !rest.empty(); ++requests) {
    parser.reset();
    rest.remove_prefix(parser.feed(rest));
    if (parser.state() == HttpRequestParser::State::Failed) {
      const HttpReply page = parser.failure();
      if (page.status < 400 || page.status > 499 || !page.close) std::abort();
      return 0;
    }
    if (parser.state() != HttpRequestParser::State::Done) return 0;
    answer(parser.take_request());
  }
  return 0;
}
