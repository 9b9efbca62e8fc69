#include "store/common/view_builder.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

StoredKey key(std::string value, std::int64_t revision, std::string session = "") {
  return {std::move(value), revision, revision, std::move(session)};
}

TEST(ViewBuilder, no_key_is_an_empty_view) {
  EXPECT_TRUE(build_view({}, "7", 3).empty());
}

TEST(ViewBuilder, every_key_finds_its_place) {
  StoredKeys keys{{"initialize", key("7711229962259062644", 2)},
                  {"config", key(R"({"ttl":30})", 3)},
                  {"leader", {"node1", 9, 5, "77"}},
                  {"members/node2", key(R"({"state":"running","role":"replica","version":"4.1.4"})", 6, "78")},
                  {"members/node1", key(R"({"state":"running","role":"primary","version":"4.1.4"})", 7, "79")},
                  {"members/a/b", key("{}", 1)},
                  {"status", key(R"({"optime":100,"slots":{"node2":90}})", 8)},
                  {"optime/leader", key("50", 8)},
                  {"failover", key(R"({"leader":"node1"})", 10)},
                  {"sync", key(R"({"leader":"node1","quorum":0,"sync_standby":"node2"})", 11)},
                  {"history", key(R"([[1,25623960,"no recovery target specified"]])", 12)},
                  {"failsafe", key(R"({"node1":"http://10.0.0.1:8008/patroni"})", 13)},
                  {"unknown", key("x", 14)}};
  const ClusterView view = build_view(keys, "cluster", 20);
  EXPECT_EQ(view.store_id, "cluster");
  EXPECT_EQ(view.revision, 20);
  EXPECT_TRUE(view.initialize && view.initialize->valid());
  EXPECT_EQ(view.config_revision, 3);
  ASSERT_TRUE(view.leader);
  EXPECT_EQ(view.leader->generation, (LockGeneration{"node1", 5, "77"}));
  EXPECT_EQ(view.leader->revision, 9);
  ASSERT_EQ(view.members.size(), 2u);
  EXPECT_EQ(view.members[0].name, "node1");
  EXPECT_EQ(view.members[0].session, "79");
  ASSERT_TRUE(view.status);
  EXPECT_EQ(view.status->optime.bytes, 100u);
  EXPECT_EQ(view.failover_revision, 10);
  EXPECT_EQ(view.sync.revision, 11);
  EXPECT_EQ(view.history->revision, 12);
  EXPECT_EQ(view.failsafe.size(), 1u);
}

TEST(ViewBuilder, an_unusable_config_keeps_its_version) {
  const ClusterView view = build_view({{"config", key("[1]", 3)}}, "", 3);
  EXPECT_FALSE(view.config);
  EXPECT_EQ(view.config_revision, 3);
}

TEST(ViewBuilder, an_empty_initialize_key_is_not_an_absent_one) {
  const ClusterView view = build_view({{"initialize", key("", 3)}}, "", 3);
  ASSERT_TRUE(view.initialize);
  EXPECT_FALSE(view.initialize->valid());
}

TEST(ViewBuilder, the_old_position_key_counts_while_the_leader_publishes_no_version) {
  StoredKeys keys{{"leader", key("old", 1)},
                  {"members/old", key(R"({"state":"running","role":"master"})", 1)},
                  {"status", key(R"({"optime":100})", 2)},
                  {"optime/leader", key("500", 3)}};
  EXPECT_EQ(build_view(keys, "", 3).status->optime.bytes, 500u);
  keys["members/old"] = key(R"({"state":"running","role":"master","version":"3.0.2"})", 1);
  EXPECT_EQ(build_view(keys, "", 3).status->optime.bytes, 100u);
}

TEST(ViewBuilder, members_below_2_1_or_without_version_need_the_old_position_key) {
  auto needs = [](const char* member) {
    return needs_optime_leader(build_view({{"members/m", key(member, 1)}}, "", 1));
  };
  EXPECT_TRUE(needs("{}"));
  EXPECT_TRUE(needs(R"({"version":"2.0.2"})"));
  EXPECT_TRUE(needs(R"({"version":"x"})"));
  EXPECT_FALSE(needs(R"({"version":"2.1.0"})"));
  EXPECT_FALSE(needs(R"({"version":"3.0.2"})"));
  EXPECT_FALSE(needs(R"({"version":"10.0"})"));
}

}  // namespace
}  // namespace tamada
