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
  SlotsPlan as_leader(const std::vector<SlotInfo>& existing = {}) {
    return plan_slots(view, settings, {.holds_lock = true, .in_recovery = false, .retained = retained()}, existing);
  }
  SlotsPlan as_standby(const std::vector<SlotInfo>& existing = {}) {
    view.leader->generation.holder = "n2";
    return plan_slots(view, settings, {.version = version, .replayed = replayed}, existing);
  }
  SlotsPlan as_primary(const std::vector<SlotInfo>& existing = {}) {
    return plan_slots(view, settings, {.holds_lock = true, .in_recovery = false, .version = version}, existing);
  }
  void publish(const std::string& slot, std::uint64_t position) {
    if (!view.status) view.status.emplace();
    view.status->slots[slot] = position;
  }
  void logical_slot() {
    settings.dynamic.slots["changes"] = json::object{{"database", "app"}, {"plugin", "test_decoding"}};
  }
  static SlotInfo of_member(const std::string& name) { return {.name = name, .restart_lsn = Lsn{1}}; }
  static SlotInfo changes(std::uint64_t confirmed) {
    return {.name = "changes",
            .physical = false,
            .plugin = "test_decoding",
            .database = "app",
            .restart_lsn = Lsn{100},
            .confirmed_flush_lsn = Lsn{confirmed}};
  }
  Lsn replayed{5000};
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

Names names_of(const std::vector<SlotsPlan::Drop>& drops) {
  Names names;
  for (const auto& drop : drops) names.push_back(drop.name);
  return names;
}
Names names_of(const std::vector<PermanentSlot>& slots) {
  Names names;
  for (const auto& slot : slots) names.push_back(slot.name);
  return names;
}

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
  EXPECT_EQ(names_of(as_leader({{.name = "gone"}}).drop), Names{"gone"});
}

TEST_F(Slots, NothingIsDroppedThatIsActiveTemporaryRetainedOrSomebodyElses) {
  view.status = StatusDocument{{}, {}, {"kept"}};
  settings.dynamic.ignore_slots = {json::object{{"name", "mine"}, {"type", "physical"}}};
  settings.dynamic.slots["permanent"] = json::object{};
  std::vector<SlotInfo> existing = {
      {.name = "a", .active = true},           {.name = "b", .temporary = true},
      {.name = "c", .failover = true},         {.name = "kept", .restart_lsn = Lsn{1}},
      {.name = "mine", .restart_lsn = Lsn{1}}, {.name = "permanent", .restart_lsn = Lsn{1}},
  };
  EXPECT_EQ(names_of(as_standby(existing).drop), Names{});
  std::erase_if(existing, [](const SlotInfo& slot) { return slot.name == "kept"; });
  EXPECT_EQ(names_of(as_leader(existing).drop), Names{});
}

TEST_F(Slots, OfAMemberThatIsAwayIsKeptForTheTimeOfTheSettings) {
  look(true, 1000s);
  EXPECT_EQ(retained(), (Names{"n1", "n2", "n3"})) << "its own is for those who lead later";
  leave("n3");
  look(true, 1000s + 30min - 1s);
  EXPECT_EQ(names_of(as_leader({{.name = "n2"}, {.name = "n3"}}).drop), Names{});
  EXPECT_EQ(as_leader({{.name = "n2"}}).create, Names{"n3"});
  look(true, 1000s + 30min);
  EXPECT_EQ(retained(), (Names{"n1", "n2"}));
  EXPECT_EQ(names_of(as_leader({{.name = "n2"}, {.name = "n3"}}).drop), Names{"n3"});
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
  EXPECT_EQ(names_of(as_standby({of_member("n1"), of_member("n2"), of_member("n3")}).drop), Names{"n1"})
      << "nobody streams from itself";
  EXPECT_EQ(as_standby({of_member("n2")}).create, Names{});
}

TEST_F(Slots, ANewLeaderAndARestartedDaemonKeepWhatWasPublishedAndCountAnew) {
  leave("n3");
  view.status = StatusDocument{{}, {}, {"n1", "n2", "n3"}};
  look(true, 5000s);
  EXPECT_EQ(names_of(as_leader({{.name = "n2"}, {.name = "n3"}}).drop), Names{});
  look(true, 5000s + 30min);
  EXPECT_EQ(names_of(as_leader({{.name = "n2"}, {.name = "n3"}}).drop), Names{"n3"})
      << "its own list does not renew itself";
}

