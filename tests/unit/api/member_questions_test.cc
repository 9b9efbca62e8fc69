#include "api/member_questions.h"

#include <gtest/gtest.h>

#include <mutex>

#include <fmt/format.h>

#include "api/api_server.h"
#include "support/engine_fake.h"
#include "support/log_capture.h"
#include "support/raw_http_client.h"
#include "support/tiny_server.h"

namespace tamada {
namespace {

using test::EngineFake;
using test::RawHttpClient;
using test::RawReply;
using test::SnapshotBuilder;
using testing::TinyServer;

// n1 serves; what n2 answers is up to the test.
class MemberQuestionsTest : public ::testing::Test {
 protected:
  MemberQuestionsTest() {
    auto now = SnapshotBuilder::primary();
    now.settings.restapi.username = "admin";
    now.settings.restapi.password = "secret";
    now.view.members[1].api_url = n2.url("/patroni");
    now.view.members[2].api_url = "nonsense";
    engine.publish(now);
    RestApiSettings settings;
    settings.listen = "127.0.0.1:0";
    EXPECT_TRUE(server.start(settings));
  }
  RawReply get(const std::string& target) {
    RawHttpClient client(server.port());
    return client.ask("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n").value_or(RawReply{});
  }
  void answers(int status, const std::string& body) {
    const std::lock_guard lock(mutex);
    answer = TinyServer::answer(status, body);
  }
  std::string asked() {
    const std::lock_guard lock(mutex);
    return question;
  }

  std::mutex mutex;
  std::string answer;
  std::string question;
  TinyServer n2{[this](int fd, const std::string& request) {
    const std::lock_guard lock(mutex);
    question = request;
    if (answer.empty()) return false;
    TinyServer::put(fd, answer);
    return true;
  }};
  EngineFake engine;
  test::LogCapture log;
  ApiServer server{engine, Logger(log, "api")};
};

TEST_F(MemberQuestionsTest, another_member_is_asked_the_same_and_its_answer_handed_on) {
  answers(200, R"({"member": "n2", "id": 7, "rule": "NL-01"})");
  const RawReply reply = get("/explain?member=n2&past=race&since=2026-11-24T00:00:00%2B00:00");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"({"member": "n2", "id": 7, "rule": "NL-01"})");
  EXPECT_TRUE(reply.has_header("Content-Type: application/json"));
  EXPECT_TRUE(asked().starts_with("GET /explain?past=race&since=2026-11-24T00%3A00%3A00%2B00%3A00 HTTP/1.1\r\n"))
      << asked();
  EXPECT_EQ(asked().find("Authorization"), std::string::npos) << "the store said where n2 is: it gets no password";
}

TEST_F(MemberQuestionsTest, a_question_about_this_member_is_answered_here) {
  EXPECT_EQ(get("/explain?member=n1&past=race").body, "no candidates were weighed since this daemon began");
  EXPECT_NE(get("/explain?member=n1").body.find(R"("member": "n1")"), std::string::npos);
  EXPECT_EQ(asked(), "");
}

TEST_F(MemberQuestionsTest, its_refusals_are_handed_on) {
  for (const int status : {400, 404}) {
    answers(status, "no candidates were weighed");
    const RawReply reply = get("/explain?member=n2&past=race");
    EXPECT_EQ(reply.status, status);
    EXPECT_EQ(reply.body, "no candidates were weighed");
  }
}

TEST_F(MemberQuestionsTest, what_is_no_explanation_is_not_handed_on) {
  const std::pair<int, std::string> cases[] = {{200, R"({"state": "running", "role": "replica"})"},
                                               {200, "<script>alert(1)</script>"},
                                               {200, "[]"},
                                               {503, R"({"rule": "x"})"},
                                               {404, std::string(2000, 'x')}};
  for (const auto& [status, body] : cases) {
    answers(status, body);
    const RawReply reply = get("/explain?member=n2");
    EXPECT_EQ(reply.status, 502) << body;
    EXPECT_EQ(reply.body, fmt::format("n2 does not explain itself, status code={}", status));
  }
}

TEST_F(MemberQuestionsTest, a_member_that_cannot_be_asked_is_told_with_the_reason) {
  const RawReply silent = get("/explain?member=n2");
  EXPECT_EQ(silent.status, 502);
  EXPECT_TRUE(silent.body.starts_with("n2 gave no answer: ")) << silent.body;
  const RawReply without = get("/explain?member=n3");
  EXPECT_EQ(without.status, 502);
  EXPECT_EQ(without.body, "n3 publishes no usable api_url");
  const RawReply unknown = get("/explain?member=n9");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body, "the cluster has no member n9");
}

TEST_F(MemberQuestionsTest, before_the_first_view_nobody_is_known) {
  engine.set(nullptr);
  EXPECT_EQ(get("/explain?member=n2").status, 503);
}

}  // namespace
}  // namespace tamada
