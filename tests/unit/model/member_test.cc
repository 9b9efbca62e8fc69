#include "model/member.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

// dcs.md 1.7: what a 1.5 primary and a 4.1 standby store.
constexpr std::string_view kPrimary15 =
    R"({"conn_url":"postgres://10.0.0.1:5432/postgres","api_url":"http://10.0.0.1:8008/patroni","state":"running","role":"master","xlog_location":24460192,"timeline":1})";
constexpr std::string_view kStandby41 =
    R"({"conn_url":"postgres://10.0.0.2:5432/postgres","api_url":"http://10.0.0.2:8008/patroni","state":"running","role":"replica","version":"4.1.4","tags":{"clonefrom":true},"xlog_location":100663296,"replay_lsn":100663296,"receive_lsn":100663296,"replication_state":"streaming","timeline":3})";

TEST(Member, the_value_of_a_1_5_primary_is_read_and_written_back_unchanged) {
  const Member member = parse_member("node1", kPrimary15);
  EXPECT_EQ(member.name, "node1");
  EXPECT_EQ(member.role, Role::Primary);
  EXPECT_EQ(member.state, PgState::Running);
  EXPECT_EQ(member.xlog_location, Lsn{24460192});
  EXPECT_EQ(member.timeline, Timeline{1});
  EXPECT_EQ(member.host(), "10.0.0.1");
  EXPECT_EQ(member.port(), 5432);
  EXPECT_EQ(format_member(member, Compatibility::V1_5), kPrimary15);
}

TEST(Member, the_value_of_a_4_1_standby_is_read_and_written_back_unchanged) {
  const Member member = parse_member("node2", kStandby41);
  EXPECT_EQ(member.version, "4.1.4");
  EXPECT_TRUE(member.tags.clonefrom());
  EXPECT_EQ(member.replay_lsn, Lsn{100663296});
  EXPECT_EQ(member.replication_state, "streaming");
  EXPECT_EQ(format_member(member, Compatibility::V4_1), kStandby41);
}

TEST(Member, roles_are_spelled_as_the_level_spells_them) {
  Member member = parse_member("a", kPrimary15);
  EXPECT_NE(format_member(member, Compatibility::V3_0).find(R"("role":"master")"), std::string::npos);
  EXPECT_NE(format_member(member, Compatibility::V4_1).find(R"("role":"primary")"), std::string::npos);
}

TEST(Member, positions_that_3_0_does_not_know_are_left_out_below_4_1) {
  const std::string text = format_member(parse_member("node2", kStandby41), Compatibility::V3_0);
  EXPECT_EQ(text.find("replay_lsn"), std::string::npos);
  EXPECT_EQ(text.find("receive_lsn"), std::string::npos);
  EXPECT_EQ(text.find("replication_state"), std::string::npos);
  EXPECT_NE(text.find(R"("xlog_location":100663296)"), std::string::npos);
}

TEST(Member, our_own_version_stands_in_the_field_tamada) {
  Member member = parse_member("a", kStandby41);
  EXPECT_EQ(member.tamada_version, "");
  member.tamada_version = "0.1.0";
  member.timeline_origin = "n1 0/3000000 17";
  const Member again = parse_member("a", format_member(member, Compatibility::V4_1));
  EXPECT_EQ(again.tamada_version, "0.1.0");
  EXPECT_EQ(again.timeline_origin, "n1 0/3000000 17");
  EXPECT_EQ(again.version, "4.1.4");
}

TEST(Member, a_pending_checkpoint_is_published_as_false_at_every_level_and_otherwise_not_at_all) {
  Member member = parse_member("a", kPrimary15);
  EXPECT_EQ(format_member(member, Compatibility::V3_0).find("checkpoint"), std::string::npos);
  member.checkpoint_pending = true;
  for (const Compatibility level : {Compatibility::V1_5, Compatibility::V3_0, Compatibility::V4_1}) {
    const std::string text = format_member(member, level);
    EXPECT_NE(text.find(R"("checkpoint_after_promote":false)"), std::string::npos);
    EXPECT_TRUE(parse_member("a", text).checkpoint_pending);
  }
  EXPECT_FALSE(parse_member("a", R"({"checkpoint_after_promote":true})").checkpoint_pending);
}

