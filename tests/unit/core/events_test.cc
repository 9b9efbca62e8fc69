#include "core/events.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

using Kind = Event::Kind;
constexpr Instant kNow{1000s};

class Events : public ::testing::Test {
 protected:
  void happen(const Event& event, Instant now = kNow) { memory = apply_event(memory, event, now, settings); }
  Memory memory;
  Settings settings;
};

TEST_F(Events, AVoluntaryReleaseHoldsTheRaceOffForTwoSeconds) {
  happen({.kind = Kind::LockReleased, .voluntary = true});
  EXPECT_EQ(memory.no_race.until, kNow + 2s);
}

TEST_F(Events, AReleaseThatIsNotVoluntaryDoesNot) {
  happen({.kind = Kind::LockReleased});
  EXPECT_EQ(memory.no_race.until, kLongAgo);
}

TEST_F(Events, AFailedPrePromoteHoldsTheRaceOffForTtlAndNoShorterEventShortensThat) {
  happen({.kind = Kind::PromoteFailed, .pre_promote = true, .detail = "exit code 1"});
  happen({.kind = Kind::LockReleased, .voluntary = true});
  EXPECT_EQ(memory.no_race.until, kNow + settings.dynamic.ttl);
  EXPECT_NE(memory.no_race.why.find("exit code 1"), std::string::npos);
}

TEST_F(Events, LaunchesThatFollowEachOtherWaitOneTwoAndFiveSeconds) {
  for (const Duration pause : {1s, 2s, 5s, 5s}) {
    happen({.kind = Kind::StartLaunched, .as_primary = true});
    EXPECT_EQ(memory.no_restart.until, kNow + pause);
  }
}

TEST_F(Events, ARestartThatAnOperatorAskedForIsNoAttemptUnlessItFails) {
  happen({.kind = Kind::StartLaunched, .ordered = true});
  happen({.kind = Kind::StartSucceeded, .ordered = true});
  EXPECT_EQ(memory.no_restart.until, kLongAgo);
  happen({.kind = Kind::StartLaunched});
  EXPECT_EQ(memory.no_restart.until, kNow + 1s) << "a crash afterwards is the first attempt";
  happen({.kind = Kind::StartLaunched, .ordered = true});
  happen({.kind = Kind::StartFailed, .ordered = true, .detail = "no such file"});
  EXPECT_EQ(memory.no_restart.until, kNow + 2s);
}

TEST_F(Events, AStartThatIsNotEvenLaunchedIsHeldBackToo) {
  happen({.kind = Kind::StartFailed, .as_primary = true, .detail = "no such file"});
  EXPECT_EQ(memory.no_restart.until, kNow + 1s);
  EXPECT_EQ(memory.primary_failed_at, kNow);
  EXPECT_TRUE(memory.last_start_failed);
}

TEST_F(Events, PrimaryStartTimeoutRunsFromTheFirstFailure) {
  happen({.kind = Kind::StartFailed, .as_primary = true});
  happen({.kind = Kind::StartFailed, .as_primary = true}, kNow + 40s);
  happen({.kind = Kind::StartSucceeded, .as_primary = true}, kNow + 50s);
  EXPECT_EQ(memory.primary_failed_at, kNow);
}

TEST_F(Events, AGoodStartForgetsTheFailedOneAndAFinishedRewind) {
  happen({.kind = Kind::StartFailed});
  happen({.kind = Kind::RewindDone, .ok = true});
  happen({.kind = Kind::CrashRecoveryDone, .ok = true});
  memory.rewind = RewindState::Success;
  happen({.kind = Kind::StartSucceeded});
  EXPECT_FALSE(memory.last_start_failed);
  EXPECT_FALSE(memory.crash_recovery_tried);
  EXPECT_EQ(memory.rewind, RewindState::Initial);
  EXPECT_EQ(memory.role, Role::Replica);
}

TEST_F(Events, ComparisonsMoveTheRewindState) {
  happen({.kind = Kind::Demoted});
  EXPECT_EQ(memory.rewind, RewindState::Check);
  happen({.kind = Kind::CompareDone});
  EXPECT_EQ(memory.rewind, RewindState::Check);
  EXPECT_EQ(memory.inconclusive_at, kNow);
  happen({.kind = Kind::CompareDone, .diverged = true, .detail = "timeline 1 left at 0/3000000"});
  EXPECT_EQ(memory.rewind, RewindState::Need);
  EXPECT_EQ(memory.rewind_because, "timeline 1 left at 0/3000000");
  happen({.kind = Kind::RewindDone, .leader_went_away = true});
  EXPECT_EQ(memory.rewind, RewindState::Need);
  happen({.kind = Kind::RewindDone});
  EXPECT_EQ(memory.rewind, RewindState::Failed);
  happen({.kind = Kind::DataDirRemoved});
  EXPECT_EQ(memory.rewind, RewindState::Initial);
}

TEST_F(Events, ANeededRewindIsNotForgottenByAnotherDemotion) {
  memory.rewind = RewindState::Need;
  happen({.kind = Kind::Demoted});
  EXPECT_EQ(memory.rewind, RewindState::Need);
}

TEST_F(Events, APromotionForgetsWhatWasComparedAndItsCheckpoint) {
  memory.checkpoint_done = true;
  memory.rewind = RewindState::NotNeed;
  happen({.kind = Kind::Promoted});
  EXPECT_FALSE(memory.checkpoint_done);
  EXPECT_EQ(memory.rewind, RewindState::Initial);
  EXPECT_EQ(memory.role, Role::Primary);
}

TEST_F(Events, AStandbyLeaderThatHandsOverIsAReplica) {
  memory.role = Role::StandbyLeader;
  happen({.kind = Kind::Demoted, .ok = true});
  EXPECT_EQ(memory.role, Role::Replica);
  happen({.kind = Kind::BootstrapDone, .ok = true});
  EXPECT_EQ(memory.role, Role::StandbyLeader);
  happen({.kind = Kind::BootstrapDone, .ok = true, .as_primary = true});
  EXPECT_EQ(memory.role, Role::Primary);
}

TEST_F(Events, AFailedBootstrapIsRemembered) {
  happen({.kind = Kind::BootstrapDone, .detail = "initdb failed"});
  EXPECT_EQ(memory.bootstrap_failed, "initdb failed");
}

}  // namespace
}  // namespace tamada
