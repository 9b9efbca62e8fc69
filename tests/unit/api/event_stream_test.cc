#include "api/event_stream.h"

#include <gtest/gtest.h>

#include "support/snapshot_builder.h"

namespace tamada {
namespace {

EventHistory history(std::uint64_t from, std::uint64_t to) {
  EventHistory out{"abc", {}};
  for (std::uint64_t i = from; i <= to; ++i) {
    out.events.push_back(std::make_shared<const MemberEvent>(
        MemberEvent{i, WallTime(std::chrono::seconds(1795410000)), "pause", {{"text", "t" + std::to_string(i)}}}));
  }
  return out;
}

int count(const std::string& text, std::string_view word) {
  int n = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++n;
  return n;
}

TEST(EventPlace, ids_come_back_as_they_were_sent_and_nonsense_is_no_place) {
  EXPECT_EQ(parse_event_place(EventPlace{"abc", 17}.text()), (EventPlace{"abc", 17}));
  for (const char* text : {"", "abc", "-3", "abc-", "abc-x", "abc-3x"}) EXPECT_FALSE(parse_event_place(text)) << text;
}

TEST(EventsAfter, sends_what_came_after_and_moves_on) {
  EventPlace place{"abc", 2};
  const std::string text = events_after(history(1, 3), "n1", place);
  EXPECT_EQ(text,
            "id: abc-3\nevent: pause\ndata: {\"member\": \"n1\", \"at\": \"2026-11-23T05:00:00+00:00\", \"text\": "
            "\"t3\"}\n\n");
  EXPECT_EQ(place.number, 3u);
  EXPECT_EQ(events_after(history(1, 3), "n1", place), "");
}

TEST(EventsAfter, many_events_are_sent_in_parts_and_each_once) {
  EventPlace place{"abc", 0};
  const EventHistory all = history(1, 250);
  EXPECT_EQ(count(events_after(all, "n1", place), "event: pause"), 100);
  EXPECT_EQ(count(events_after(all, "n1", place), "event: pause"), 100);
  EXPECT_EQ(count(events_after(all, "n1", place), "event: pause"), 50);
  EXPECT_EQ(events_after(all, "n1", place), "");
}

TEST(EventsAfter, tells_what_was_missed_for_good) {
  EventPlace place{"abc", 3};
  std::string text = events_after(history(11, 12), "n1", place);
  EXPECT_NE(text.find("event: gap\ndata: {\"member\": \"n1\", \"text\": \"7 events are no longer kept\"}"),
            std::string::npos)
      << text;
  EXPECT_EQ(count(text, "event: pause"), 2);
  EXPECT_EQ(events_after(history(11, 12), "n1", place), "");

  EventPlace edge{"abc", 10};
  EXPECT_EQ(count(events_after(history(11, 12), "n1", edge), "gap"), 0);

  EventPlace earlier_run{"zzz", 500};
  text = events_after(history(1, 2), "n1", earlier_run);
  EXPECT_EQ(count(text, "the daemon was started anew"), 1);
  EXPECT_EQ(count(text, "event: pause"), 2);
  EXPECT_EQ(events_after(history(1, 2), "n1", earlier_run), "");
}

TEST(PresentEvent, tells_where_the_member_stands) {
  auto b = test::SnapshotBuilder::primary();
  b.snapshot.own_member.timeline = Timeline{3};
  const std::string text = present_event(*b.build(), test::SnapshotBuilder::now());
  EXPECT_NE(text.find("event: now\n"), std::string::npos);
  EXPECT_NE(
      text.find("\"role\": \"primary\", \"state\": \"running\", \"timeline\": 3, \"leader\": \"n1\", \"lock\": true"),
      std::string::npos)
      << text;
}

}  // namespace
}  // namespace tamada
