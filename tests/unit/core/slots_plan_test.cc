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
    return plan_slots(view, settings, {.holds_lock = true, .in_recovery = false, .retained = retained()}, existing);
  }
  SlotsPlan as_standby(const std::vector<ExistingSlot>& existing = {}) {
    view.leader->generation.holder = "n2";
    return plan_slots(view, settings, {}, existing);
  }
  // The store's view is looked at, and what the leader finds is published.
  void look(bool leads, Duration at) {
    now = Instant{at};
    remember_slots(memory, view, leads, settings, now);
    if (leads) view.status = StatusDocument{{}, {}, retained()};
  }
  void leave(const std::string& name) {
    std::erase_if(view.members, [&](const Member& m) { return m.name == name; });
  }
  std::vector<std::string> retained() const { return retained_slots(memory, settings, version, now); }
  Memory memory;
  Instant now{1000s};
  int version = 150000;
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
  std::vector<ExistingSlot> existing = {
      {.name = "a", .active = true},
      {.name = "b", .temporary = true},
      {.name = "c", .failover = true},
      {.name = "d", .physical = false},
      {.name = "kept"},
      {.name = "mine"},
      {.name = "permanent"},
  };
  EXPECT_EQ(as_standby(existing).drop, Names{});
  std::erase_if(existing, [](const ExistingSlot& slot) { return slot.name == "kept"; });
  EXPECT_EQ(as_leader(existing).drop, Names{});
}

TEST_F(Slots, OfAMemberThatIsAwayIsKeptForTheTimeOfTheSettings) {
  look(true, 1000s);
  EXPECT_EQ(retained(), (Names{"n1", "n2", "n3"})) << "its own is for those who lead later";
  leave("n3");
  look(true, 1000s + 30min - 1s);
  EXPECT_EQ(as_leader({{.name = "n2"}, {.name = "n3"}}).drop, Names{});
  EXPECT_EQ(as_leader({{.name = "n2"}}).create, Names{"n3"});
  look(true, 1000s + 30min);
  EXPECT_EQ(retained(), (Names{"n1", "n2"}));
  EXPECT_EQ(as_leader({{.name = "n2"}, {.name = "n3"}}).drop, Names{"n3"});
}

TEST_F(Slots, OfAMemberThatCameBackIsKeptForAsLongAgain) {
  look(true, 1000s);
  const ClusterView whole = view;
  leave("n3");
  look(true, 1000s + 29min);
  view.members = whole.members;
  look(true, 1000s + 29min + 1s);
  leave("n3");
  look(true, 1000s + 58min);
  EXPECT_EQ(retained(), (Names{"n1", "n2", "n3"}));
}

TEST_F(Slots, StandbysKeepWhatTheLeaderPublishesButMakeNoneOfIt) {
  leave("n3");
  view.status = StatusDocument{{}, {}, {"n1", "n2", "n3"}};
  EXPECT_EQ(as_standby({{.name = "n1"}, {.name = "n2"}, {.name = "n3"}}).drop, Names{"n1"})
      << "nobody streams from itself";
  EXPECT_EQ(as_standby({{.name = "n2"}}).create, Names{});
}

TEST_F(Slots, ANewLeaderAndARestartedDaemonKeepWhatWasPublishedAndCountAnew) {
  leave("n3");
  view.status = StatusDocument{{}, {}, {"n1", "n2", "n3"}};
  look(true, 5000s);
  EXPECT_EQ(as_leader({{.name = "n2"}, {.name = "n3"}}).drop, Names{});
  look(true, 5000s + 30min);
  EXPECT_EQ(as_leader({{.name = "n2"}, {.name = "n3"}}).drop, Names{"n3"}) << "its own list does not renew itself";
}

TEST_F(Slots, OfAbsentMembersAreNotKeptWhereThatIsNotKnown) {
  look(true, 1000s);
  leave("n3");
  look(true, 1060s);
  for (const Compatibility level : {Compatibility::V1_5, Compatibility::V3_0}) {
    settings.compatibility = level;
    EXPECT_EQ(retained(), Names{});
    EXPECT_EQ(as_leader({{.name = "n2"}, {.name = "n3"}}).drop, Names{"n3"});
  }
  settings.compatibility = Compatibility::V4_1;
  version = 100000;
  EXPECT_EQ(retained(), Names{});
  version = 150000;
  settings.dynamic.member_slots_ttl = 0s;
  EXPECT_EQ(retained(), Names{});
  settings.dynamic.member_slots_ttl = 1800s;
  settings.dynamic.slots["n2"] = json::object{};
  EXPECT_EQ(retained(), (Names{"n1", "n3"})) << "permanent ones need no keeping";
}

TEST_F(Slots, NothingIsDroppedInPauseOrWithoutALeader) {
  settings.dynamic.pause = true;
  EXPECT_EQ(as_leader({{.name = "gone"}}).drop, Names{});
  settings.dynamic.pause = false;
  view.leader.reset();
  EXPECT_EQ(plan_slots(view, settings, {}, {{.name = "gone"}}).drop, Names{});
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
