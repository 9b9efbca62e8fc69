// The watch on streams that end, fall silent, are compacted away or bring half a document.
#include "store/etcd3/etcd3_watch.h"

#include <gtest/gtest.h>

#include "scripted_etcd.h"
#include "store/etcd3/etcd3_store.h"
#include "support/manual_clock.h"

namespace tamada {
namespace {

using test::ManualClock;
using testing::header_text;
using testing::kv_text;
using testing::ok;
using testing::ScriptedEtcd;

// Streams whose parts a test puts in; a read of an empty one runs into its deadline at once.
struct Parts {
  std::deque<std::string> parts;
  bool ended = false;
  bool closed = false;
};

struct PartsStream final : HttpStream {
  PartsStream(std::shared_ptr<Parts> p, Clock& c) : parts(std::move(p)), clock(c) {}
  ~PartsStream() override { parts->closed = true; }
  Task<Result<std::string>> read(Instant deadline) override {
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
    if (!parts->parts.empty()) {
      std::string part = parts->parts.front();
      parts->parts.pop_front();
      co_return part;
    }
    if (parts->ended) co_return std::string();
    // Looks often enough for what a test puts in meanwhile.
    co_await clock.sleep_until(std::min(deadline, clock.now() + 10ms));
    if (clock.now() < deadline) co_return co_await read(deadline);
    co_return Error(ErrorCode::Timeout, "nothing");
  }
  std::shared_ptr<Parts> parts;
  Clock& clock;
};

struct WatchedEtcd final : HttpTransport {
  explicit WatchedEtcd(Clock& c) : plain(c), clock(c) {}
  Task<Result<HttpResponse>> send(HttpRequest request, Instant deadline) override {
    return plain.send(std::move(request), deadline);
  }
  Task<Result<std::unique_ptr<HttpStream>>> open(HttpRequest request, Instant) override {
    opened.push_back(request);
    auto parts = std::make_shared<Parts>();
    streams.push_back(parts);
    std::unique_ptr<HttpStream> stream = std::make_unique<PartsStream>(parts, clock);
    co_return stream;
  }
  ScriptedEtcd plain;
  Clock& clock;
  std::vector<HttpRequest> opened;
  std::vector<std::shared_ptr<Parts>> streams;
};

struct Listener final : StoreListener {
  std::vector<ClusterView> views;
  std::vector<std::string> lost;
  void on_view(ClusterView view) override { views.push_back(std::move(view)); }
  void on_watch_lost(const Error& why) override { lost.push_back(why.text()); }
};

class Etcd3WatchTest : public ::testing::Test {
 protected:
  Etcd3WatchTest() {
    EtcdConfig config;
    config.hosts = {"a:1"};
    config.key_prefix = "/s/c/";
    config.member_name = "m";
    config.use_proxies = true;
    config.watch_check = 1s;
    etcd_.plain.handler = [this](const ScriptedEtcd::Sent& sent) { return answer(sent); };
    store_ = std::make_unique<Etcd3Store>(clock_.executor(), clock_, etcd_, config, nullptr, Logger(log_, "t"));
    store_->watch(listener_);
  }
  ~Etcd3WatchTest() override { clock_.run(store_->stop()); }
  Result<HttpResponse> answer(const ScriptedEtcd::Sent& sent) {
    if (down_) return Error(ErrorCode::Unavailable, "refused");
    const bool newest = sent.body.find("DESCEND") != std::string::npos;
    if (newest) ++checks_;
    const int count = stored_.empty() ? 0 : 1;
    return ok("{" + header_text(1, revision_) + ",\"kvs\":[" + stored_ + "],\"count\":\"" + std::to_string(count) +
              "\"}");
  }
  void put(const std::string& value, int revision) {
    revision_ = revision;
    stored_ = kv_text("/s/c/config", value, 1, revision, "0");
  }
  std::string event(const std::string& value, int revision) {
    return "{\"result\":{" + header_text(1, revision) +
           ",\"events\":[{\"kv\":" + kv_text("/s/c/config", value, 1, revision, "0") + "}]}}\n";
  }
  bool run_until(const std::function<bool()>& condition, int steps = 5000) {
    for (int i = 0; i < steps && !condition(); ++i) clock_.advance(10ms);
    return condition();
  }
  int ttl() const {
    if (listener_.views.empty() || !listener_.views.back().config) return 0;
    return static_cast<int>(listener_.views.back().config->value.at("ttl").as_int64());
  }

