#include "core/election.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

using namespace fact;

constexpr Instant kNow{1000s};

class Election : public ::testing::Test {
 protected:
  Election() {
    o.my_name = settings.name = "n1";
    o.store = StoreReach::Fresh;
    for (const char* name : {"n1", "n2", "n3"}) {
      Member m;
      m.name = name;
      m.api_url = std::string("http://") + name + ":8008/patroni";
      view.members.push_back(m);
    }
    o.postgres.process = ProcessState::Running;
    o.postgres.row = StatusRow{.in_recovery = true, .timeline = Timeline{3}, .received_lsn = Lsn{1000}};
    o.survey = PeerSurvey{kNow, kNow, {}};
    answer("n2", 1000);
    answer("n3", 1000);
  }
  PeerReport& answer(const std::string& name, std::uint64_t position) {
    std::erase_if(o.survey->reports, [&](const PeerReport& r) { return r.member == name; });
    PeerReport r{.member = name, .url = "http://" + name, .answered = true, .in_recovery = true};
    r.position = Lsn{position};
    r.timeline = Timeline{3};
    r.position_final = r.receiver_stopped = true;
    o.survey->reports.push_back(r);
    return o.survey->reports.back();
  }
  void silent(const std::string& name) {
    answer(name, 0) = PeerReport{.member = name, .url = "http://" + name, .problem = "no answer"};
  }
  ElectionInput in() { return {o, memory, view, settings, kNow, wall}; }
  fact::Peers peers() { return judge_peers(in(), own_standing(in()), true).peers; }

