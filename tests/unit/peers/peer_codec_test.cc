#include "peers/peer_codec.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

using Reach = PeerAnswer::Reach;

TEST(PeerCodec, a_replica_of_4_1) {
  const PeerAnswer a = parse_peer_answer(
      R"({"state": "running", "role": "replica", "server_version": 170002, "timeline": 3,
          "xlog": {"received_location": 100663296, "replayed_location": 100663200, "replayed_timestamp": null, "paused": false},
          "tags": {"failover_priority": 2}, "patroni": {"version": "4.1.4"}})");
  EXPECT_EQ(a.reach, Reach::Answered);
  EXPECT_EQ(a.role, Role::Replica);
  EXPECT_FALSE(a.is_primary);
  EXPECT_TRUE(a.in_recovery);
  EXPECT_EQ(a.position().bytes, 100663296u);
  EXPECT_EQ(a.replayed.bytes, 100663200u);
  EXPECT_EQ(a.timeline.id, 3u);
  EXPECT_EQ(a.tags.failover_priority(), 2);
  EXPECT_FALSE(a.watchdog_failed);
  EXPECT_FALSE(a.receiver_stopped);
}

TEST(PeerCodec, a_primary_is_known_by_either_word_or_by_its_write_position) {
  EXPECT_TRUE(parse_peer_answer(R"({"role":"master","xlog":{"location":5}})").is_primary);
  EXPECT_TRUE(parse_peer_answer(R"({"role":"primary","wal":{"location":5}})").is_primary);
  EXPECT_TRUE(parse_peer_answer(R"({"role":"promoted","xlog":{"location":5}})").is_primary);
  EXPECT_TRUE(parse_peer_answer(R"({"role":"master","state":"running"})").is_primary);
  EXPECT_FALSE(parse_peer_answer(R"({"role":"replica","xlog":{"location":0,"received_location":5}})").is_primary);
  EXPECT_EQ(parse_peer_answer(R"({"role":"primary","wal":{"location":5}})").position().bytes, 5u);
}

TEST(PeerCodec, wal_is_preferred_to_xlog) {
  EXPECT_EQ(parse_peer_answer(R"({"role":"replica","wal":{"received_location":7},"xlog":{"received_location":5}})")
                .received.bytes,
            7u);
}

TEST(PeerCodec, our_own_object_tells_whether_the_position_is_final) {
  const PeerAnswer a = parse_peer_answer(
      R"({"role":"replica","xlog":{"received_location":7},"watchdog_failed":true,"tamada":{"receiver_stopped":true,"upstream_alive":true}})");
  EXPECT_TRUE(a.receiver_stopped);
  EXPECT_TRUE(a.upstream_alive);
  EXPECT_TRUE(a.watchdog_failed);
}

TEST(PeerCodec, our_own_object_tells_who_is_sick) {
  const auto sick = [](const std::string& own) {
    return parse_peer_answer(R"({"role":"replica","xlog":{"received_location":7},"tamada":{)" + own + "}}").sick;
  };
  EXPECT_TRUE(sick(R"("sick":true)"));
  EXPECT_FALSE(sick(R"("sick":false)"));
  EXPECT_FALSE(sick(""));
}

TEST(PeerCodec, who_is_being_promoted_counts_as_primary) {
  EXPECT_TRUE(
      parse_peer_answer(R"({"role":"replica","xlog":{"received_location":7},"tamada":{"promoting":true}})").is_primary);
}

TEST(PeerCodec, our_own_object_tells_how_old_the_position_is) {
  const auto age = [](std::string_view own) {
    const std::string body = R"({"role":"replica","xlog":{"received_location":7})";
    return parse_peer_answer(body + std::string(own) + "}").observed_ago;
  };
  EXPECT_EQ(age(R"(,"tamada":{"observed_ms_ago":250})"), 250ms);
  EXPECT_EQ(age(""), 0s) << "Patroni asks its PostgreSQL for each answer";
  for (const char* own :
       {R"(,"tamada":{})", R"(,"tamada":{"observed_ms_ago":-1})", R"(,"tamada":{"observed_ms_ago":"1"})",
        R"(,"tamada":{"observed_ms_ago":18446744073709551615})"}) {
    EXPECT_GE(age(own), 24h) << own;
  }
}

TEST(PeerCodec, without_a_position_a_replica_cannot_be_compared_with) {
  EXPECT_EQ(parse_peer_answer(R"({"state":"starting","role":"replica"})").reach, Reach::Broken);
  EXPECT_FALSE(parse_peer_answer(R"({"state":"starting","role":"replica"})").standby);
  const PeerAnswer standby = parse_peer_answer(R"({"state":"starting","role":"replica","tamada":{"standby":true}})");
  EXPECT_EQ(standby.reach, Reach::Broken);
  EXPECT_TRUE(standby.standby);
  for (const char* down :
       {R"({"state":"stopped","role":"replica"})", R"({"state":"creating replica","role":"uninitialized"})",
        R"({"state":"crashed","role":"demoted"})", R"({"state":"start failed","role":"replica"})"}) {
    EXPECT_TRUE(parse_peer_answer(down).server_down) << down;
  }
  for (const char* maybe :
       {R"({"state":"stopped","role":"master"})", R"({"state":"running","role":"replica"})",
        R"({"state":"starting","role":"replica"})", R"({"role":"replica"})", R"({"state":"stopped"})"}) {
    EXPECT_FALSE(parse_peer_answer(maybe).server_down) << maybe;
  }
  for (const char* body : {"", "null", "[]", "<html>", "{\"role\":"}) {
    const PeerAnswer a = parse_peer_answer(body);
    EXPECT_EQ(a.reach, Reach::Broken) << body;
    EXPECT_FALSE(a.problem.empty());
  }
}

TEST(PeerCodec, values_of_a_wrong_type_are_unknown) {
  const PeerAnswer a = parse_peer_answer(
      R"({"role":5,"xlog":{"received_location":"x","replayed_location":-4},"timeline":99999999999,"tags":[],"tamada":3})");
  EXPECT_EQ(a.reach, Reach::Answered);
  EXPECT_EQ(a.role, Role::Unknown);
  EXPECT_FALSE(a.position().known());
  EXPECT_FALSE(a.timeline.known());
}

}  // namespace
}  // namespace tamada
