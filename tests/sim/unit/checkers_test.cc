// A checker that cannot fail is worse than none: each is shown what it must refuse.
#include "sim/checkers.h"

#include <gtest/gtest.h>

#include "sim/runner.h"

namespace tamada::sim {
namespace {

struct Checks : ::testing::Test {
  Prng random{9};
  SimCluster cluster{11, random_options(random)};
  Checkers checkers{cluster};

  void running(int m, bool daemon = true) {
    cluster.impairment(m).daemon_down = !daemon;
    SimPostgres& server = cluster.postgres(m);
    server.new_directory("7711229962259062644");
    (void)server.launch(true);
    cluster.world().run_until(cluster.world().now() + 30s);
    ASSERT_TRUE(server.writable());
  }
  int count(std::string_view invariant) const {
    int n = 0;
    for (const auto& v : checkers.violations()) n += v.invariant == invariant ? 1 : 0;
    return n;
  }
};

TEST_F(Checks, two_primaries_break_s1_and_the_lockless_one_s2) {
  running(0);
  running(1);
  cluster.world().run_until(cluster.world().now() + 2s);
  EXPECT_GT(count("S1"), 0);
}

TEST_F(Checks, an_overlap_of_a_dead_daemon_is_measured_and_not_reported) {
  running(0, false);
  running(1);
  cluster.world().run_until(cluster.world().now() + 2s);
  EXPECT_EQ(count("S1"), 0);
  EXPECT_GT(checkers.counts().overlaps_excused, 0u);
  EXPECT_GT(checkers.counts().longest_overlap.size(), 0u);
}

TEST_F(Checks, destroying_the_only_copy_breaks_s7) {
  running(0);
  cluster.world().run_until(cluster.world().now() + 1s);
  // A configured cluster without a lock.
  checkers.on_destroyed(cluster.postgres(0), PostgresWitness::Destroyed::Removed);
  EXPECT_EQ(count("S7"), 0);  // still bootstrapping: there is no /config
}

TEST(Runner, the_same_seed_gives_the_same_trace_twice) {
  RunOptions options;
  options.seed = 4;
  options.minutes = std::chrono::minutes(4);
  const RunResult one = run_seed(options);
  const RunResult two = run_seed(options);
  EXPECT_EQ(one.trace_hash, two.trace_hash);
  EXPECT_EQ(one.events, two.events);
  EXPECT_GT(one.counts.acknowledged, 100u);
  options.seed = 5;
  EXPECT_NE(run_seed(options).trace_hash, one.trace_hash);
}

TEST(Faults, steps_are_at_least_twenty_in_half_an_hour_and_ids_parse) {
  FaultPlan plan;
  plan.end = 30min;
  EXPECT_GE(plan_faults(plan, Prng(1)).size(), 20u);
  EXPECT_EQ(*parse_steps("3,5-7"), (std::vector<int>{3, 5, 6, 7}));
  EXPECT_FALSE(parse_steps("3,x").has_value());
}

}  // namespace
}  // namespace tamada::sim
