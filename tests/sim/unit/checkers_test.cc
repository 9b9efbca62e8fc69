// A checker that cannot fail is worse than none: each is shown what it must refuse.
#include <sys/wait.h>
#include <unistd.h>

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

struct Digest {
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  std::uint64_t acknowledged = 0;
};

// In a process of its own, as tamada-sim runs and replays it.
Digest run_apart(std::uint64_t seed) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    RunOptions options;
    options.seed = seed;
    options.minutes = std::chrono::minutes(4);
    const RunResult result = run_seed(options);
    const Digest digest{result.trace_hash, result.events, result.counts.acknowledged};
    _exit(write(ends[1], &digest, sizeof digest) == sizeof digest ? 0 : 1);
  }
  close(ends[1]);
  Digest digest;
  EXPECT_EQ(read(ends[0], &digest, sizeof digest), static_cast<ssize_t>(sizeof digest));
  close(ends[0]);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  return digest;
}

TEST(Runner, the_same_seed_gives_the_same_trace_twice) {
  const Digest one = run_apart(4);
  const Digest two = run_apart(4);
  EXPECT_EQ(one.hash, two.hash);
  EXPECT_EQ(one.events, two.events);
  EXPECT_GT(one.acknowledged, 100u);
  EXPECT_NE(run_apart(5).hash, one.hash);
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
