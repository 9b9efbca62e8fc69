#include "engine/health_keeper.h"

#include <gtest/gtest.h>

#include "support/engine_parts.h"
#include "support/run_task.h"

namespace tamada {
namespace {

using test::EngineParts;
using enum HealthCheck;

class Health : public ::testing::Test {
 protected:
  Health() {
    parts.configure([](Settings& s) {
      for (auto& check : s.postgresql.health.checks) check = {HealthPolicy::Failover, 30s};
    });
    parts.runs_as(true);
    parts.state.postgres.postmaster = PostmasterId{42, 1};
    keeper.look();
    keeper.start();
    parts.clock.settle();
  }
  ~Health() override {
    parts.clock.run(keeper.stop());
    parts.clock.run(runner.cancel_and_wait());
  }
  CheckState::Kind kind(HealthCheck check) const { return keeper.report().checks[check].kind; }

  EngineParts parts;
  ProcedureRunner runner{parts.clock.executor(), parts.clock, parts.log, [] {}};
  int changes = 0;
  HealthKeeper keeper{parts.clock.executor(), parts.state, runner, [this] { ++changes; }};
};

TEST_F(Health, looks_once_in_an_interval_while_all_is_well) {
  const int before = parts.health.connects;
  parts.clock.advance(100s);
  EXPECT_NEAR(parts.health.connects - before, 10, 1);
  EXPECT_NEAR(parts.health.writes, 11, 1);
  EXPECT_EQ(parts.health.commits, 0) << "no WAL is written for nothing";
  for (const HealthCheck check : {Connection, Process, Storage, Full}) EXPECT_EQ(kind(check), CheckState::Kind::Good);
  EXPECT_EQ(changes, 0);
}

TEST_F(Health, counts_from_the_first_bad_answer_and_tells_when_it_has_lasted) {
  parts.health.connection.answer = ProbeAnswer::trouble("no answer");
  parts.health.takes = 5s;
  parts.clock.advance(16s);
  EXPECT_EQ(kind(Connection), CheckState::Kind::Trouble);
  const Instant since = keeper.report().checks[Connection].since;
  EXPECT_EQ(changes, 0) << "it may pass";
  parts.clock.advance(36s);
  EXPECT_EQ(keeper.report().checks[Connection].since, since);
  EXPECT_TRUE(keeper.verdict().sick());
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(parts.log_lines.count("this member is sick"), 1);
}

TEST_F(Health, trouble_that_passes_in_time_is_no_alarm) {
  for (int i = 0; i < 20; ++i) {
    parts.health.volumes.write = ProbeAnswer::trouble("a small write does not end");
    parts.clock.advance(12s);
    parts.health.volumes.write = ProbeAnswer::fine();
    parts.clock.advance(12s);
    EXPECT_EQ(kind(Storage), CheckState::Kind::Good);
  }
  EXPECT_EQ(changes, 0);
}

TEST_F(Health, is_well_again_after_three_good_answers) {
  parts.health.volumes.space = ProbeAnswer::trouble("no space");
  parts.clock.advance(45s);
  ASSERT_TRUE(keeper.verdict().sick());
  parts.health.volumes.space = ProbeAnswer::fine();
  parts.clock.advance(4s);
  EXPECT_TRUE(keeper.verdict().sick());
  parts.clock.advance(4s);
  EXPECT_FALSE(keeper.verdict().sick());
  EXPECT_EQ(parts.log_lines.count("well again"), 1);
}

TEST_F(Health, a_commit_is_tried_only_when_wal_waits_for_its_flush) {
  parts.health.connection.wal_waits = true;
  parts.health.connection.flushed = Lsn{100};
  parts.clock.advance(11s);
  EXPECT_EQ(parts.health.commits, 0);
  parts.health.committed = ProbeAnswer::trouble("a commit is not flushed");
  parts.clock.advance(10s);
  EXPECT_GE(parts.health.commits, 1);
  EXPECT_EQ(kind(Commit), CheckState::Kind::Trouble);
  parts.health.committed = ProbeAnswer::fine();
  parts.health.connection.wal_waits = false;
  parts.clock.advance(5s);
  EXPECT_EQ(kind(Commit), CheckState::Kind::Good);
  const int commits = parts.health.commits;
  parts.clock.advance(60s);
  EXPECT_EQ(parts.health.commits, commits);
}

TEST_F(Health, a_commit_that_waits_while_others_are_flushed_is_on_a_slow_disk_only) {
  parts.health.connection.wal_waits = true;
  parts.health.connection.flushed = Lsn{100};
  parts.health.committed = ProbeAnswer::unended("a commit is not flushed");
  parts.clock.advance(25s);
  ASSERT_EQ(kind(Commit), CheckState::Kind::Trouble);
  for (std::uint64_t flushed = 200; flushed < 2000; flushed += 100) {
    parts.health.connection.flushed = Lsn{flushed};
    parts.clock.advance(10s);
    EXPECT_EQ(kind(Commit), CheckState::Kind::Good);
  }
  EXPECT_EQ(changes, 0);
  parts.clock.advance(60s);
  EXPECT_TRUE(keeper.verdict().sick()) << "nothing moves any more";
}

TEST_F(Health, a_commit_that_fails_is_trouble_whatever_is_flushed) {
  parts.health.connection.wal_waits = true;
  parts.health.connection.flushed = Lsn{100};
  parts.health.committed = ProbeAnswer::trouble("a commit fails: no space");
  parts.clock.advance(25s);
  for (std::uint64_t flushed = 200; flushed < 2000; flushed += 100) {
    parts.health.connection.flushed = Lsn{flushed};
    parts.clock.advance(2s);
  }
  EXPECT_TRUE(keeper.verdict().sick());
}

TEST_F(Health, what_was_found_of_one_server_says_nothing_of_the_next) {
  parts.health.connection.answer = ProbeAnswer::trouble("no answer");
  parts.health.volumes.write = ProbeAnswer::trouble("I/O error");
  parts.clock.advance(45s);
  ASSERT_TRUE(keeper.verdict().sick());
  parts.state.postgres.postmaster = PostmasterId{43, 2};
  keeper.look();
  EXPECT_EQ(kind(Connection), CheckState::Kind::Unknown);
  EXPECT_EQ(kind(Storage), CheckState::Kind::Trouble) << "the disk is the same";
}

TEST_F(Health, a_server_that_starts_or_is_worked_on_is_not_judged) {
  parts.state.memory.starting_since = parts.clock.now();
  keeper.look();
  const int before = parts.health.connects;
  parts.clock.advance(60s);
  EXPECT_EQ(parts.health.connects, before);
  EXPECT_EQ(kind(Connection), CheckState::Kind::Unknown);
  parts.state.memory.starting_since.reset();
  keeper.look();
  parts.clock.advance(1s);
  EXPECT_EQ(kind(Connection), CheckState::Kind::Good);
}

TEST_F(Health, an_answer_about_a_server_that_has_gone_is_dropped) {
  parts.health.takes = 4s;
  parts.clock.advance(11s);
  parts.health.connection.answer = ProbeAnswer::trouble("no answer");
  parts.state.postgres.postmaster = PostmasterId{43, 2};
  keeper.look();
  parts.clock.advance(3s);
  EXPECT_EQ(kind(Connection), CheckState::Kind::Unknown);
}

TEST_F(Health, notices_are_told_once_and_never_make_sick) {
  parts.health.connection.notice = "no place is left for clients";
  parts.health.volumes.data = VolumeSpace{1000, 50};
  parts.clock.advance(120s);
  EXPECT_EQ(keeper.report().notice,
            "no place is left for clients; less than 10 % of the volume of the data directory is free");
  EXPECT_FALSE(keeper.verdict().sick());
  EXPECT_LE(parts.log_lines.count("no place is left"), 2) << "storage and sessions are looked at apart";
}

TEST_F(Health, a_check_that_is_switched_off_is_forgotten) {
  parts.health.volumes.write = ProbeAnswer::trouble("I/O error");
  parts.clock.advance(45s);
  ASSERT_TRUE(keeper.verdict().sick());
  parts.configure([](Settings& s) {
    for (auto& check : s.postgresql.health.checks) check = {HealthPolicy::Off, 30s};
  });
  keeper.look();
  EXPECT_EQ(keeper.verdict().level, HealthVerdict::Level::Unknown);
  const int connects = parts.health.connects;
  const int writes = parts.health.writes;
  parts.clock.advance(60s);
  EXPECT_EQ(parts.health.connects, connects);
  EXPECT_EQ(parts.health.writes, writes);
}

}  // namespace
}  // namespace tamada