TEST_F(Slots, OfAbsentMembersAreNotKeptWhereThatIsNotKnown) {
  look(true, 1000s);
  leave("n3");
  look(true, 1060s);
  for (const Compatibility level : {Compatibility::V1_5, Compatibility::V3_0}) {
    settings.compatibility = level;
    EXPECT_EQ(retained(), Names{});
    EXPECT_EQ(names_of(as_leader({{.name = "n2"}, {.name = "n3"}}).drop), Names{"n3"});
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
  EXPECT_EQ(names_of(as_leader({{.name = "gone"}}).drop), Names{});
  settings.dynamic.pause = false;
  view.leader.reset();
  EXPECT_EQ(names_of(plan_slots(view, settings, {}, {{.name = "gone"}}).drop), Names{});
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

using Advances = std::vector<SlotsPlan::Advance>;

TEST_F(Slots, OfOthersAreMovedOnAStandbyToWhatTheLeaderPublishedAndNotBeyondItsOwnWal) {
  publish("n2", 4000);
  publish("n3", 9000);
  const std::vector<SlotInfo> existing = {{.name = "n2", .restart_lsn = Lsn{1000}},
                                          {.name = "n3", .restart_lsn = Lsn{1000}}};
  EXPECT_EQ(as_standby(existing).advance, (Advances{{"n2", "", Lsn{4000}}, {"n3", "", Lsn{5000}}}));
  publish("n2", 900);
  EXPECT_EQ(as_standby(existing).advance, (Advances{{"n3", "", Lsn{5000}}})) << "never back";
  version = 100000;
  EXPECT_TRUE(as_standby(existing).advance.empty());
}

TEST_F(Slots, AreNotMovedWhereTheirMemberStreamsFromHere) {
  publish("n3", 4000);
  view.members[2].tags.raw["replicatefrom"] = "n1";
  EXPECT_TRUE(as_standby({{.name = "n3", .restart_lsn = Lsn{1000}}}).advance.empty());
  view.members[2].tags.raw.clear();
  EXPECT_TRUE(as_standby({{.name = "n3", .active = true, .restart_lsn = Lsn{1000}}}).advance.empty());
}

TEST_F(Slots, OfCascadingMembersAreMovedByWhatTheyPublishThemselvesAlsoOnTheLeader) {
  view.members[2].tags.raw["replicatefrom"] = "n2";
  view.members[2].xlog_location = Lsn{3000};
  publish("n3", 4000);
  const std::vector<SlotInfo> existing = {{.name = "n2", .restart_lsn = Lsn{1000}},
                                          {.name = "n3", .restart_lsn = Lsn{1000}}};
  EXPECT_EQ(as_primary(existing).advance, (Advances{{"n3", "", Lsn{3000}}})) << "n2 streams from here";
  EXPECT_EQ(as_standby(existing).advance, (Advances{{"n3", "", Lsn{3000}}}));
}

TEST_F(Slots, AreMovedByTheMembersOwnWordsWhileTheLeaderIsOfBefore4) {
  publish("n3", 4000);
  view.members[2].xlog_location = Lsn{3000};
  view.members[1].version = "3.0.2";
  EXPECT_EQ(as_standby({{.name = "n3", .restart_lsn = Lsn{1000}}}).advance, (Advances{{"n3", "", Lsn{3000}}}));
  view.members[1].version = "4.1.4";
  EXPECT_EQ(as_standby({{.name = "n3", .restart_lsn = Lsn{1000}}}).advance, (Advances{{"n3", "", Lsn{4000}}}));
}

TEST_F(Slots, WhatAPrimaryToldThatLostTheStoreCountsMore) {
  publish("n3", 2000);
  view.leader->generation.holder = "n2";
  const SlotsSide side{.version = version, .replayed = replayed, .told = SlotPositions{{"n3", 4000}}};
  EXPECT_EQ(plan_slots(view, settings, side, {{.name = "n3", .restart_lsn = Lsn{1000}}}).advance,
            (Advances{{"n3", "", Lsn{4000}}}));
}

TEST_F(Slots, OnAStandbyThatHoldNothingOrHoldBackVacuumAreMadeAnew) {
  const SlotInfo empty{.name = "n3"};
  const SlotInfo holding{.name = "n3", .restart_lsn = Lsn{1000}, .has_xmin = true};
  for (const SlotInfo& slot : {empty, holding}) {
    const SlotsPlan plan = as_standby({{.name = "n2", .restart_lsn = Lsn{1}}, slot});
    EXPECT_EQ(names_of(plan.drop), Names{"n3"});
    EXPECT_EQ(plan.create, Names{"n3"});
  }
  view.leader->generation.holder = "n1";
  EXPECT_TRUE(as_primary({{.name = "n2"}, holding}).drop.empty()) << "its member streams from here";
}

TEST_F(Slots, ThatLostTheirWalAreMadeAnewButNotUnderSomebodyWhoUsesThem) {
  SlotInfo lost{.name = "n3", .restart_lsn = Lsn{1}, .wal_status = "lost", .invalid = true};
  EXPECT_EQ(names_of(as_primary({{.name = "n2"}, lost}).drop), Names{"n3"});
  EXPECT_EQ(as_primary({{.name = "n2"}, lost}).create, Names{"n3"});
  lost.active = true;
  EXPECT_TRUE(as_primary({{.name = "n2"}, lost}).drop.empty());
  lost.active = false;
  settings.dynamic.pause = true;
  EXPECT_TRUE(as_primary({{.name = "n2"}, lost}).drop.empty());
  EXPECT_TRUE(as_primary({{.name = "n2"}, lost}).create.empty());
}

TEST_F(Slots, APermanentPhysicalOneIsMovedOnStandbysAndLeftToItsUserOnThePrimary) {
  settings.dynamic.slots["keep"] = json::object{};
  publish("keep", 4000);
  const std::vector<SlotInfo> existing = {{.name = "keep", .restart_lsn = Lsn{1000}}};
  EXPECT_EQ(as_standby(existing).advance, (Advances{{"keep", "", Lsn{4000}}}));
  view.leader->generation.holder = "n1";
  EXPECT_TRUE(as_primary(existing).advance.empty());
}

TEST_F(Slots, ClusterTypeSaysWhereAPhysicalOneIs) {
  settings.dynamic.slots["a"] = json::object{{"type", "physical"}, {"cluster_type", "primary"}};
  settings.dynamic.slots["b"] = json::object{{"type", "physical"}, {"cluster_type", "standby"}};
  EXPECT_EQ(as_primary().create, (Names{"a", "n2", "n3"}));
  settings.dynamic.standby_cluster = StandbyClusterSettings{.host = "remote"};
  EXPECT_EQ(as_primary().create, (Names{"b", "n2", "n3"}));
  EXPECT_EQ(names_of(as_primary({of_member("a")}).drop), Names{"a"});
}

TEST_F(Slots, ALogicalOneIsMadeOnThePrimaryAndCopiedByStandbysOnceItIsPublished) {
  logical_slot();
  EXPECT_EQ(names_of(as_primary().create_logical), Names{"changes"});
  EXPECT_TRUE(as_primary().copy.empty());
  EXPECT_TRUE(as_standby().copy.empty()) << "the leader has none yet";
  publish("changes", 4000);
  const SlotsPlan plan = as_standby();
  EXPECT_EQ(plan.copy, (std::vector<PermanentSlot>{
                           {.name = "changes", .physical = false, .database = "app", .plugin = "test_decoding"}}));
  EXPECT_TRUE(plan.create_logical.empty());
}

TEST_F(Slots, ALogicalOneIsMovedToWhatItsConsumerConfirmed) {
  logical_slot();
  publish("changes", 4000);
  EXPECT_EQ(as_standby({changes(1000)}).advance, (Advances{{"changes", "app", Lsn{4000}}}));
  replayed = Lsn{3000};
  EXPECT_EQ(as_standby({changes(1000)}).advance, (Advances{{"changes", "app", Lsn{3000}}}));
  EXPECT_TRUE(as_standby({changes(3000)}).advance.empty());
  view.leader->generation.holder = "n1";
  EXPECT_TRUE(as_primary({changes(1000)}).advance.empty());
}

TEST_F(Slots, ALogicalOneThatIsAnothersOrLostIsDroppedBeforeItIsCopied) {
  logical_slot();
  publish("changes", 4000);
  SlotInfo other = changes(1000);
  other.plugin = "pgoutput";
  SlotInfo lost = changes(1000);
  lost.invalid = true;
  for (const SlotInfo& slot : {other, lost}) {
    const SlotsPlan plan = as_standby({slot});
    EXPECT_EQ(names_of(plan.drop), Names{"changes"});
    EXPECT_TRUE(plan.copy.empty()) << "not over the old one";
    EXPECT_EQ(names_of(as_primary({slot}).create_logical), Names{"changes"});
    view.leader->generation.holder = "n2";
  }
}

TEST_F(Slots, LogicalOnesAreOnlyWhereTheyCanBeAndAreNeeded) {
  logical_slot();
  publish("changes", 4000);
  settings.tags.raw["nofailover"] = true;
  EXPECT_TRUE(as_standby().copy.empty());
  EXPECT_EQ(names_of(as_standby({changes(1)}).drop), Names{"changes"});
  settings.tags.raw = {{"replicatefrom", "n3"}};
  view.members[2].tags.raw["nostream"] = true;
  EXPECT_TRUE(as_standby().copy.empty()) << "below a nostream member";
  view.members[2].tags.raw.clear();
  EXPECT_FALSE(as_standby().copy.empty());
  settings.tags.raw.clear();
  version = 100000;
  EXPECT_TRUE(as_standby().copy.empty());
  view.leader->generation.holder = "n1";
  EXPECT_EQ(as_primary().warnings.size(), 1u);
  EXPECT_TRUE(as_primary().create_logical.empty());
  version = 150000;
  settings.dynamic.standby_cluster = StandbyClusterSettings{.host = "remote"};
  EXPECT_TRUE(as_primary().create_logical.empty());
  EXPECT_TRUE(logical_slots(settings, version).empty());
}

TEST_F(Slots, ALogicalOneCannotHaveAMembersName) {
  settings.dynamic.slots["n3"] = json::object{{"database", "app"}, {"plugin", "test_decoding"}};
  const SlotsPlan plan = as_primary();
  EXPECT_EQ(plan.create, (Names{"n2", "n3"}));
  EXPECT_TRUE(plan.create_logical.empty());
  ASSERT_EQ(plan.warnings.size(), 1u);
  EXPECT_NE(plan.warnings[0].find("'n3'"), std::string::npos);
}

TEST_F(Slots, AStrangersLogicalOneStaysOnThePrimaryAndGoesOnAStandby) {
  EXPECT_TRUE(as_primary({changes(1000)}).drop.empty());
  EXPECT_EQ(names_of(as_standby({changes(1000)}).drop), Names{"changes"});
  settings.dynamic.ignore_slots = {json::object{{"database", "app"}, {"plugin", "test_decoding"}, {"type", "logical"}}};
  EXPECT_TRUE(as_standby({changes(1000)}).drop.empty());
}

TEST_F(Slots, WithFailoverArePostgresOwn) {
  logical_slot();
  publish("changes", 4000);
  SlotInfo synced = changes(1000);
  synced.failover = true;
  synced.plugin = "pgoutput";
  for (const SlotsPlan& plan : {as_primary({synced}), as_standby({synced})}) {
    EXPECT_TRUE(plan.drop.empty() && plan.advance.empty() && plan.copy.empty() && plan.create_logical.empty());
  }
}

TEST_F(Slots, ThePublishedPositionsAreThoseOfTheLevel) {
  logical_slot();
  settings.dynamic.slots["keep"] = json::object{};
  SlotInfo synced{.name = "n3", .restart_lsn = Lsn{9}, .failover = true};
  const std::vector<SlotInfo> existing = {changes(1000),
                                          {.name = "keep", .restart_lsn = Lsn{700}},
                                          {.name = "n2", .restart_lsn = Lsn{800}},
                                          {.name = "strange", .restart_lsn = Lsn{1}},
                                          synced};
  const auto published = [&] {
    return published_slots(view, settings, {.holds_lock = true, .in_recovery = false, .version = version}, existing);
  };
  EXPECT_EQ(published(), (SlotPositions{{"changes", 1000}, {"keep", 700}, {"n2", 800}}));
  EXPECT_TRUE(publishes_own_slot(settings, version));
  settings.dynamic.member_slots_ttl = 0s;
  EXPECT_EQ(published(), (SlotPositions{{"changes", 1000}, {"keep", 700}}));
  EXPECT_FALSE(publishes_own_slot(settings, version));
  settings.compatibility = Compatibility::V3_0;
  EXPECT_EQ(published(), (SlotPositions{{"changes", 1000}}));
  settings.compatibility = Compatibility::V1_5;
  EXPECT_TRUE(published().empty());
}

TEST_F(Slots, FeedbackIsForcedWhereLogicalOnesAreAndAboveThem) {
  EXPECT_FALSE(needs_feedback(&view, settings, version));
  logical_slot();
  EXPECT_TRUE(needs_feedback(&view, settings, version));
  settings.tags.raw["nofailover"] = true;
  EXPECT_FALSE(needs_feedback(&view, settings, version));
  EXPECT_TRUE(needs_feedback(nullptr, settings, version)) << "a gap without it cannot be mended";
  view.members[2].tags.raw["replicatefrom"] = "n2";
  view.members[1].tags.raw["replicatefrom"] = "n1";
  EXPECT_TRUE(needs_feedback(&view, settings, version)) << "n3 is below it";
}

TEST(CatalogProof, IsFeedbackInForceBeforeTheLeaderLetsRowsGo) {
  const SlotInfo here{.name = "changes", .physical = false, .catalog_xmin = 700};
  SlotInfo leader = here;
  SlotInfo feedback{.name = "n1"};
  CatalogProof proof;
  EXPECT_FALSE(prove_catalog(proof, here, &leader, &feedback)) << "no feedback has arrived";
  feedback.catalog_xmin = 700;
  EXPECT_TRUE(prove_catalog(proof, here, &leader, &feedback));
  leader.catalog_xmin = 900;
  EXPECT_TRUE(prove_catalog(proof, here, &leader, &feedback)) << "from then on the feedback holds them";
  feedback.catalog_xmin = 0;
  EXPECT_FALSE(prove_catalog(proof, here, &leader, &feedback)) << "it was lost in between";
  feedback.catalog_xmin = 700;
  EXPECT_FALSE(prove_catalog(proof, here, &leader, &feedback)) << "the leader may have removed rows from 700 to 900";
  SlotInfo moved = here;
  moved.catalog_xmin = feedback.catalog_xmin = 900;
  EXPECT_TRUE(prove_catalog(proof, moved, &leader, &feedback));
}

TEST(CatalogProof, DoesNotTrustFeedbackThatIsNewerThanTheSlot) {
  const SlotInfo here{.name = "changes", .physical = false, .catalog_xmin = 700};
  const SlotInfo leader = here;
  const SlotInfo feedback{.name = "n1", .catalog_xmin = 800};
  CatalogProof proof;
  EXPECT_FALSE(prove_catalog(proof, here, &leader, &feedback));
  const SlotInfo old{.name = "n1", .catalog_xmin = 4294967000u};  // before the counter began anew
  EXPECT_TRUE(prove_catalog(proof, here, &leader, &old));
}

TEST_F(Slots, FeedbackOfACascadeArrivesUnderTheMemberNextToTheLeader) {
  view.leader->generation.holder = "n2";
  EXPECT_EQ(feedback_slot(view, settings), "n1");
  settings.tags.raw["replicatefrom"] = "n3";
  EXPECT_EQ(feedback_slot(view, settings), "n3");
  view.members[2].tags.raw["replicatefrom"] = "n2";
  EXPECT_EQ(feedback_slot(view, settings), "n3");
}

TEST_F(Slots, AreLeftAloneWhenTheyAreNotUsed) {
  settings.postgresql.use_slots = false;
  const SlotsPlan plan = as_leader({{.name = "gone"}});
  EXPECT_TRUE(plan.create.empty() && plan.drop.empty());
}

}  // namespace
}  // namespace tamada
