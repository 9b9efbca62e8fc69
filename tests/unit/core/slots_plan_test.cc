#include "core/slots_plan.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

Member member(const std::string& name) {
  Member m;
  m.name = name;
  m.conn_url = "postgres://" + name + ":5432/postgres";
  return m;
}

class Slots : public ::testing::Test {
 protected:
  Slots() {
    view.members = {member("n1"), member("n2"), member("n3")};
    view.leader = LeaderEntry{{"n1", 7, "lease"}, 7};
    settings.name = "n1";
  }
  SlotsPlan as_leader(const std::vector<ExistingSlot>& existing = {}) {
    return plan_slots(view, settings, true, false, existing);
  }
  SlotsPlan as_standby(const std::vector<ExistingSlot>& existing = {}) {
    view.leader->generation.holder = "n2";
    return plan_slots(view, settings, false, true, existing);
  }
  ClusterView view;
  Settings settings;
};

using Names = std::vector<std::string>;

TEST_F(Slots, TheLeaderHasOneForEveryOtherMember) {
  EXPECT_EQ(as_leader().create, (Names{"n2", "n3"}));
}

TEST_F(Slots, AStandbyHasThemToo) {
  EXPECT_EQ(as_standby().create, (Names{"n2", "n3"}));
}

TEST_F(Slots, ANofailoverStandbyHasOnlyThoseOfMembersThatReplicateFromIt) {
  settings.tags.raw["nofailover"] = true;
  EXPECT_EQ(as_standby().create, Names{});
  view.members[2].tags.raw["replicatefrom"] = "n1";
  EXPECT_EQ(as_standby().create, Names{"n3"});
}

TEST_F(Slots, WithoutRetentionCascadingMembersHaveNoneOnTheLeader) {
  settings.dynamic.member_slots_ttl = 0s;
  view.members[2].tags.raw["replicatefrom"] = "n2";
  EXPECT_EQ(as_leader().create, Names{"n2"});
  view.members[2].tags.raw["replicatefrom"] = "unregistered";
  EXPECT_EQ(as_leader().create, (Names{"n2", "n3"}));
}

TEST_F(Slots, MembersThatDoNotStreamHaveNone) {
  view.members[1].tags.raw["nostream"] = true;
  EXPECT_EQ(as_leader().create, Names{"n3"});
}

TEST_F(Slots, AMemberThatLeftLosesItsSlot) {
  EXPECT_EQ(as_leader({{.name = "gone"}}).drop, Names{"gone"});
}

TEST_F(Slots, NothingIsDroppedThatIsActiveTemporaryRetainedOrSomebodyElses) {
  view.status = StatusDocument{{}, {}, {"kept"}};
  settings.dynamic.ignore_slots = {json::object{{"name", "mine"}, {"type", "physical"}}};
  settings.dynamic.slots["permanent"] = json::object{};
  const std::vector<ExistingSlot> existing = {
      {.name = "a", .active = true},
      {.name = "b", .temporary = true},
      {.name = "c", .failover = true},
      {.name = "d", .physical = false},
      {.name = "kept"},
      {.name = "mine"},
      {.name = "permanent"},
  };
  EXPECT_EQ(as_leader(existing).drop, Names{});
}

TEST_F(Slots, NothingIsDroppedInPauseOrWithoutALeader) {
  settings.dynamic.pause = true;
  EXPECT_EQ(as_leader({{.name = "gone"}}).drop, Names{});
  settings.dynamic.pause = false;
  view.leader.reset();
  EXPECT_EQ(plan_slots(view, settings, false, true, {{.name = "gone"}}).drop, Names{});
}

TEST_F(Slots, TwoMembersWithOneSlotNameAreReported) {
  view.members.push_back(member("N2"));
  const SlotsPlan plan = as_leader();
  EXPECT_EQ(plan.create, (Names{"n2", "n3"}));
  ASSERT_EQ(plan.warnings.size(), 1u);
  EXPECT_NE(plan.warnings[0].find("'N2'"), std::string::npos);
}

TEST_F(Slots, PermanentPhysicalSlotsAreMadeExceptTheOwnName) {
  settings.dynamic.slots["keep"] = json::object{{"type", "physical"}};
  settings.dynamic.slots["n1"] = json::object{};
  settings.dynamic.slots["logical"] = json::object{{"database", "a"}, {"plugin", "b"}};
  settings.dynamic.slots["Bad Name"] = json::object{};
  const SlotsPlan plan = as_leader();
  EXPECT_EQ(plan.create, (Names{"keep", "n2", "n3"}));
  EXPECT_EQ(plan.warnings.size(), 1u);
}

TEST_F(Slots, AreLeftAloneWhenTheyAreNotUsed) {
  settings.postgresql.use_slots = false;
  const SlotsPlan plan = as_leader({{.name = "gone"}});
  EXPECT_TRUE(plan.create.empty() && plan.drop.empty());
}

}  // namespace
}  // namespace tamada
