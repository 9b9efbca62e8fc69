#include "peers/rest_peers.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "support/jumping_clock.h"
#include "support/run_task.h"

namespace tamada {
namespace {

// Answers by URL; "hang" stays unanswered until it is cancelled.
struct FakePeers final : HttpTransport {
  explicit FakePeers(Executor executor) : forever(std::move(executor)) {}
  std::map<std::string, Result<HttpResponse>> answers;
  WaitList forever;
  int waiting = 0;
  int most_waiting = 0;
  int cancelled = 0;

  std::vector<HttpRequest> sent;
  Task<Result<HttpResponse>> send(HttpRequest request, Instant) override {
    sent.push_back(request);
    auto it = answers.find(request.url);
    if (it != answers.end()) co_return it->second;
    most_waiting = std::max(most_waiting, ++waiting);
    struct Count {
      FakePeers& peers;
      ~Count() { ++peers.cancelled; }
    } count{*this};
    co_await forever.wait();
    co_return Error(ErrorCode::Timeout, "silent");
  }
  Task<Result<std::unique_ptr<HttpStream>>> open(HttpRequest, Instant) override {
    co_return Error(ErrorCode::Unsupported, "none");
  }
};

struct NoLog final : LogSink {
  bool enabled(LogLevel, std::string_view) const override { return false; }
  void write(LogLevel, std::string_view, std::string) override {}
};

Member member(const std::string& name, const std::string& url) {
  Member m;
  m.name = name;
  m.api_url = url;
  return m;
}

class RestPeersTest : public ::testing::Test {
 protected:
  boost::asio::io_context io_;
  testing::JumpingClock clock_;
  NoLog sink_;
  FakePeers transport_{io_.get_executor()};
  RestPeers peers_{io_.get_executor(), clock_, transport_, Logger(sink_, "t")};
};

TEST_F(RestPeersTest, answers_come_in_the_order_of_the_members_with_what_became_of_each) {
  const std::string body = R"({"role":"replica","xlog":{"received_location":7}})";
  transport_.answers.emplace("u1", HttpResponse{200, body, {}});
  transport_.answers.emplace("u2", Error(ErrorCode::Unavailable, "refused"));
  transport_.answers.emplace("u3", Error(ErrorCode::Timeout, "silent"));
  transport_.answers.emplace("u4", HttpResponse{503, body, {}});
  transport_.answers.emplace("u5", HttpResponse{200, "?", {}});
  auto answers = testing::run_task(io_, peers_.ask({member("a", "u1"), member("b", "u2"), member("c", "u3"),
                                                    member("d", "u4"), member("e", "u5"), member("f", "")},
                                                   Instant(10s)));
  using Reach = PeerAnswer::Reach;
  const std::vector<Reach> expected{Reach::Answered, Reach::Refused, Reach::Silent,
                                    Reach::Answered, Reach::Broken,  Reach::Silent};
  ASSERT_EQ(answers.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(answers[i].reach, expected[i]) << i;
  EXPECT_EQ(answers[0].member, "a");
  EXPECT_EQ(answers[0].asked_at, clock_.now());
  EXPECT_EQ(answers[3].received.bytes, 7u);
  EXPECT_EQ(answers[1].problem, "refused");
  EXPECT_FALSE(answers[5].problem.empty());
}

TEST_F(RestPeersTest, nobody_to_ask_is_no_answer_at_once) {
  EXPECT_TRUE(testing::run_task(io_, peers_.ask({}, Instant(10s))).empty());
}

TEST_F(RestPeersTest, all_are_asked_at_the_same_time_and_an_abandoned_survey_ends_its_requests) {
  TaskScope scope(io_.get_executor());
  auto id = scope.spawn([](RestPeers& peers) -> Task<void> {
    (void)co_await peers.ask({member("a", "x1"), member("b", "x2"), member("c", "x3")}, Instant(10s));
  }(peers_));
  io_.poll();
  EXPECT_EQ(transport_.most_waiting, 3);
  scope.cancel(id);
  io_.restart();
  io_.poll();
  EXPECT_EQ(transport_.cancelled, 3);
  EXPECT_FALSE(scope.running(id));
}

TEST_F(RestPeersTest, stop_ends_what_is_under_way) {
  TaskScope scope(io_.get_executor());
  scope.spawn(
      [](RestPeers& peers) -> Task<void> { (void)co_await peers.ask({member("a", "x1")}, Instant(10s)); }(peers_));
  io_.poll();
  testing::run_task(io_, peers_.stop());
  EXPECT_EQ(transport_.cancelled, 1);
}

TEST_F(RestPeersTest, consent_is_200_with_the_documented_text_and_nothing_else) {
  const auto url = [](int i) { return "http://h" + std::to_string(i) + ":8008/failsafe"; };
  transport_.answers.emplace(url(1), HttpResponse{200, "Accepted", {}});
  transport_.answers.emplace(url(2), HttpResponse{500, "Running as a leader", {}});
  transport_.answers.emplace(url(3), HttpResponse{200, "<html>It works</html>", {}});
  transport_.answers.emplace(url(4), Error(ErrorCode::Timeout, "silent"));
  transport_.answers.emplace(url(5), HttpResponse{503, "Accepted", {}});
  std::vector<Member> members;
  for (int i = 1; i <= 5; ++i)
    members.push_back(member("n" + std::to_string(i), "http://h" + std::to_string(i) + ":8008/patroni?x"));
  members.push_back(member("n6", "nonsense"));
  const FailsafeQuestion question{"n0", "postgres://h0/p", "http://h0:8008/patroni", "7-1-2", 30s};
  const auto answers = testing::run_task(io_, peers_.ask_consent(question, members, Instant(7s)));
  ASSERT_EQ(answers.size(), 6u);
  using enum ConsentAnswer::Kind;
  const ConsentAnswer::Kind kinds[] = {Accepted, Refused, Refused, Silent, Refused, Silent};
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(answers[i].kind, kinds[i]) << i;
    EXPECT_EQ(answers[i].member, members[i].name);
    EXPECT_EQ(answers[i].problem.empty(), i == 0);
  }
  ASSERT_EQ(transport_.sent.size(), 5u);
  EXPECT_EQ(transport_.sent[0].method, "POST");
  EXPECT_EQ(transport_.sent[0].body, format_failsafe_question(question));
  for (const auto& [name, value] : transport_.sent[0].headers) EXPECT_NE(name, "Authorization");
}

TEST_F(RestPeersTest, consent_is_asked_for_with_the_credentials_that_members_share) {
  const auto authorization = [&] {
    transport_.answers.emplace("http://h:1/failsafe", HttpResponse{200, "Accepted", {}});
    testing::run_task(io_, peers_.ask_consent({}, {member("n1", "http://h:1/patroni")}, Instant(7s)));
    for (const auto& [name, value] : transport_.sent.back().headers) {
      if (name == "Authorization") return value;
    }
    return std::string();
  };
  Settings settings;
  settings.restapi.username = "rest";
  settings.restapi.password = "api";
  peers_.update_settings(settings);
  EXPECT_EQ(authorization(), "Basic cmVzdDphcGk=");
  settings.ctl.username = "ctl";
  peers_.update_settings(settings);
  EXPECT_EQ(authorization(), "Basic Y3RsOg==");
  peers_.update_settings(Settings());
  EXPECT_EQ(authorization(), "");
}

}  // namespace
}  // namespace tamada