  ManualClock clock_;
  WatchedEtcd etcd_{clock_};
  testing::QuietLog log_;
  Listener listener_;
  std::unique_ptr<Etcd3Store> store_;
  std::string stored_;
  int revision_ = 5;
  bool down_ = false;
  int checks_ = 0;
};

TEST_F(Etcd3WatchTest, starts_right_after_the_revision_that_was_read_and_wants_a_member_that_has_a_leader) {
  put(R"({"ttl":1})", 5);
  ASSERT_TRUE(run_until([&] { return !etcd_.opened.empty(); }));
  EXPECT_NE(etcd_.opened[0].body.find("\"start_revision\":\"6\""), std::string::npos) << etcd_.opened[0].body;
  const auto& headers = etcd_.opened[0].headers;
  EXPECT_TRUE(
      std::any_of(headers.begin(), headers.end(), [](const auto& h) { return h.first == "Grpc-Metadata-hasleader"; }));
}

TEST_F(Etcd3WatchTest, documents_may_arrive_in_pieces_and_many_at_once) {
  put(R"({"ttl":1})", 5);
  ASSERT_TRUE(run_until([&] { return !etcd_.streams.empty(); }));
  const std::string text = event(R"({"ttl":2})", 6) + event(R"({"ttl":3})", 7);
  put(R"({"ttl":3})", 7);
  auto& parts = etcd_.streams[0]->parts;
  for (char c : text.substr(0, 150)) parts.push_back(std::string(1, c));
  parts.push_back(text.substr(150));
  ASSERT_TRUE(run_until([&] { return ttl() == 3; }));
  EXPECT_TRUE(listener_.lost.empty());
  EXPECT_EQ(listener_.views.back().revision, 7);
}

TEST_F(Etcd3WatchTest, an_idle_watch_is_left_alone) {
  put(R"({"ttl":1})", 5);
  ASSERT_TRUE(run_until([&] { return checks_ >= 20; }));
  EXPECT_TRUE(listener_.lost.empty());
  EXPECT_EQ(etcd_.streams.size(), 1u);
  EXPECT_EQ(listener_.views.size(), 1u);
}

TEST_F(Etcd3WatchTest, a_watch_that_fell_silent_is_noticed_and_replaced) {
  put(R"({"ttl":1})", 5);
  ASSERT_TRUE(run_until([&] { return checks_ >= 1; }));
  const Instant changed = clock_.now();
  put(R"({"ttl":2})", 6);  // and no event
  ASSERT_TRUE(run_until([&] { return ttl() == 2; }));
  EXPECT_LE(clock_.now() - changed, 3s);
  EXPECT_EQ(listener_.lost.size(), 1u);
  EXPECT_TRUE(etcd_.streams[0]->closed);
}

TEST_F(Etcd3WatchTest, a_silent_deletion_is_noticed_too) {
  put(R"({"ttl":1})", 5);
  ASSERT_TRUE(run_until([&] { return checks_ >= 1; }));
  stored_.clear();
  revision_ = 6;
  ASSERT_TRUE(run_until([&] { return listener_.views.back().config_revision == 0; }));
}

TEST_F(Etcd3WatchTest, a_change_that_was_read_before_it_arrived_is_no_reason_to_start_over) {
  put(R"({"ttl":1})", 5);
  ASSERT_TRUE(run_until([&] { return checks_ >= 1; }));
  const int before = checks_;
  put(R"({"ttl":2})", 6);
  ASSERT_TRUE(run_until([&] { return checks_ > before; }));
  etcd_.streams[0]->parts.push_back(event(R"({"ttl":2})", 6));
  ASSERT_TRUE(run_until([&] { return ttl() == 2; }));
  ASSERT_TRUE(run_until([&] { return checks_ > before + 5; }));
  EXPECT_TRUE(listener_.lost.empty());
}

TEST_F(Etcd3WatchTest, after_a_compaction_everything_is_read_again) {
  put(R"({"ttl":1})", 5);
  ASSERT_TRUE(run_until([&] { return !etcd_.streams.empty(); }));
  put(R"({"ttl":9})", 50);
  etcd_.streams[0]->parts.push_back("{\"result\":{" + header_text(1, 50) +
                                    ",\"canceled\":true,\"compact_revision\":\"40\"}}\n");
  ASSERT_TRUE(run_until([&] { return ttl() == 9; }));
  ASSERT_TRUE(run_until([&] { return etcd_.opened.size() == 2; }));
  EXPECT_NE(etcd_.opened[1].body.find("\"51\""), std::string::npos);
  EXPECT_EQ(listener_.lost.size(), 1u);
}

TEST_F(Etcd3WatchTest, nonsense_on_the_stream_starts_it_over) {
  put(R"({"ttl":1})", 5);
  ASSERT_TRUE(run_until([&] { return !etcd_.streams.empty(); }));
  put(R"({"ttl":2})", 6);
  etcd_.streams[0]->parts.push_back("<html>\n");
  ASSERT_TRUE(run_until([&] { return ttl() == 2; }));
}

TEST_F(Etcd3WatchTest, an_outage_is_told_once_and_not_polled_in_a_busy_loop) {
  put(R"({"ttl":1})", 5);
  ASSERT_TRUE(run_until([&] { return !etcd_.streams.empty(); }));
  down_ = true;
  etcd_.streams[0]->ended = true;
  const Instant began = clock_.now();
  const std::size_t before = etcd_.plain.requests.size();
  ASSERT_TRUE(run_until([&] { return clock_.now() - began >= 60s; }, 100000));
  EXPECT_EQ(listener_.lost.size(), 1u);
  EXPECT_LE(etcd_.plain.requests.size() - before, 620u);
  down_ = false;
  put(R"({"ttl":7})", 60);
  ASSERT_TRUE(run_until([&] { return ttl() == 7; }));
}

TEST_F(Etcd3WatchTest, streams_that_end_again_and_again_are_not_reopened_in_a_busy_loop) {
  put(R"({"ttl":1})", 5);
  const Instant began = clock_.now();
  ASSERT_TRUE(run_until([&] {
    for (auto& s : etcd_.streams) s->ended = true;
    return etcd_.streams.size() >= 10;
  }));
  EXPECT_GE(clock_.now() - began, 5s);
}

}  // namespace
}  // namespace tamada
