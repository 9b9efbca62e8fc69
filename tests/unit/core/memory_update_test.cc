#include "core/memory_update.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

class Remember : public ::testing::Test {
 protected:
  Remember() {
    settings.name = o.my_name = "n1";
    o.store = StoreReach::Fresh;
    o.view = ClusterView{};
    o.view->initialize = InitializeKey{"7000000000000000001", 1};
    o.view->store_id = "a";
    o.view->revision = 100;
    o.postgres.data_dir = DataDirState::Present;
    standby();
    leader("n2");
  }
  void leader(const std::string& name) {
    ++o.view->revision;
    o.view->leader.reset();
    if (!name.empty()) o.view->leader = LeaderEntry{{name, o.view->revision, "lease"}, o.view->revision};
  }
  void standby() {
    o.postgres.process = ProcessState::Running;
    o.postgres.row = StatusRow{};
    o.postgres.row->in_recovery = true;
  }
  void primary() {
    standby();
    o.postgres.row->in_recovery = false;
  }
  void stopped() {
    o.postgres.process = ProcessState::NotRunning;
    o.postgres.row.reset();
  }
  void look() {
    memory = remember(memory, o, now, settings);
    memory.role = published_role(memory, o, settings);
  }
  Observation o;
  Memory memory;
  Settings settings;
  Instant now{1000s};
};

TEST_F(Remember, AKeyThatVanishedTtlAfterItsLastSignOfLifeHasExpired) {
  look();
  now += 30s;
  leader("");
  look();
  EXPECT_EQ(memory.lock_vanished_at, now);
  EXPECT_FALSE(memory.former_leader_valid_until);
}

TEST_F(Remember, AKeyThatVanishedSoonerMayStillBeBelievedInByItsHolder) {
  look();
  now += 20s;
  ++o.view->status_revision;  // a renewal that carried the position
  look();
  now += 15s;
  leader("");
  look();
  EXPECT_EQ(memory.former_leader_valid_until, now + 30s);
}

TEST_F(Remember, AStandbyThatReceivesNothingOrNeverGetsReadyIsComparedAgain) {
  for (const bool starts : {false, true}) {
    memory = {};
    standby();
    if (starts) o.postgres.row.reset();
    o.postgres.recovery_configured = true;
    leader("n2");
    look();
    memory.rewind = RewindState::Success;
    now += 19s;
    look();
    EXPECT_EQ(memory.rewind, RewindState::Success);
    now += 1s;
    look();
    EXPECT_EQ(memory.rewind, RewindState::Check) << starts;
  }
  memory.rewind = RewindState::Success;
  o.procedure.kind = ProcedureKind::Start;
  now += 60s;
  look();
  EXPECT_EQ(memory.rewind, RewindState::Success) << "somebody waits for it already";
}

TEST_F(Remember, WhoWasBlindWhileTheLockVanishedDoesNotKnowWhoseItWas) {
  Member other;
  other.name = "n3";
  other.role = Role::Primary;
  for (const bool seen_free_before : {false, true}) {
    memory = {};
    leader("n2");
    look();
    if (seen_free_before) {
      now += 40s;
      leader("");
      look();
    }
    o.store = StoreReach::Unreachable;
    now += 50s;
    look();
    o.store = StoreReach::Fresh;
    leader("");
    o.view->members = {other};
    look();
    EXPECT_EQ(memory.former_leader_valid_until, now + 30s);
    EXPECT_EQ(memory.last_generation.holder, "n3");
    now += 1s;
    look();
    EXPECT_EQ(memory.former_leader_valid_until, now + 29s) << "counted once";
    o.view->members.clear();
  }
}

TEST_F(Remember, WhomANewProcessFindsAsPrimaryWithoutAKeyMayBelieveInIt) {
  for (const Role role : {Role::Primary, Role::Replica}) {
    memory = {};
    leader("");
    Member other;
    other.name = "n2";
    other.role = role;
    o.view->members = {other};
    look();
    EXPECT_EQ(memory.former_leader_valid_until.has_value(), role == Role::Primary);
    if (role == Role::Primary) EXPECT_EQ(memory.last_generation.holder, "n2");
  }
}

TEST_F(Remember, TheOwnKeyIsNoFormerLeader) {
  leader("n1");
  look();
  leader("");
  look();
  EXPECT_FALSE(memory.former_leader_valid_until);
  EXPECT_TRUE(memory.unlocked_since);
}

TEST_F(Remember, ANewLeaderEndsTheTimeWithoutOne) {
  look();
  leader("");
  look();
  leader("n3");
  look();
  EXPECT_FALSE(memory.unlocked_since);
  EXPECT_EQ(memory.last_healthy_leader, "n3");
}

TEST_F(Remember, AnotherStoreOrALowerRevisionIsAStoreThatWentBack) {
  look();
  EXPECT_FALSE(memory.store_went_back);
  o.view->revision = 50;
  look();
  EXPECT_TRUE(memory.store_went_back);

  memory = {};
  look();
  o.view->store_id = "b";
  look();
  EXPECT_TRUE(memory.store_went_back);
}

TEST_F(Remember, AVanishedIdentifierIsAWipedStore) {
  look();
  leader("");
  o.view->initialize.reset();
  look();
  EXPECT_TRUE(memory.store_went_back);
}

TEST_F(Remember, AnOldLeaderKeyOfASnapshotIsNoSignThatThePrimaryHasPublished) {
  look();
  o.view->revision = 50;
  o.view->leader->generation.create_revision = 40;
  look();
  look();
  EXPECT_TRUE(memory.store_went_back);
  o.view->revision = 51;
  o.view->status_revision = 51;
  look();
  EXPECT_FALSE(memory.store_went_back);
}

