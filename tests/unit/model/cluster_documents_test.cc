#include <gtest/gtest.h>

#include "model/cluster_view.h"

namespace tamada {
namespace {

using std::chrono::sys_days;
using std::chrono::year;

TEST(FailoverDocument, a_scheduled_switchover_is_read_and_written_back_unchanged) {
  const std::string_view text = R"({"leader":"node1","member":"node2","scheduled_at":"2030-01-01T00:00:00+00:00"})";
  const auto request = parse_failover(text);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->leader, "node1");
  EXPECT_EQ(request->candidate, "node2");
  EXPECT_EQ(request->scheduled_at, WallTime(sys_days(year(2030) / 1 / 1)));
  EXPECT_EQ(format_failover(*request), text);
}

TEST(FailoverDocument, an_empty_request_is_written_as_two_characters_and_counts_as_absent) {
  EXPECT_EQ(format_failover({}), "{}");
  for (const std::string_view text : {"{}", "", "[]", "null", "{\"leader\":null}", "{\"leader\":\"\",\"member\":\"\"}",
                                      "{\"scheduled_at\":\"2030-01-01T00:00:00+00:00\"}", "word"}) {
    EXPECT_FALSE(parse_failover(text).has_value()) << text;
  }
}

TEST(FailoverDocument, plain_text_names_leader_and_candidate) {
  const auto request = parse_failover("a:b");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->leader, "a");
  EXPECT_EQ(request->candidate, "b");
  EXPECT_EQ(parse_failover(":b")->candidate, "b");
}

TEST(FailoverDocument, a_schedule_that_cannot_be_understood_is_kept_as_invalid_and_never_as_immediate) {
  for (const std::string_view when : {"\"tomorrow\"", "17", "\"2030-01-01T00:00:00\"", "true"}) {
    const auto request = parse_failover(R"({"leader":"a","scheduled_at":)" + std::string(when) + "}");
    ASSERT_TRUE(request.has_value());
    EXPECT_TRUE(request->schedule_invalid) << when;
    EXPECT_FALSE(request->scheduled_at.has_value()) << when;
  }
  EXPECT_FALSE(parse_failover(R"({"leader":"a","scheduled_at":null})")->schedule_invalid);
}

TEST(SyncDocument, the_document_of_4_1_is_read_and_written_back_unchanged) {
  const std::string_view text = R"({"leader":"node1","quorum":0,"sync_standby":"node2,node3"})";
  const SyncState sync = parse_sync(text);
  EXPECT_EQ(sync.leader, "node1");
  EXPECT_EQ(sync.standbys, (std::vector<std::string>{"node2", "node3"}));
  EXPECT_EQ(format_sync(sync, Compatibility::V4_1), text);
  EXPECT_EQ(format_sync(sync, Compatibility::V3_0), R"({"leader":"node1","sync_standby":"node2,node3"})");
}

TEST(SyncDocument, no_standby_is_written_as_null_and_names_are_sorted) {
  SyncState sync;
  sync.leader = "me";
  EXPECT_EQ(format_sync(sync, Compatibility::V4_1), R"({"leader":"me","quorum":0,"sync_standby":null})");
  sync.standbys = {"z", "b"};
  EXPECT_EQ(format_sync(sync, Compatibility::V1_5), R"({"leader":"me","sync_standby":"b,z"})");
}

TEST(SyncDocument, without_a_leader_the_whole_document_counts_as_absent) {
  for (const std::string_view text :
       {"", "{}", "{", "[]", R"({"leader":null,"sync_standby":"b"})", R"({"sync_standby":"b"})"}) {
    const SyncState sync = parse_sync(text);
    EXPECT_TRUE(sync.empty()) << text;
    EXPECT_TRUE(sync.standbys.empty()) << text;
  }
}

TEST(SyncDocument, standbys_are_found_whatever_the_case_of_their_name) {
  const SyncState sync = parse_sync(R"({"leader":"a","sync_standby":"Node2, node3"})");
  EXPECT_TRUE(sync.lists("node2"));
  EXPECT_TRUE(sync.lists("NODE3"));
  EXPECT_FALSE(sync.lists("node"));
  EXPECT_FALSE(sync.lists("a"));
}

TEST(HistoryDocument_, lines_of_three_four_and_five_elements_are_read_and_written_back_unchanged) {
  const std::string_view text =
      R"([[1,67406144,"no recovery target specified"],[2,25623960,"x","2024-05-01T10:00:00.123456+00:00"],[3,25623970,"no recovery target specified","2024-05-01T10:00:00.123456+00:00","node2"]])";
  const auto history = parse_history(text);
  ASSERT_TRUE(history.has_value());
  ASSERT_EQ(history->lines.size(), 3U);
  EXPECT_EQ(history->lines[2].new_leader, "node2");
  EXPECT_EQ(history->lines[1].elements, 4);
  EXPECT_EQ(history->cluster_timeline, Timeline{4});
  EXPECT_EQ(format_history(history->lines), text);
}

