#include "api/past_document.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

WallTime at(int seconds) {
  return WallTime(std::chrono::seconds(1795410000 + seconds));  // 2026-11-23T05:00:00Z
}

// n2 followed, raced and lost at 05:01:40, and followed again.
DecisionHistory history() {
  DecisionRing ring;
  PastDecision follows;
  follows.rule = "OL-01";
  follows.status = "following n1";
  follows.action = "Keep";
  PastDecision race;
  race.rule = "NL-08";
  race.action = "Keep";
  race.race = true;
  race.details = {"member n3 (http://n3:8008/patroni) is ahead of us: at 0/5000000, ours is 0/4000000"};
  race.facts = {{"Peers", "Ahead"}};
  for (int i = 0; i <= 9; ++i) ring.note(follows, {{"Leader", "Other"}}, at(10 * i));
  const auto id = ring.note(race, {{"Leader", "Nobody"}}, at(100));
  ring.set_outcome(id, "2 of 2 members answered");
  follows.status = "following n3";
  for (int i = 12; i <= 20; ++i) ring.note(follows, {{"Leader", "Other"}}, at(10 * i));
  return *ring.shown();
}

Result<json::object> ask(const char* query) {
  return past_document("n2", history(), QueryString(query));
}

TEST(PastDocument, only_past_and_at_ask_for_the_past) {
  EXPECT_FALSE(asks_for_past(QueryString("pretty=1")));
  EXPECT_TRUE(asks_for_past(QueryString("past=list")));
  EXPECT_TRUE(asks_for_past(QueryString("at=2026-11-23T05:00:00Z")));
}

TEST(PastDocument, lists_the_entries_oldest_first) {
  const auto doc = ask("past=list");
  ASSERT_TRUE(doc) << doc.error().text();
  const auto& past = doc->at("past").as_array();
  ASSERT_EQ(past.size(), 3u);
  EXPECT_EQ(to_json(past[0], JsonStyle::Spaced),
            "{\"id\": 1, \"first\": \"2026-11-23T05:00:00+00:00\", \"last\": \"2026-11-23T05:01:30+00:00\", \"count\": "
            "10, \"rule\": \"OL-01\", \"status\": \"following n1\", \"action\": \"Keep\", \"target\": null, "
            "\"outcome\": null, \"race\": false}");
  EXPECT_EQ(doc->at("member"), "n2");
  EXPECT_EQ(doc->at("last_race"), 2);
}

TEST(PastDocument, since_leaves_out_what_was_over_before_and_limit_keeps_the_newest) {
  EXPECT_EQ(ask("past=list&since=2026-11-23T05:01:35Z")->at("past").as_array().size(), 2u);
  EXPECT_EQ(ask("past=list&since=2026-11-23T05:01:30Z")->at("past").as_array().size(), 3u);
  EXPECT_EQ(ask("past=list&since=2026-11-23T07:01:30+02:00")->at("past").as_array().size(), 3u) << "an unescaped plus";
  EXPECT_EQ(ask("past=list&since=2026-11-23T07:01:35%2B02:00")->at("past").as_array().size(), 2u);
  const auto newest = ask("past=list&limit=1");
  ASSERT_EQ(newest->at("past").as_array().size(), 1u);
  EXPECT_EQ(newest->at("past").at(0).at("id"), 3);
}

TEST(PastDocument, one_entry_has_facts_details_changes_and_outcome) {
  for (const char* query : {"past=2", "past=race", "at=2026-11-23T05:01:50Z"}) {
    const auto doc = ask(query);
    ASSERT_TRUE(doc) << query << ": " << doc.error().text();
    EXPECT_EQ(doc->at("id"), 2) << query;
    EXPECT_EQ(doc->at("facts").at("Peers"), "Ahead");
    EXPECT_EQ(doc->at("changed").at("Leader").at("from"), "Other");
    EXPECT_EQ(doc->at("outcome"), "2 of 2 members answered");
    EXPECT_NE(std::string(doc->at("details").at(0).as_string()).find("n3"), std::string::npos);
  }
}

TEST(PastDocument, what_is_not_kept_is_told_with_what_is) {
  const auto early = ask("at=2026-11-23T04:00:00Z");
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, ErrorCode::NotFound);
  const auto unknown = ask("past=17");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message, "decision 17 is not kept; kept are 1 to 3, from 2026-11-23T05:00:00+00:00 on");
  EXPECT_EQ(past_document("n2", {}, QueryString("past=race")).error().code, ErrorCode::NotFound);
  EXPECT_EQ(past_document("n2", {}, QueryString("past=1")).error().message, "nothing was decided yet");
}

TEST(PastDocument, a_query_that_cannot_be_read_is_refused) {
  for (const char* query :
       {"past=yesterday", "past=-1", "past=2x", "at=noon", "past=list&since=x", "past=list&limit=x"}) {
    const auto doc = ask(query);
    ASSERT_FALSE(doc) << query;
    EXPECT_EQ(doc.error().code, ErrorCode::Invalid) << query;
  }
}

}  // namespace
}  // namespace tamada