TEST(Member, pause_and_pending_restart_count_only_when_true) {
  const Member member = parse_member("a", R"({"pause":"yes","pending_restart":1})");
  EXPECT_FALSE(member.pause);
  EXPECT_FALSE(member.pending_restart);
  const Member set = parse_member("a", R"({"pause":true,"pending_restart":true})");
  EXPECT_TRUE(set.pause);
  EXPECT_TRUE(set.pending_restart);
}

TEST(Member, the_reason_of_a_pending_restart_and_a_scheduled_restart_are_kept) {
  const std::string_view text =
      R"({"pending_restart":true,"pending_restart_reason":{"max_connections":{"old_value":"100","new_value":"120"}},)"
      R"("scheduled_restart":{"schedule":"2027-01-01T10:00:00+00:00","postmaster_start_time":"2026-11-23 05:20:13.398298+00:00"}})";
  const Member member = parse_member("a", text);
  const std::string out = format_member(member, Compatibility::V4_1);
  EXPECT_NE(out.find(R"("pending_restart_reason":{"max_connections":{"old_value":"100","new_value":"120"}})"),
            std::string::npos);
  ASSERT_TRUE(member.scheduled_restart.has_value());
  EXPECT_NE(out.find(R"("scheduled_restart":{"schedule":"2027-01-01T10:00:00+00:00")"), std::string::npos);
  EXPECT_EQ(format_member(member, Compatibility::V3_0).find("pending_restart_reason"), std::string::npos);
}

TEST(Member, broken_values_give_a_member_with_nothing_but_its_name) {
  for (const std::string_view text :
       {"", "{", "[]", "17", "\"text\"", "null", "{\"conn_url\":5,\"tags\":[],\"state\":{}}"}) {
    const Member member = parse_member("lost", text);
    EXPECT_EQ(member.name, "lost");
    EXPECT_EQ(member.conn_url, "") << text;
    EXPECT_EQ(member.state, PgState::Unknown) << text;
    EXPECT_EQ(member.role, Role::Unknown) << text;
    EXPECT_EQ(member.host(), "") << text;
    EXPECT_EQ(member.port(), 5432) << text;
  }
}

TEST(Member, the_form_before_patroni_carries_the_api_address_in_application_name) {
  const Member member = parse_member(
      "old", "postgres://user:secret@10.0.0.3:5433/postgres?application_name=http://10.0.0.3:8008/governor");
  EXPECT_EQ(member.host(), "10.0.0.3");
  EXPECT_EQ(member.port(), 5433);
  EXPECT_EQ(member.api_url, "http://10.0.0.3:8008/governor");
}

TEST(Member, conn_kwargs_stand_in_for_a_missing_conn_url) {
  const Member member = parse_member("k", R"({"conn_kwargs":{"host":"fd00::1","port":5544}})");
  EXPECT_EQ(member.host(), "fd00::1");
  EXPECT_EQ(member.port(), 5544);
  EXPECT_EQ(parse_member("k", R"({"conn_kwargs":{"host":"db1"}})").port(), 5432);
}

TEST(Member, an_ipv6_address_and_a_missing_port_are_understood) {
  Member member;
  member.conn_url = "postgres://[fd00::2]:6432/postgres";
  EXPECT_EQ(member.host(), "fd00::2");
  EXPECT_EQ(member.port(), 6432);
  member.conn_url = "postgres://db.example";
  EXPECT_EQ(member.host(), "db.example");
  EXPECT_EQ(member.port(), 5432);
  member.conn_url = "postgres://db.example:99999/postgres";
  EXPECT_EQ(member.host(), "");
}

TEST(Member, positions_beyond_their_type_do_not_wrap_around) {
  const Member member = parse_member("a", R"({"timeline":4294967297,"xlog_location":-1,"replay_lsn":1.5})");
  EXPECT_FALSE(member.timeline.known());
  EXPECT_FALSE(member.xlog_location.known());
  EXPECT_FALSE(member.replay_lsn.known());
}

}  // namespace
}  // namespace tamada
