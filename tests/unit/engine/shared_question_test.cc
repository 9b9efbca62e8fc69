// Several who ask for PostgreSQL's state at once share one query (E6).
#include "engine/shared_question.h"

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "support/engine_parts.h"

namespace tamada {
namespace {

struct Asked {
  Task<OperatorReply> put() {
    ++put_count;
    const int mine = put_count;
    co_await clock.sleep_for(1s);
    co_return OperatorReply{200, std::to_string(mine)};
  }
  void ask() {
    question.ask([this](OperatorReply reply) { replies.push_back(std::move(reply)); });
  }
  ~Asked() { clock.run(question.stop()); }

  test::ManualClock clock;
  int put_count = 0;
  std::vector<OperatorReply> replies;
  SharedQuestion question{clock.executor(), [this] { return put(); }};
};

TEST(SharedQuestion, those_who_ask_at_once_share_one_answer) {
  Asked a;
  for (int i = 0; i < 5; ++i) a.ask();
  a.clock.advance(1s);
  EXPECT_EQ(a.put_count, 1);
  EXPECT_EQ(a.replies.size(), 5u);
}

TEST(SharedQuestion, an_answer_is_never_older_than_the_request) {
  Asked a;
  a.ask();
  a.clock.advance(500ms);
  for (int i = 0; i < 3; ++i) a.ask();
  a.clock.advance(500ms);
  ASSERT_EQ(a.replies.size(), 1u);
  a.clock.advance(1s);
  ASSERT_EQ(a.replies.size(), 4u);
  EXPECT_EQ(a.replies[0].text, "1");
  EXPECT_EQ(a.replies[3].text, "2");
  EXPECT_EQ(a.put_count, 2);
}

TEST(SharedQuestion, is_put_again_after_all_were_answered) {
  Asked a;
  a.ask();
  a.clock.advance(2s);
  a.ask();
  a.clock.advance(2s);
  EXPECT_EQ(a.put_count, 2);
  EXPECT_EQ(a.replies.size(), 2u);
}

TEST(SharedQuestion, one_that_asks_again_from_its_answer_is_answered) {
  Asked a;
  a.question.ask([&](OperatorReply) { a.ask(); });
  a.clock.advance(2s);
  EXPECT_EQ(a.replies.size(), 1u);
}

TEST(SharedQuestion, whoever_waits_at_the_end_is_told) {
  Asked a;
  a.ask();
  a.clock.advance(500ms);
  a.ask();
  a.clock.run(a.question.stop());
  ASSERT_EQ(a.replies.size(), 2u);
  EXPECT_EQ(a.replies[0].http_status, 503);
}

TEST(Engine, simultaneous_status_requests_are_one_query) {
  test::EngineParts parts;
  parts.runs_as(true);
  parts.postgres.look_takes = 1s;
  Engine engine(parts.clock.executor(), parts.ports, parts.log);
  int answered = 0;
  for (int i = 0; i < 20; ++i) {
    engine.submit(StatusRequest{}, [&](OperatorReply reply) { answered += reply.ok(); });
  }
  parts.clock.advance(1s);
  EXPECT_EQ(answered, 20);
  EXPECT_EQ(parts.postgres.looks, 1);
  EXPECT_TRUE(engine.snapshot()->postgres.is_primary());
}

TEST(Engine, simultaneous_loads_are_one_read) {
  test::EngineParts parts;
  Engine engine(parts.clock.executor(), parts.ports, parts.log);
  parts.store.on_load = [] { return test::healthy_view(); };
  parts.store.takes = 1s;
  int answered = 0;
  for (int i = 0; i < 5; ++i) engine.submit(LoadRequest{}, [&](OperatorReply reply) { answered += reply.ok(); });
  parts.clock.advance(1s);
  EXPECT_EQ(answered, 5);
  EXPECT_EQ(parts.store.count("load"), 1);
  ASSERT_NE(engine.snapshot()->view, nullptr);
  parts.store.on_load = [] { return Result<ClusterView>(test::silence()); };
  OperatorReply refused;
  engine.submit(LoadRequest{}, [&](OperatorReply reply) { refused = reply; });
  parts.clock.advance(1s);
  EXPECT_EQ(refused.http_status, 503);
}

}  // namespace
}  // namespace tamada