TEST_F(Remember, AStandbyThatReceivesNothingIsComparedAgain) {
  o.postgres.process = ProcessState::Running;
  o.postgres.row = StatusRow{.in_recovery = true, .receiver_status = "streaming"};
  memory.role_callback_ran = true;
  leader("n2");
  look();
  memory.rewind = RewindState::NotNeed;
  now += 1h;
  look();
  EXPECT_EQ(memory.rewind, RewindState::NotNeed);
  o.postgres.row->receiver_status.clear();
  look();
  now += 2 * settings.dynamic.loop_wait - 1us;
  look();
  EXPECT_EQ(memory.rewind, RewindState::NotNeed);
  now += 1us;
  look();
  EXPECT_EQ(memory.rewind, RewindState::Check);
}

TEST_F(Remember, AStandbyLeaderThatReceivesNothingIsComparedWithTheRemoteAgain) {
  settings.dynamic.standby_cluster = StandbyClusterSettings{.host = "far"};
  memory.role_callback_ran = true;
  leader("n1");
  o.lock.held = o.view->leader->generation;
  look();
  memory.rewind = RewindState::NotNeed;
  now += 2 * settings.dynamic.loop_wait - 1us;
  look();
  EXPECT_EQ(memory.rewind, RewindState::NotNeed);
  now += 1us;
  look();
  EXPECT_EQ(memory.rewind, RewindState::Check);
  settings.dynamic.standby_cluster->host.clear();  // it only restores: there is nobody to ask
  memory.rewind = RewindState::NotNeed;
  now += 1h;
  look();
  EXPECT_EQ(memory.rewind, RewindState::NotNeed);
}

TEST_F(Remember, WhenTheClusterBeginsOrEndsToFollowARemoteHistoriesAreComparedAnew) {
  memory.role_callback_ran = true;
  look();
  memory.rewind = RewindState::NotNeed;
  settings.dynamic.standby_cluster = StandbyClusterSettings{.host = "far"};
  look();
  EXPECT_EQ(memory.rewind, RewindState::Check);
  memory.rewind = RewindState::NotNeed;
  look();
  EXPECT_EQ(memory.rewind, RewindState::NotNeed);
  settings.dynamic.standby_cluster.reset();
  look();
  EXPECT_EQ(memory.rewind, RewindState::Check);
}

TEST_F(Remember, AViewThatIsNotFreshTeachesNothing) {
  o.store = StoreReach::Doubtful;
  look();
  EXPECT_FALSE(memory.saw_fresh_view);
  EXPECT_FALSE(memory.store_id);
}

TEST_F(Remember, ACrashOfThePrimaryStartsItsPatienceOnce) {
  primary();
  look();
  stopped();
  look();
  const auto first = memory.primary_failed_at;
  EXPECT_EQ(first, now);
  now += 5s;
  look();
  EXPECT_EQ(memory.primary_failed_at, first);
}

TEST_F(Remember, OnlyAMinuteOfWritableServiceEndsIt) {
  primary();
  look();
  stopped();
  look();
  primary();
  now += 5s;
  look();
  now += 59s;
  look();
  EXPECT_TRUE(memory.primary_failed_at);
  now += 1s;
  look();
  EXPECT_FALSE(memory.primary_failed_at);
}

TEST_F(Remember, AStandbyThatStopsHasNoPrimaryPatience) {
  look();
  stopped();
  look();
  EXPECT_FALSE(memory.primary_failed_at);
  EXPECT_EQ(memory.rewind, RewindState::Check);
}

TEST_F(Remember, TheEndOfAPauseHoldsRacesOffForOneLoopWait) {
  settings.dynamic.pause = true;
  memory.role_callback_ran = true;
  memory.rewind = RewindState::Failed;
  look();
  settings.dynamic.pause = false;
  look();
  EXPECT_EQ(memory.no_race.until, now + settings.dynamic.loop_wait);
  EXPECT_EQ(memory.rewind, RewindState::Initial);
}

TEST_F(Remember, ARoleIsShownForWhatRunsAndKeptForWhatCrashed) {
  o.lock.held = LockGeneration{"n1", 7, "lease"};
  primary();
  look();
  EXPECT_EQ(memory.role, Role::Primary);
  stopped();
  look();
  EXPECT_EQ(memory.role, Role::Primary);
  o.postgres.data_dir = DataDirState::Empty;
  look();
  EXPECT_EQ(memory.role, Role::Uninitialized);
}

TEST_F(Remember, APrimaryThatIsDownAndGaveItsLockBackDoesNotCallItselfOne) {
  leader("n1");
  o.lock.held = o.view->leader->generation;
  primary();
  look();
  stopped();
  look();
  EXPECT_EQ(memory.role, Role::Primary) << "it comes back as one";
  leader("");
  o.lock = {.held = std::nullopt, .unknown = true};
  look();
  EXPECT_EQ(memory.role, Role::Primary) << "the lock may be its own";
  o.lock = {};
  look();
  EXPECT_EQ(memory.role, Role::Demoted);
}

TEST_F(Remember, AServerThatIsFoundStoppedIsDemotedOrAReplica) {
  stopped();
  look();
  EXPECT_EQ(memory.role, Role::Demoted);
  memory = {};
  o.postgres.recovery_configured = true;
  look();
  EXPECT_EQ(memory.role, Role::Replica);
}

}  // namespace
}  // namespace tamada
