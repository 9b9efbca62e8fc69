// What must hold for every combination of facts (design.md S2, S6, S7; style: rules are checked exhaustively).
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "rules/decision_tree.h"

namespace tamada {
namespace {

using namespace fact;

bool only(const Box& box, Condition allowed) {
  return (box[static_cast<std::size_t>(allowed.id)] & static_cast<ValueSet>(~allowed.allowed)) == 0;
}

bool only(const Box& box, const When& all) {
  return std::all_of(all.begin(), all.end(), [&](const Condition& c) { return only(box, c); });
}

const std::vector<Leaf>& leaves() {
  static const std::vector<Leaf> all = [] {
    std::vector<Leaf> found;
    for_each_leaf(everything(), [&](const Leaf& leaf) {
      found.push_back(leaf);
      return true;
    });
    return found;
  }();
  return all;
}

TEST(Rules, EveryCombinationOfFactsHasARule) {
  EXPECT_GT(leaves().size(), 1000u);
  RecordProperty("leaves", static_cast<int>(leaves().size()));
  for (const Leaf& leaf : leaves()) ASSERT_NE(leaf.rule, nullptr) << to_string(leaf.box);
}

TEST(Rules, TheLeavesAreAllCombinationsAndDoNotOverlap) {
  long double total = 1;
  for (std::size_t i = 0; i < kFactCount; ++i) total *= fact_info(static_cast<FactId>(i)).values.size();
  long double sum = 0;
  for (const Leaf& leaf : leaves()) {
    long double size = 1;
    for (const ValueSet values : leaf.box) size *= std::popcount(static_cast<unsigned>(values));
    sum += size;
  }
  EXPECT_NEAR(static_cast<double>(sum / total), 1.0, 1e-12);
}

TEST(Rules, TheTreeAgreesWithTheSearchThatDecidesUse) {
  for (const Leaf& leaf : leaves()) ASSERT_EQ(find_rule(sample(leaf.box)).rule, leaf.rule) << to_string(leaf.box);
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    Box point = everything();
    for (std::size_t f = 0; f < kFactCount; ++f) {
      point[f] = static_cast<ValueSet>(1u << (random() % fact_info(static_cast<FactId>(f)).values.size()));
    }
    for_each_leaf(point, [&](const Leaf& leaf) {
      EXPECT_EQ(find_rule(sample(point)).rule, leaf.rule) << to_string(point);
      return true;
    });
  }
}

TEST(Rules, NoRowIsDead) {
  std::set<std::string_view> alive;
  for (const Leaf& leaf : leaves()) alive.insert(leaf.rule->id);
  for (const Situation& situation : rule_book()) {
    for (const Rule& rule : situation.rules) EXPECT_TRUE(alive.contains(rule.id)) << rule.id << " can never win";
  }
}

TEST(Rules, IdsAreUniqueAndEveryRowSaysWhy) {
  std::set<std::string_view> ids;
  for (const Situation& situation : rule_book()) {
    ASSERT_FALSE(situation.rules.empty()) << situation.name;
    for (const Rule& rule : situation.rules) {
      EXPECT_TRUE(ids.insert(rule.id).second) << rule.id << " is there twice";
      EXPECT_FALSE(rule.because.empty()) << rule.id;
      EXPECT_FALSE(rule.status.empty()) << rule.id;
    }
  }
}

// S2: no way of becoming writable without a proven lock that lasts long enough.
TEST(Rules, PromotionAndStartAsPrimaryNeedALockProvenLongEnough) {
  const When needed = {is(fact::Lock::Held), is(Leader::Me),       is(Validity::Enough), is(fact::Store::Fresh),
                       is(SystemId::Same),   is(ShuttingDown::No), is(Busy::Idle),       is(fact::Watchdog::Usable)};
  int seen = 0;
  for (const Leaf& leaf : leaves()) {
    const PlanKind plan = leaf.rule->then.plan;
    if (plan != PlanKind::Promote && plan != PlanKind::StartAsPrimary) continue;
    ++seen;
    EXPECT_TRUE(only(leaf.box, needed)) << leaf.rule->id << ": " << to_string(leaf.box);
    EXPECT_TRUE(leaf.rule->then.hold) << leaf.rule->id;
    if (plan == PlanKind::StartAsPrimary) EXPECT_TRUE(only(leaf.box, When{is(Paused::No), is(Postgres::Stopped)}));
    if (plan == PlanKind::Promote) EXPECT_TRUE(only(leaf.box, When{is(Postgres::Standby), is(NoFailover::No)}));
  }
  EXPECT_GT(seen, 1);
}

TEST(Rules, TheLockIsTakenOnlyOnAFreshViewThatShowsNobodyHoldingIt) {
  for (const Leaf& leaf : leaves()) {
    if (leaf.rule->then.plan != PlanKind::AcquireLock) continue;
    EXPECT_TRUE(only(leaf.box, {is(fact::Store::Fresh), is(Leader::Nobody), is(fact::Lock::NotHeld, fact::Lock::Lost),
                                is(Postgres::Primary, Postgres::Standby), is(LostRace::No), is(ShuttingDown::No),
                                is(Busy::Idle), is(SystemId::Same, SystemId::NoneInStore)}))
        << leaf.rule->id << ": " << to_string(leaf.box);
    if (only(leaf.box, is(Postgres::Standby))) {
      EXPECT_TRUE(only(leaf.box, {is(NoFailover::No), is(HeldOff::No), is(WentBack::No), is(Peers::NobodyObjects),
                                  is(FormerHolder::Over), is(OldLeader::Quiet), is(SystemId::Same),
                                  is(Standing::Clear, Standing::Candidate)}))
          << leaf.rule->id;
    }
  }
}

// safety.md 3.1: the lock goes back only when PostgreSQL cannot commit; in pause it is the operator's.
TEST(Rules, TheLockIsGivenBackOnlyWhenPostgresCannotCommitOrInPause) {
  for (const Leaf& leaf : leaves()) {
    if (leaf.rule->then.plan != PlanKind::ReleaseLock) continue;
    const bool stopped = only(leaf.box, is(Postgres::Stopped, Postgres::Standby)) || only(leaf.box, is(Writable::No));
    const bool paused = only(leaf.box, is(Paused::Yes));
    EXPECT_TRUE(stopped || paused) << leaf.rule->id << ": " << to_string(leaf.box);
    EXPECT_TRUE(only(leaf.box, is(fact::Lock::Held))) << leaf.rule->id;
    EXPECT_FALSE(leaf.rule->then.hold) << leaf.rule->id;
  }
}

// S7 where the cluster follows a remote primary: an operator's section names who has the data. It is rewound, never
// removed; and what an interrupted rewind left is no data yet.
bool rewinds_to_the_remote(const Leaf& leaf) {
  const PlanKind plan = leaf.rule->then.plan;
  return (plan == PlanKind::Rewind || plan == PlanKind::CrashRecovery) &&
         only(leaf.box, {is(StandbyCluster::Yes), is(Remote::Yes), is(fact::Store::Fresh), is(Repair::Rewind),
                         is(fact::Lock::Held, fact::Lock::NotHeld, fact::Lock::Lost)}) &&
         (only(leaf.box, is(Leader::Me, Leader::Other)) || only(leaf.box, is(Unfinished::Rewind)));
}

// S7, for what has data to lose.
TEST(Rules, DataIsDestroyedOnlyWhenAnotherMemberProvesToLeadInAFreshView) {
  for (const Leaf& leaf : leaves()) {
    if (!destroys(leaf.rule->then.plan)) continue;
    // A restore from a backup that was cut short in an empty directory is no data either.
    const bool no_data = only(leaf.box, is(DataDir::Empty)) || only(leaf.box, is(Unfinished::Fill));
    EXPECT_TRUE(no_data || rewinds_to_the_remote(leaf) ||
                only(leaf.box, {is(Leader::Other), is(fact::Store::Fresh), is(fact::Lock::NotHeld, fact::Lock::Lost)}))
        << leaf.rule->id << ": " << to_string(leaf.box);
    EXPECT_TRUE(only(leaf.box, is(fact::Store::Fresh))) << leaf.rule->id;
  }
}

TEST(Rules, OnlyGivingUpIsAllowedWhileTheViewIsDoubtful) {
  const std::set<PlanKind> harmless = {PlanKind::Keep, PlanKind::Demote, PlanKind::Cancel, PlanKind::StopLeftOver};
  for (const Leaf& leaf : leaves()) {
    if (!only(leaf.box, is(fact::Store::Doubtful, fact::Store::Unknown))) continue;
    EXPECT_TRUE(harmless.contains(leaf.rule->then.plan)) << leaf.rule->id << ": " << to_string(leaf.box);
  }
}

TEST(Rules, AMemberThatIsWritableWithoutALockGivesUpUnlessPaused) {
  Box box = everything();
  const auto restrict_to = [&](const Condition& c) { box[static_cast<std::size_t>(c.id)] &= c.allowed; };
  for (const Condition& c :
       {is(Postgres::Primary), is(Writable::Yes), is(Paused::No), is(fact::Lock::NotHeld), is(Busy::Idle),
        is(ShuttingDown::No), is(fact::Store::Fresh), is(Leader::Other), is(DataDir::Present), is(SystemId::Same),
        is(Unfinished::Nothing), is(StandbyCluster::No), is(Order::Nothing)}) {
    restrict_to(c);
  }
  for_each_leaf(box, [&](const Leaf& leaf) {
    EXPECT_EQ(leaf.rule->then.plan, PlanKind::Demote) << leaf.rule->id;
    EXPECT_EQ(leaf.rule->then.demote, DemoteMode::ImmediateNoLock) << leaf.rule->id;
    return true;
  });
}

TEST(Rules, ALockThatEndsStopsWhatMayBeWritable) {
  Box box = everything();
  for (const Condition& c : {is_not(Writable::No), is(Paused::No), is(fact::Lock::Held), is(Validity::Ending),
                             is(Busy::Idle), is(ShuttingDown::No)}) {
    box[static_cast<std::size_t>(c.id)] &= c.allowed;
  }
  for_each_leaf(box, [&](const Leaf& leaf) {
    EXPECT_EQ(leaf.rule->then.plan, PlanKind::Demote) << leaf.rule->id << ": " << to_string(leaf.box);
    return true;
  });
}

// safety.md 6.3: a promise is no promise if any table has a way around it. Only what is forgotten, by who was never
// asked, does not bind.
TEST(Rules, WhoPromisedNotToRaceTakesNothing) {
  int seen = 0;
  for (const Leaf& leaf : leaves()) {
    const PlanKind plan = leaf.rule->then.plan;
    if (plan != PlanKind::AcquireLock && plan != PlanKind::Bootstrap) continue;
    ++seen;
    EXPECT_TRUE(only(leaf.box, is(fact::Promise::None, fact::Promise::Forgotten)))
        << leaf.rule->id << ": " << to_string(leaf.box);
    if (plan != PlanKind::AcquireLock || only(leaf.box, is(Postgres::Primary))) continue;
    EXPECT_TRUE(only(leaf.box, is(fact::Promise::None))) << leaf.rule->id << ": " << to_string(leaf.box);
  }
  EXPECT_GT(seen, 3);
}

// A consent keeps a primary that runs; it is never a reason to become one, nor to stay beyond the lock's end.
TEST(Rules, AConsentOnlyKeepsWhatRuns) {
  int seen = 0;
  for (const Leaf& leaf : leaves()) {
    const auto asks = [](const Condition& c) { return c.id == FactId::Failsafe; };
    if (std::none_of(leaf.rule->when.begin(), leaf.rule->when.end(), asks)) continue;
    ++seen;
    EXPECT_TRUE(only(leaf.box, is(fact::Failsafe::Yes))) << leaf.rule->id;
    EXPECT_EQ(leaf.rule->then.plan, PlanKind::Keep) << leaf.rule->id;
    EXPECT_TRUE(leaf.rule->then.hold) << leaf.rule->id;
    EXPECT_TRUE(only(leaf.box, {is(fact::Lock::Held), is(Postgres::Primary), is(Busy::Idle)})) << leaf.rule->id;
    EXPECT_TRUE(only(leaf.box, is(Validity::Enough, Validity::Short)) || only(leaf.box, is(Paused::Yes)) ||
                only(leaf.box, is(Writable::No)))
        << leaf.rule->id << ": " << to_string(leaf.box);
  }
  EXPECT_GT(seen, 1);
}

// A limping primary is better than none, and nothing is concluded about a server that starts or is worked on.
TEST(Rules, SicknessEndsALeadOnlyWhereAnotherMemberCanTakeOver) {
  int seen = 0;
  for (const Leaf& leaf : leaves()) {
    if (leaf.rule->then.plan != PlanKind::Demote || leaf.rule->then.demote != DemoteMode::Sick) continue;
    ++seen;
    EXPECT_TRUE(
        only(leaf.box, {is(Health::Sick), is(Successor::Yes), is(Paused::No), is(Busy::Idle), is_not(ShuttingDown::Yes),
                        is(fact::Lock::Held), is(Leader::Me), is(Postgres::Primary, Postgres::Unresponsive)}))
        << leaf.rule->id << ": " << to_string(leaf.box);
    EXPECT_TRUE(leaf.rule->then.hold) << "the lock is kept until PostgreSQL has stopped";
  }
  EXPECT_GT(seen, 0);
}

// S6: where a rule takes or destroys although a fact is unknown, it does so whatever that fact is. Else forgetting the
// fact would turn waiting into taking.
TEST(Rules, ForgettingAFactNeverTurnsAPlanIntoOneThatTakesOrDestroys) {
  int looked_at = 0;
  for (const Leaf& leaf : leaves()) {
    if (!takes(leaf.rule->then.plan) && !destroys(leaf.rule->then.plan)) continue;
    for (std::size_t f = 0; f < kFactCount; ++f) {
      const auto id = static_cast<FactId>(f);
      if (!(leaf.box[f] & 1u) || leaf.box[f] == all_values(id)) continue;
      ++looked_at;
      Box known = leaf.box;
      known[f] = static_cast<ValueSet>(all_values(id) & ~leaf.box[f]);
      for_each_leaf(known, [&](const Leaf& other) {
        const bool same = other.rule->then.plan == leaf.rule->then.plan;
        // Giving the lock back is as good as any other way of giving up what was known before.
        EXPECT_TRUE(same) << "without knowing " << fact_info(id).name << ", " << leaf.rule->id << " wins over "
                          << other.rule->id << " at " << to_string(other.box);
        return same;
      });
      if (::testing::Test::HasFailure() && looked_at > 2000) return;
    }
  }
}

}  // namespace
}  // namespace tamada