TEST(HistoryDocument_, the_cluster_timeline_is_1_for_an_empty_list_and_unknown_for_anything_unusable) {
  EXPECT_EQ(parse_history("[]")->cluster_timeline, Timeline{1});
  EXPECT_FALSE(parse_history("[[\"x\",1,\"r\"]]")->cluster_timeline.known());
  EXPECT_FALSE(parse_history("[[1,5,\"r\"],[2]]")->cluster_timeline.known());
  EXPECT_FALSE(parse_history("[[4294967295,5,\"r\"]]")->cluster_timeline.known());
  EXPECT_FALSE(parse_history("{}").has_value());
  EXPECT_FALSE(parse_history("").has_value());
}

TEST(HistoryDocument_, a_line_with_time_and_leader_is_written_with_five_elements) {
  HistoryLine line{Timeline{1}, Lsn{25623960}, "no recovery target specified", "2024-05-01T10:00:00.123456+00:00",
                   "node2"};
  EXPECT_EQ(format_history({line}),
            R"([[1,25623960,"no recovery target specified","2024-05-01T10:00:00.123456+00:00","node2"]])");
}

TEST(StatusDocument_, positions_and_retained_slots_are_read_and_written_back_unchanged) {
  const std::string_view text =
      R"({"optime":100663296,"slots":{"node1":100663296,"node2":100663200},"retain_slots":["node1","node2"]})";
  const StatusDocument status = parse_status(text);
  EXPECT_EQ(status.optime, Lsn{100663296});
  EXPECT_EQ(status.slots.at("node2"), 100663200U);
  EXPECT_EQ(format_status(status), text);
  EXPECT_EQ(format_status(parse_status("{\"optime\":5}")), R"({"optime":5})");
}

TEST(StatusDocument_, a_bare_number_and_lists_kept_as_text_are_understood) {
  EXPECT_EQ(parse_status("24460192").optime, Lsn{24460192});
  const StatusDocument status = parse_status(R"({"optime":"7","slots":"{\"a\":12}","retain_slots":"[\"a\", \"b\"]"})");
  EXPECT_EQ(status.optime, Lsn{7});
  EXPECT_EQ(status.slots.at("a"), 12U);
  EXPECT_EQ(status.retain_slots, (std::vector<std::string>{"a", "b"}));
}

TEST(StatusDocument_, anything_unusable_is_position_zero) {
  for (const std::string_view text : {"", "x", "[]", "-5", "{\"optime\":null}", "{\"optime\":5.5,\"slots\":3}"}) {
    const StatusDocument status = parse_status(text);
    EXPECT_FALSE(status.optime.known()) << text;
    EXPECT_TRUE(status.slots.empty()) << text;
  }
  EXPECT_EQ(parse_optime("24460192").optime, Lsn{24460192});
  EXPECT_FALSE(parse_optime("24460192x").optime.known());
}

TEST(FailsafeDocument, member_addresses_are_read_and_written_back_unchanged) {
  const std::string_view text = R"({"node1":"http://10.0.0.1:8008/patroni","node2":"http://10.0.0.2:8008/patroni"})";
  EXPECT_EQ(format_failsafe(parse_failsafe(text)), text);
  EXPECT_TRUE(parse_failsafe("broken").empty());
  EXPECT_EQ(parse_failsafe(R"({"a":1,"b":"u"})").size(), 1U);
}

TEST(InitializeKey, is_valid_with_ten_digits_or_more_only) {
  EXPECT_TRUE((InitializeKey{"7711229962259062644", 1}).valid());
  EXPECT_FALSE((InitializeKey{"", 1}).valid());
  EXPECT_FALSE((InitializeKey{"123456789", 1}).valid());
  EXPECT_FALSE((InitializeKey{"12345678901x", 1}).valid());
}

TEST(ClusterView, finds_the_leaders_member_and_knows_when_nothing_is_stored) {
  ClusterView view;
  EXPECT_TRUE(view.empty());
  EXPECT_EQ(view.leader_member(), nullptr);
  view.members.push_back(parse_member("a", "{}"));
  view.leader = LeaderEntry{{"b", 1, "s"}, 1};
  EXPECT_EQ(view.leader_member(), nullptr);
  EXPECT_FALSE(view.empty());
  view.leader->generation.holder = "a";
  ASSERT_NE(view.leader_member(), nullptr);
  EXPECT_EQ(view.leader_member()->name, "a");
}

}  // namespace
}  // namespace tamada