  Observation o;
  ClusterView view;
  Memory memory;
  Settings settings;
  WallTime wall{std::chrono::seconds(1'700'000'000)};
};

TEST_F(Election, NobodyObjectsWhenAllAreEqual) {
  EXPECT_EQ(peers(), Peers::NobodyObjects);
}

TEST_F(Election, AnUnreachableMemberNeverObjects) {
  silent("n2");
  silent("n3");
  EXPECT_EQ(peers(), Peers::NobodyObjects);
}

TEST_F(Election, AMemberThatWasNotAskedLeavesTheAnswerOpen) {
  std::erase_if(o.survey->reports, [](const PeerReport& r) { return r.member == "n3"; });
  EXPECT_EQ(peers(), Peers::Unknown);
}

TEST_F(Election, AnswersCountForOneSecondAfterTheSurveyWasComplete) {
  o.survey->completed_at = kNow - 1s;
  EXPECT_EQ(peers(), Peers::NobodyObjects);
  o.survey->completed_at = o.survey->asked_at = kNow - 1s - 1us;
  EXPECT_EQ(peers(), Peers::Unknown);
}

TEST_F(Election, AnswersFromBeforeTheLockVanishedDoNotCount) {
  memory.unlocked_since = kNow - 100ms;
  o.survey->asked_at = kNow - 200ms;
  EXPECT_EQ(peers(), Peers::Unknown);
}

TEST_F(Election, AMemberOfTheLastHealthyViewIsAskedAlthoughItsKeyExpired) {
  memory.last_healthy_members = view.members;
  view.members.pop_back();
  EXPECT_EQ(opponents(in()).size(), 2u);
}

TEST_F(Election, InAStandbyClusterALittleMoreWalCountsOnlyUntilTheDelayIsOver) {
  answer("n2", 1001);
  EXPECT_EQ(peers(), Peers::Ahead);
  settings.dynamic.standby_cluster.emplace();
  EXPECT_EQ(peers(), Peers::NobodyObjects);
  EXPECT_EQ(judge_peers(in(), own_standing(in()), false).peers, Peers::Ahead);
  answer("n2", 1001 + settings.dynamic.maximum_lag_on_failover);
  EXPECT_EQ(peers(), Peers::Ahead);
}

TEST_F(Election, APrimaryBlocksEvenACandidate) {
  view.failover = FailoverRequest{.candidate = "n1"};
  answer("n3", 5000);
  EXPECT_EQ(peers(), Peers::NobodyObjects);
  answer("n2", 0).is_primary = true;
  EXPECT_EQ(peers(), Peers::PrimaryAlive);
}

TEST_F(Election, APrimaryBlocksAlthoughItsTagSaysNofailover) {
  PeerReport& n2 = answer("n2", 0);
  n2.is_primary = true;
  n2.tags.raw["nofailover"] = true;
  EXPECT_EQ(peers(), Peers::PrimaryAlive);
}

TEST_F(Election, AheadMembersThatMayNotLeadAreIgnored) {
  answer("n2", 5000).tags.raw["nofailover"] = true;
  answer("n3", 5000).watchdog_failed = true;
  EXPECT_EQ(peers(), Peers::NobodyObjects);
  answer("n3", 5000);
  EXPECT_EQ(peers(), Peers::Ahead);
}

TEST_F(Election, ASickMemberIsNotWaitedForAndDoesNotTakeOver) {
  answer("n2", 5000).sick = true;
  answer("n3", 1000);
  EXPECT_EQ(peers(), Peers::NobodyObjects);
  o.lock.held = LockGeneration{"n1", 7, "a"};
  answer("n2", 1000).sick = true;
  silent("n3");
  const SuccessorResult result = judge_successors(in(), std::nullopt);
  EXPECT_EQ(result.successor, Successor::No);
  EXPECT_NE(result.details[0].find("sick"), std::string::npos) << result.details[0];
}

TEST_F(Election, ASickMemberDoesNotRaceUnlessAnOperatorNamesIt) {
  settings.postgresql.health.checks[HealthCheck::Storage] = {HealthPolicy::Failover, 30s};
  o.health.checks[HealthCheck::Storage] = {CheckState::Kind::Trouble, kNow - 29s, "it hangs"};
  EXPECT_EQ(own_standing(in()).standing, Standing::Clear);
  o.health.checks[HealthCheck::Storage].since = kNow - 30s;
  EXPECT_EQ(own_standing(in()).standing, Standing::Sick);
  view.failover = FailoverRequest{.leader = "n2", .candidate = "n1"};
  EXPECT_EQ(own_standing(in()).standing, Standing::Sick) << "a switchover goes to who is well";
  view.failover = FailoverRequest{.candidate = "n1"};
  EXPECT_EQ(own_standing(in()).standing, Standing::Candidate);
}

TEST_F(Election, ANewerTimelineIsAheadOfAnyPosition) {
  answer("n2", 900).timeline = Timeline{4};
  EXPECT_EQ(peers(), Peers::Ahead);
  answer("n2", 1100).timeline = Timeline{2};
  EXPECT_EQ(peers(), Peers::NobodyObjects);
  answer("n2", 1100).timeline = Timeline{};
  EXPECT_EQ(peers(), Peers::Ahead);
}

TEST_F(Election, AStoreThatWentBackWaitsForEverybodysAnswer) {
  const auto judge = [this] { return judge_went_back(in(), own_standing(in())); };
  EXPECT_EQ(judge(), WentBack::No);
  memory.store_went_back = true;
  memory.old_locks_end = kNow + 1us;
  EXPECT_EQ(judge(), WentBack::Yes);
  memory.old_locks_end = kNow;
  EXPECT_EQ(judge(), WentBack::No);
  silent("n2");
  EXPECT_EQ(judge(), WentBack::Yes);
  o.survey->reports.back().standby = true;
  EXPECT_EQ(judge(), WentBack::No) << "it may wait for a leader's WAL before it can tell more (simulation seed 802045)";
  silent("n2");
  o.survey->reports.back().server_down = true;
  EXPECT_EQ(judge(), WentBack::No) << "its data directory is lost or being repaired (simulation seed 910499)";
  silent("n2");
  view.failover = FailoverRequest{.candidate = "n1"};
  EXPECT_EQ(judge(), WentBack::No) << "an operator's candidate";
  answer("n3", 1000).is_primary = true;
  EXPECT_EQ(judge(), WentBack::Yes);
  answer("n3", 1000);
  view.failover.reset();
  std::erase_if(view.members, [](const Member& m) { return m.name == "n2"; });
  EXPECT_EQ(judge(), WentBack::No) << "n2 is no member any more";
  memory.went_back_members.push_back(Member{.name = "n2", .api_url = "http://n2:8008/patroni"});
  EXPECT_EQ(judge(), WentBack::Yes) << "n2 was a member before";
  o.survey.reset();
  EXPECT_EQ(judge(), WentBack::Unknown);
}

TEST_F(Election, PriorityDecidesOnlyAmongEqualPositions) {
  answer("n2", 999).tags.raw["failover_priority"] = 9;
  EXPECT_EQ(peers(), Peers::NobodyObjects);
  answer("n2", 1000).tags.raw["failover_priority"] = 9;
  EXPECT_EQ(peers(), Peers::Preferred);
  settings.tags.raw["failover_priority"] = 9;
  EXPECT_EQ(peers(), Peers::NobodyObjects);
}

TEST_F(Election, AMovingPositionDelaysUntilTheDelayIsOver) {
  answer("n2", 500).position_final = false;
  EXPECT_EQ(judge_peers(in(), own_standing(in()), false).peers, Peers::Moving);
  EXPECT_EQ(judge_peers(in(), own_standing(in()), true).peers, Peers::NobodyObjects);
}

TEST_F(Election, AnExpiredPositionObjectsOnlyUntilTheDelayIsOver) {
  for (const std::uint64_t position : {500, 5000}) {
    answer("n2", position).position_expired = true;
    EXPECT_EQ(judge_peers(in(), own_standing(in()), false).peers, Peers::Moving);
    EXPECT_EQ(judge_peers(in(), own_standing(in()), true).peers, Peers::NobodyObjects);
  }
  answer("n2", 5000).position_expired = true;
  answer("n3", 2000);
  EXPECT_EQ(peers(), Peers::Ahead);
}

TEST_F(Election, EveryMessageNamesMemberAndUrl) {
  silent("n3");
  for (const std::string& line : judge_peers(in(), own_standing(in()), true).details) {
    EXPECT_TRUE(line.find("n2 (http://n2)") != line.npos || line.find("n3 (http://n3)") != line.npos) << line;
  }
}

TEST_F(Election, LagCountsFromThePublishedPosition) {
  settings.dynamic.maximum_lag_on_failover = 100;
  view.status = StatusDocument{Lsn{1100}, {}, {}};
  EXPECT_EQ(own_standing(in()).standing, Standing::Clear);
  view.status->optime = Lsn{1101};
  EXPECT_EQ(own_standing(in()).standing, Standing::Lagging);
}

TEST_F(Election, WalBeyondWhereTheClusterLeftATimelineCountsForNothing) {
  const std::uint64_t allowed = settings.dynamic.maximum_lag_on_failover;
  view.status = StatusDocument{};
  view.status->optime = Lsn{1000 + allowed};
  view.history = HistoryDocument{};
  view.history->lines = {{.timeline = Timeline{2}, .lsn = Lsn{500}}, {.timeline = Timeline{3}, .lsn = Lsn{1000}}};
  view.history->cluster_timeline = Timeline{4};
  o.postgres.row->received_lsn = Lsn{2000 + allowed};
  EXPECT_EQ(own_standing(in()).standing, Standing::Clear) << "all but what is allowed";
  ++view.status->optime.bytes;
  EXPECT_EQ(own_standing(in()).standing, Standing::Lagging);
  EXPECT_NE(own_standing(in()).because.find("left that timeline"), std::string::npos);
  o.postgres.row->timeline = Timeline{4};
  EXPECT_EQ(own_standing(in()).standing, Standing::Clear);
  o.lock.held = LockGeneration{"n1", 7, "a"};
  answer("n3", 2000 + allowed).tags.raw["nofailover"] = true;
  answer("n2", 2000 + allowed);
  EXPECT_EQ(judge_successors(in(), std::nullopt).successor, Successor::No);
  answer("n2", 2000 + allowed).timeline = Timeline{4};
  EXPECT_EQ(judge_successors(in(), std::nullopt).successor, Successor::Yes);
  // A timeline that nobody went on from: no more than where the cluster passed it by.
  view.history->lines.pop_back();
  o.postgres.row->timeline = Timeline{3};
  EXPECT_EQ(own_standing(in()).standing, Standing::Lagging);
}

TEST_F(Election, ASwitchoverCandidateMustBeCompleteAForcedOneNot) {
  settings.dynamic.maximum_lag_on_failover = 100;
  view.status = StatusDocument{Lsn{9999}, {}, {}};
  view.failover = FailoverRequest{.leader = "n2", .candidate = "n1"};
  EXPECT_EQ(own_standing(in()).standing, Standing::Lagging);
  view.failover->leader.clear();
  EXPECT_EQ(own_standing(in()).standing, Standing::Candidate);
}

TEST_F(Election, AnUnknownPositionIsNoPermission) {
  o.postgres.row.reset();
  EXPECT_EQ(own_standing(in()).standing, Standing::Unknown);
}

TEST_F(Election, CheckTimelineNeedsAKnownAndCurrentTimeline) {
  settings.dynamic.check_timeline = true;
  view.history = HistoryDocument{{}, 1, Timeline{4}};
  EXPECT_EQ(own_standing(in()).standing, Standing::OldTimeline);
  o.postgres.row->timeline = Timeline{0};
  EXPECT_EQ(own_standing(in()).standing, Standing::Unknown);
  o.postgres.row->timeline = Timeline{4};
  EXPECT_EQ(own_standing(in()).standing, Standing::Clear);
}

TEST_F(Election, SynchronousNamesAreComparedWithoutCase) {
  settings.dynamic.synchronous_mode = SynchronousMode::On;
  view.sync = SyncState{"N2", {"N1"}, 0, 5};
  EXPECT_EQ(own_standing(in()).standing, Standing::Clear);
  view.sync.standbys = {"n3"};
  EXPECT_EQ(own_standing(in()).standing, Standing::NotSynchronous);
}

TEST_F(Election, SynchronousModeThatWasNeverActivatedRestrictsNobody) {
  settings.dynamic.synchronous_mode = SynchronousMode::On;
  EXPECT_EQ(own_standing(in()).standing, Standing::Clear);
}

TEST_F(Election, AQuorumCountsMembersThatAreNotAhead) {
  settings.dynamic.synchronous_mode = SynchronousMode::Quorum;
  view.sync = SyncState{"n2", {"n1", "n3"}, 1, 5};
  silent("n2");
  EXPECT_EQ(peers(), Peers::NobodyObjects);
  view.sync.quorum = 2;
  EXPECT_EQ(peers(), Peers::TooFewVotes);
  view.sync.standbys = {"n3"};  // we are no voter: one vote less
  view.sync.quorum = 1;
  EXPECT_EQ(peers(), Peers::TooFewVotes);
}

// Found by seed 900898: after a switchover the only other voter was gone, and two complete members waited for it.
TEST_F(Election, WhoLedTheQuorumAndHasStoppedAtWhatWeHaveConfirmsEverything) {
  settings.dynamic.synchronous_mode = SynchronousMode::Quorum;
  view.sync = SyncState{"n2", {"n1", "n3"}, 1, 5};
  silent("n3");
  const std::uint64_t mine = o.postgres.row->position().bytes;
  answer("n2", mine);
  EXPECT_EQ(peers(), Peers::NobodyObjects);
  answer("n2", mine + 1);
  EXPECT_EQ(peers(), Peers::TooFewVotes);
  answer("n2", mine).receiver_stopped = false;
  EXPECT_EQ(peers(), Peers::TooFewVotes);
  answer("n2", mine).timeline = Timeline{2};
  EXPECT_EQ(peers(), Peers::TooFewVotes);
  answer("n2", mine);
  view.sync.standbys = {"n3"};
  EXPECT_EQ(peers(), Peers::TooFewVotes) << "/sync does not name us";
}

// Found by seed 900535: each waited for the other for ever.
TEST_F(Election, WhoTheQuorumCannotMakeLeaderDoesNotStandInTheWay) {
  settings.dynamic.synchronous_mode = SynchronousMode::Quorum;
  view.sync = SyncState{"n1", {}, 0, 5};
  answer("n2", 1000);
  answer("n3", 2000);
  EXPECT_EQ(peers(), Peers::NobodyObjects);
  view.sync = SyncState{"n1", {"n2"}, 0, 5};
  EXPECT_EQ(peers(), Peers::Ahead) << "n2's vote could make n3 leader";
}

TEST_F(Election, AQuorumThatStillStandsInSyncCountsInTheOtherMode) {
  settings.dynamic.synchronous_mode = SynchronousMode::On;
  view.sync = SyncState{"n2", {"n1", "n3"}, 1, 5};
  silent("n2");
  EXPECT_EQ(peers(), Peers::NobodyObjects);
  answer("n3", 1000).receiver_stopped = false;
  EXPECT_EQ(peers(), Peers::TooFewVotes);
}

TEST_F(Election, TheVotesThatWonTheLockStand) {
  settings.dynamic.synchronous_mode = SynchronousMode::Quorum;
  view.sync = SyncState{"n2", {"n1", "n3"}, 1, 5};
  silent("n2");
  answer("n3", 1000).receiver_stopped = false;
  o.lock.held = LockGeneration{"n1", 7, "a"};
  EXPECT_EQ(peers(), Peers::TooFewVotes);
  memory.asked_for_lock_at = kNow;
  EXPECT_EQ(peers(), Peers::NobodyObjects);
}

TEST_F(Election, AVoterStopsReceivingAndFollowsNobody) {
  settings.dynamic.synchronous_mode = SynchronousMode::Quorum;
  view.sync = SyncState{"n2", {"n1", "n3"}, 1, 5};
  o.postgres.row->server_version = 150000;
  EXPECT_TRUE(votes_by_quorum(view, settings, o.postgres));
  o.postgres.row->server_version = 120000;
  EXPECT_FALSE(votes_by_quorum(view, settings, o.postgres));
  o.follow_differs = true;
  EXPECT_EQ(stopped_receiving(o), false);
  o.follow_differs = false;
  o.postgres.row->receiver_status = "streaming";
  EXPECT_EQ(stopped_receiving(o), false);
  o.postgres.row->receiver_status.clear();
  EXPECT_EQ(stopped_receiving(o), true);
  o.follow_differs.reset();
  EXPECT_EQ(stopped_receiving(o), std::nullopt);
}

TEST_F(Election, TwoEqualReadingsAreNoVote) {
  settings.dynamic.synchronous_mode = SynchronousMode::Quorum;
  view.sync = SyncState{"n2", {"n1", "n3"}, 1, 5};
  silent("n2");
  answer("n3", 1000).receiver_stopped = false;
  EXPECT_EQ(peers(), Peers::TooFewVotes);
}

TEST_F(Election, ARequestedCandidateThatIsHealthyGoesFirst) {
  view.failover = FailoverRequest{.leader = "n2", .candidate = "n3"};
  EXPECT_EQ(peers(), Peers::CandidateTakesOver);
  silent("n3");
  EXPECT_EQ(peers(), Peers::NobodyObjects);
  view.failover->candidate = "gone";
  EXPECT_EQ(peers(), Peers::NobodyObjects);
}

// Simulation seed 802241: n1 waited for n3, which must not race.
TEST_F(Election, NobodyWaitsForAMemberOutsideTheFailsafeMap) {
  settings.dynamic.failsafe_mode = true;
  view.failsafe = {{"n1", "http://n1:8008/patroni"}, {"n2", "http://n2:8008/patroni"}};
  silent("n2");
  view.failover = FailoverRequest{.leader = "n1"};
  EXPECT_EQ(peers(), Peers::NobodyObjects);
  view.failover.reset();
  answer("n3", 2000);
  EXPECT_EQ(peers(), Peers::NobodyObjects);
  EXPECT_EQ(judge_successors(in(), view.failover).successor, fact::Successor::No);
  view.failover = FailoverRequest{.leader = "n2", .candidate = "n3"};
  EXPECT_EQ(peers(), Peers::CandidateTakesOver) << "an operator's word";
  EXPECT_EQ(judge_successors(in(), view.failover).successor, fact::Successor::Yes);
  view.failsafe.emplace("n3", "http://n3:8008/patroni");
  view.failover.reset();
  EXPECT_EQ(peers(), Peers::Ahead);
}

TEST_F(Election, TheFormerLeaderOfARequestComesLast) {
  view.failover = FailoverRequest{.leader = "n1"};
  EXPECT_EQ(peers(), Peers::OthersTakeOver);
  silent("n2");
  silent("n3");
  EXPECT_EQ(peers(), Peers::NobodyObjects);
}

TEST_F(Election, SuccessorsAreJudgedByLagTagsWatchdogAndTimeline) {
  const auto successor = [&] { return judge_successors(in(), std::nullopt).successor; };
  EXPECT_EQ(successor(), Successor::Yes);
  silent("n3");
  view.status = StatusDocument{Lsn{99'000'000}, {}, {}};
  EXPECT_EQ(successor(), Successor::No);
  view.status.reset();
  answer("n2", 1000).watchdog_failed = true;
  EXPECT_EQ(successor(), Successor::No);
  answer("n2", 1000).tags.raw["nofailover"] = true;
  EXPECT_EQ(successor(), Successor::No);
  settings.dynamic.check_timeline = true;
  view.history = HistoryDocument{{}, 1, Timeline{4}};
  answer("n2", 1000);
  EXPECT_EQ(successor(), Successor::No);
  answer("n2", 1000).timeline = Timeline{4};
  EXPECT_EQ(successor(), Successor::Yes);
  o.survey.reset();
  EXPECT_EQ(successor(), Successor::Unknown);
}

TEST_F(Election, WithoutAnyCandidateNobodyHasToBeAsked) {
  o.survey.reset();
  view.members.resize(1);
  EXPECT_EQ(judge_successors(in(), std::nullopt).successor, Successor::No);
}

TEST_F(Election, AFormerHolderIsOverWhenItSaysSoOrItsTimeHasPassed) {
  memory.last_generation.holder = "n2";
  memory.former_leader_valid_until = kNow + 10s;
  EXPECT_EQ(judge_former_holder(in()), FormerHolder::Over);  // n2 answered as a standby
  silent("n2");
  EXPECT_EQ(judge_former_holder(in()), FormerHolder::MayLive);
  view.members[1].state = PgState::Stopped;
  EXPECT_EQ(judge_former_holder(in()), FormerHolder::Over);
  view.members[1].state = PgState::Running;
  memory.former_leader_valid_until = kNow;
  EXPECT_EQ(judge_former_holder(in()), FormerHolder::Over);
}

}  // namespace
}  // namespace tamada
