#include "core/follow.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

Member member(const std::string& name) {
  Member m;
  m.name = name;
  m.conn_url = "postgres://" + name + ":5433/postgres";
  m.state = PgState::Running;
  return m;
}

class Follow : public ::testing::Test {
 protected:
  Follow() {
    view.members = {member("n1"), member("n2"), member("n3")};
    view.leader = LeaderEntry{{"n2", 7, "lease"}, 7};
    settings.name = "n1";
  }
  ClusterView view;
  Settings settings;
};

TEST_F(Follow, AReplicaStreamsFromTheLeaderWithItsOwnSlot) {
  EXPECT_EQ(follow_target(view, settings, false), (FollowTarget{"n2", "n2", "5433", "n1"}));
}

TEST_F(Follow, WithoutSlotsNoSlotIsNamed) {
  settings.postgresql.use_slots = false;
  EXPECT_EQ(follow_target(view, settings, false).slot, "");
}

TEST_F(Follow, TheLeaderAndAMemberWithoutALeaderFollowNobody) {
  EXPECT_EQ(follow_target(view, settings, true), FollowTarget{});
  view.leader->generation.holder = "n1";
  EXPECT_EQ(follow_target(view, settings, false), FollowTarget{});
  view.leader.reset();
  EXPECT_EQ(follow_target(view, settings, false), FollowTarget{});
}

TEST_F(Follow, ReplicatefromNamesTheSourceAndFallsBackToTheLeader) {
  settings.tags.raw["replicatefrom"] = "n3";
  EXPECT_EQ(follow_target(view, settings, false).member, "n3");
  settings.tags.raw["replicatefrom"] = "gone";
  EXPECT_EQ(follow_target(view, settings, false).member, "n2");
  settings.tags.raw["replicatefrom"] = "n1";
  EXPECT_EQ(follow_target(view, settings, false).member, "n2");
}

TEST_F(Follow, NostreamFollowsNobody) {
  settings.tags.raw["nostream"] = true;
  EXPECT_EQ(follow_target(view, settings, false), FollowTarget{});
}

TEST_F(Follow, TheStandbyLeaderFollowsTheRemotePrimary) {
  settings.dynamic.standby_cluster = StandbyClusterSettings{.host = "a,b", .port = "6432", .primary_slot_name = "far"};
  EXPECT_EQ(follow_target(view, settings, true), (FollowTarget{"", "a,b", "6432", "far", true}));
  EXPECT_EQ(follow_target(view, settings, false).member, "n2");
  view.leader.reset();
  EXPECT_EQ(follow_target(view, settings, false).host, "a,b");
}

TEST_F(Follow, OnlyTheStandbyLeaderUsesTheSlotOnTheRemotePrimary) {
  settings.dynamic.standby_cluster = StandbyClusterSettings{.host = "a", .primary_slot_name = "far"};
  view.leader.reset();
  EXPECT_EQ(follow_target(view, settings, true), (FollowTarget{"", "a", "5432", "far", true}));
  EXPECT_EQ(follow_target(view, settings, false), (FollowTarget{"", "a", "5432", "", true}));
  settings.dynamic.standby_cluster->primary_slot_name.reset();
  EXPECT_EQ(follow_target(view, settings, true).slot, "");
}

TEST_F(Follow, AStandbyClusterThatOnlyRestoresStreamsFromNobody) {
  settings.dynamic.standby_cluster = StandbyClusterSettings{.restore_command = "cp /a/%f %p"};
  EXPECT_EQ(follow_target(view, settings, true), (FollowTarget{"", "", "5432", "", true}));
}

TEST(RemotePrimary, HasEveryHostInItsUrl) {
  EXPECT_EQ(remote_primary({.host = "a", .port = "6432"}).conn_url, "postgres://a:6432/postgres");
  EXPECT_EQ(remote_primary({.host = "a"}).conn_url, "postgres://a:5432/postgres");
  EXPECT_EQ(remote_primary({.host = "a,b", .port = "1,2"}).conn_url, "postgres://a:1,b:2/postgres");
  EXPECT_EQ(remote_primary({.host = "fd00::1,b", .port = "7"}).conn_url, "postgres://[fd00::1]:7,b:7/postgres");
}

TEST(SlotName, IsTheMemberNameInThePermittedCharacters) {
  EXPECT_EQ(slot_name_for("Node-1.example"), "node_1_example");
  EXPECT_EQ(slot_name_for("a b"), "au0032b");
  EXPECT_EQ(slot_name_for("n\xC3\xA4"), "nu0228");
  EXPECT_EQ(slot_name_for("\xF0\x9F\x98\x80"), "u128512");
  EXPECT_EQ(slot_name_for(std::string(80, 'x')).size(), 63u);
}

TEST(SlotName, SurvivesBrokenUtf8) {
  EXPECT_FALSE(slot_name_for("\xF0").empty());
  EXPECT_FALSE(slot_name_for("a\xFF\xFE").empty());
}

TEST_F(Follow, ClonesComeFromWillingHealthyReplicasElseFromTheLeader) {
  EXPECT_EQ(clone_source(view, "n1", 0)->name, "n2");
  view.members[2].tags.raw["clonefrom"] = true;
  EXPECT_EQ(clone_source(view, "n1", 0)->name, "n3");
  view.members[2].state = PgState::Starting;
  EXPECT_EQ(clone_source(view, "n1", 0)->name, "n2");
  view.leader.reset();
  EXPECT_EQ(clone_source(view, "n1", 0), nullptr);
}

TEST_F(Follow, SeveralWillingReplicasAreChosenByThePick) {
  view.members.push_back(member("n4"));
  view.members[2].tags.raw["clonefrom"] = true;
  view.members[3].tags.raw["clonefrom"] = true;
  EXPECT_EQ(clone_source(view, "n1", 0)->name, "n3");
  EXPECT_EQ(clone_source(view, "n1", 1)->name, "n4");
  EXPECT_EQ(clone_source(view, "n4", 1)->name, "n3");
}

}  // namespace
}  // namespace tamada
