#include <gtest/gtest.h>

#include "ctl/event_reader.h"
#include "support.h"

namespace tamada::ctl {
namespace {

constexpr const char* kUrl = "http://127.0.0.1:8000/events";

TEST(EventReader, cuts_events_out_of_bytes_that_come_in_any_pieces) {
  const std::string text =
      "retry: 2000\nid: abc-1\nevent: role\ndata: {\"a\": 1}\n\n: still here\n\n"
      "id: abc-2\r\ndata: one\r\ndata:two\r\n\r\nid: abc-3\n\ndata";
  const std::vector<SentEvent> wanted{{"abc-1", "role", "{\"a\": 1}"}, {"abc-2", "message", "one\ntwo"}};
  for (std::size_t size : {1, 2, 7, 1000}) {
    EventReader reader;
    std::vector<SentEvent> read;
    for (std::size_t at = 0; at < text.size(); at += size) {
      for (SentEvent& event : reader.feed(text.substr(at, size))) read.push_back(std::move(event));
    }
    EXPECT_EQ(read, wanted) << size;
    EXPECT_EQ(reader.last_id(), "abc-3");
  }
}

TEST(Events, follows_comes_back_where_it_was_and_ends_after_the_count) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.streams[kUrl] = {
      {200,
       "id: r-0\nevent: now\ndata: {\"text\": \"leads\", \"role\": \"primary\", \"state\": \"running\"}\n\n"
       "id: r-1\nevent: leader\ndata: {\"at\": \"2026-11-23T05:00:00+00:00\", \"text\": \"leader was a, is b\"}\n\n",
       {}},
      {200, "id: r-2\nevent: decision\ndata: {\"text\": \"following b\", \"rule\": \"OL-01\"}\n\n", {}}};
  EXPECT_EQ(bench.run({"events", "batman", "postgresql0", "--count", "3"}), 0);
  const std::string& shown = bench.console.shown;
  EXPECT_NE(shown.find("  postgresql0  now: primary, running: leads\n"), std::string::npos) << shown;
  EXPECT_NE(shown.find("  postgresql0  leader: leader was a, is b\n"), std::string::npos) << shown;
  EXPECT_NE(shown.find("  postgresql0  decision: following b [OL-01]\n"), std::string::npos) << shown;
  EXPECT_EQ(bench.console.errors, "postgresql0: the stream ended\n");
  EXPECT_EQ(bench.http.sent,
            (std::vector<std::string>{std::string("GET ") + kUrl, std::string("GET ") + kUrl + " after r-1"}));
}

TEST(Events, json_is_one_object_a_line) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.streams[kUrl] = {{200, "id: r-1\nevent: lock\ndata: {\"text\": \"won\", \"held\": true}\n\n", {}}};
  EXPECT_EQ(bench.run({"events", "batman", "postgresql0", "--count", "1", "-f", "json"}), 0);
  EXPECT_EQ(bench.console.shown,
            "{\"member\": \"postgresql0\", \"event\": \"lock\", \"id\": \"r-1\", \"text\": \"won\", \"held\": true}\n");
}

TEST(Events, a_member_that_cannot_tell_is_named_once_and_the_others_are_followed) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.streams["http://127.0.0.1:8001/events"] = {{503, "", {}}, {503, "", {}}};
  bench.http.streams["http://127.0.0.1:8002/events"] = {{200, "event: pause\ndata: {}\n\n", {}},
                                                        {200, "event: pause\ndata: {}\n\n", {}}};
  EXPECT_EQ(bench.run({"events", "--count", "2"}), 0);
  const std::string& errors = bench.console.errors;
  const std::string told = "postgresql1: does not tell events, status code=503";
  ASSERT_NE(errors.find(told), std::string::npos) << errors;
  EXPECT_EQ(errors.find(told, errors.find(told) + 1), std::string::npos) << errors;
}

TEST(Events, refuses_what_it_cannot_do) {
  Bench bench;
  bench.store.view = three_members();
  EXPECT_EQ(bench.run({"events", "batman", "nobody"}), 1);
  EXPECT_EQ(bench.run({"events", "--count", "0"}), 1);
  EXPECT_EQ(bench.run({"events", "-f", "yaml"}), 2);
  EXPECT_TRUE(bench.http.sent.empty());
}

}  // namespace
}  // namespace tamada::ctl
