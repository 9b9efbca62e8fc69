#include <gtest/gtest.h>

#include "sim/client.h"
#include "sim/postgres_ports.h"

namespace tamada::sim {
namespace {

struct Postgres : ::testing::Test, PostgresWitness {
  SimWorld world{5};
  PostgresFleet fleet{world};
  std::vector<std::unique_ptr<SimProcess>> processes;
  std::vector<std::unique_ptr<SimPostgresServer>> servers;
  std::vector<std::unique_ptr<SimPostgresData>> data;
  std::vector<std::unique_ptr<SimClock>> clocks;
  std::vector<Commit> commits;
  std::vector<WritableEpoch> epochs;

  Postgres() {
    fleet.witness = this;
    for (int i = 0; i < 2; ++i) {
      const std::string name = "n" + std::to_string(i + 1);
      const int host = world.add_host(name);
      fleet.servers.push_back(std::make_unique<SimPostgres>(fleet, host, name));
      processes.push_back(std::make_unique<SimProcess>(world, host, name));
      servers.push_back(std::make_unique<SimPostgresServer>(*processes[i], pg(i)));
      data.push_back(std::make_unique<SimPostgresData>(*processes[i], pg(i)));
      clocks.push_back(std::make_unique<SimClock>(*processes[i]));
    }
  }
  ~Postgres() override {
    servers.clear();
    data.clear();
    processes.clear();
  }
  void on_writable(SimPostgres&, const WritableEpoch& e) override { epochs.push_back(e); }
  void on_acknowledged(SimPostgres&, const Commit& c) override { commits.push_back(c); }
  void on_destroyed(SimPostgres&, Destroyed) override {}

  SimPostgres& pg(int i) { return *fleet.servers[static_cast<std::size_t>(i)]; }
  Instant in(int i, Duration d) { return clocks[static_cast<std::size_t>(i)]->now() + d; }
  template <class T>
  Result<T> run(int i, Task<Result<T>> task) {
    std::optional<Result<T>> out;
    auto body = [](Task<Result<T>> t, std::optional<Result<T>>* o) -> Task<void> { o->emplace(co_await std::move(t)); };
    processes[static_cast<std::size_t>(i)]->spawn(body(std::move(task), &out));
    EXPECT_TRUE(world.run_until(world.now() + 5min, [&] { return out.has_value(); }));
    return std::move(*out);
  }
  void primary_and_standby() {
    EXPECT_TRUE(run(0, data[0]->initdb(in(0, 60s))));
    StartRequest start;
    start.as_primary = true;
    EXPECT_TRUE(run(0, servers[0]->start(start, in(0, 60s))));
    EXPECT_TRUE(world.run_until(world.now() + 60s, [&] { return pg(0).writable(); }));
    EXPECT_TRUE(run(1, data[1]->clone({"n1", "n1", 5432}, false, in(1, 5min))));
    StartRequest follow;
    follow.follow.host = "n1";
    EXPECT_TRUE(run(1, servers[1]->start(follow, in(1, 60s))));
    EXPECT_TRUE(world.run_until(world.now() + 60s,
                                [&] { return pg(1).streaming() && pg(1).phase() == SimPostgres::Phase::Ready; }));
  }
};

TEST_F(Postgres, a_clone_streams_what_its_primary_commits) {
  primary_and_standby();
  SimClient client(pg(0));
  client.begin();
  world.run_until(world.now() + 5s);
  EXPECT_GT(commits.size(), 30u);
  pg(0).set_faults({.hang_disk = true});
  world.run_until(world.now() + 1s);
  EXPECT_EQ(pg(1).directory().content.end(), pg(0).directory().content.end());
}

TEST_F(Postgres, after_a_clean_stop_the_standby_has_everything_and_the_former_primary_follows_it) {
  primary_and_standby();
  SimClient client(pg(0));
  client.begin();
  world.run_until(world.now() + 2s);
  EXPECT_TRUE(run(0, servers[0]->stop(StopMode::Fast, in(0, 60s))));
  EXPECT_EQ(pg(1).directory().content.end(), pg(0).directory().content.end());
  EXPECT_TRUE(run(1, servers[1]->promote(in(1, 10s))));
  EXPECT_TRUE(world.run_until(world.now() + 20s, [&] { return pg(1).writable(); }));
  EXPECT_EQ(pg(1).directory().content.timeline(), Timeline{2});
  Member leader;
  leader.name = "n2";
  leader.conn_url = "postgres://n2:5432/postgres";
  std::optional<TimelineComparison> verdict;
  auto compare = [](Postgres* t, Member m, std::optional<TimelineComparison>* out) -> Task<void> {
    out->emplace(co_await t->data[0]->compare_timelines(m, t->pg(0).status(false, t->in(0, 0s)), t->in(0, 10s)));
  };
  processes[0]->spawn(compare(this, leader, &verdict));
  EXPECT_TRUE(world.run_until(world.now() + 20s, [&] { return verdict.has_value(); }));
  EXPECT_EQ(verdict->verdict, TimelineComparison::Verdict::Ancestor) << verdict->because;
}

TEST_F(Postgres, backends_outlive_a_killed_postmaster_until_stop_ends_them) {
  primary_and_standby();
  SimClient client(pg(0));
  client.begin();
  world.run_until(world.now() + 1s);
  pg(0).kill_postmaster(true);
  const auto before = commits.size();
  world.run_until(world.now() + 300ms);
  EXPECT_GT(commits.size(), before);  // M4
  EXPECT_FALSE(run(0, servers[0]->start(StartRequest{}, in(0, 10s))).has_value());
  EXPECT_TRUE(run(0, servers[0]->stop(StopMode::Immediate, in(0, 10s))));
  const auto after = commits.size();
  world.run_until(world.now() + 5s);
  EXPECT_EQ(commits.size(), after);
}

TEST_F(Postgres, synchronous_commits_wait_for_their_standby) {
  primary_and_standby();
  EXPECT_TRUE(run(0, servers[0]->set_synchronous_standby_names("n2", in(0, 10s))));
  world.run_until(world.now() + 1s);
  SimClient client(pg(0));
  client.begin();
  world.run_until(world.now() + 1s);
  ASSERT_FALSE(commits.empty());
  EXPECT_TRUE(commits.back().synchronous);
  pg(1).set_faults({.stall_stream = true});
  world.run_until(world.now() + 500ms);
  const auto stalled = commits.size();
  world.run_until(world.now() + 5s);
  EXPECT_EQ(commits.size(), stalled);
  EXPECT_TRUE(run(0, servers[0]->set_synchronous_standby_names("", in(0, 10s))));
  world.run_until(world.now() + 1s);
  EXPECT_GT(commits.size(), stalled);
}

TEST_F(Postgres, a_stop_that_hangs_ends_with_a_kill) {
  primary_and_standby();
  pg(0).set_faults({.hang_stop = true});
  EXPECT_FALSE(run(0, servers[0]->stop(StopMode::Fast, in(0, 5s))).has_value());
  EXPECT_TRUE(run(0, servers[0]->stop(StopMode::Kill, in(0, 5s))).has_value());
  EXPECT_FALSE(pg(0).any_process());
}

TEST_F(Postgres, a_daemon_killed_during_a_clone_leaves_half_a_directory) {
  primary_and_standby();
  EXPECT_TRUE(run(1, servers[1]->stop(StopMode::Kill, in(1, 5s))));
  auto body = [](Postgres* t) -> Task<void> {
    (void)co_await t->data[1]->clone({"n1", "n1", 5432}, false, t->in(1, 5min));
  };
  processes[1]->spawn(body(this));
  world.run_until(world.now() + 300ms);
  processes[1].reset();
  EXPECT_EQ(pg(1).directory().state, DataDirState::Present);
  EXPECT_FALSE(pg(1).directory().has_control);
  servers[1] = nullptr;
  data[1] = nullptr;
}

// As the real ones do in tests/contract/postgres.
TEST_F(Postgres, a_logical_slot_is_taken_over_by_a_stopped_standby_only) {
  primary_and_standby();
  SimPostgresSql primary(*processes[0], pg(0));
  SimPostgresSql standby(*processes[1], pg(1));
  const PermanentSlot slot{.name = "changes", .physical = false, .database = "app", .plugin = "test_decoding"};
  Member n1;
  n1.name = "n1";
  n1.conn_url = "postgres://n1:5432/postgres";
  Member n2 = n1;
  n2.conn_url = "postgres://n2:5432/postgres";
  ASSERT_TRUE(run(0, primary.create_logical_slot(slot, in(0, 30s))));
  ASSERT_TRUE(run(0, primary.create_logical_slot(slot, in(0, 30s)))) << "one that is there is success";
  EXPECT_FALSE(run(1, standby.create_logical_slot(slot, in(1, 30s)))) << "not in recovery";
  EXPECT_FALSE(run(1, data[1]->slots_of(n2, in(1, 10s)))) << "a standby's slots are nobody's measure";
  PermanentSlot other = slot;
  other.plugin = "pgoutput";
  EXPECT_TRUE(run(1, data[1]->read_logical_slots(n1, {other}, in(1, 10s)))->empty());
  auto states = run(1, data[1]->read_logical_slots(n1, {slot}, in(1, 10s)));
  ASSERT_TRUE(states);
  ASSERT_EQ(states->size(), 1u);
  EXPECT_FALSE(run(1, data[1]->install_logical_slots(*states, in(1, 10s)))) << "PostgreSQL runs";
  ASSERT_TRUE(run(1, servers[1]->stop(StopMode::Fast, in(1, 60s))));
  ASSERT_TRUE(run(1, data[1]->install_logical_slots(*states, in(1, 10s))));
  StartRequest follow;
  follow.follow.host = "n1";
  ASSERT_TRUE(run(1, servers[1]->start(follow, in(1, 60s))));
  ASSERT_TRUE(world.run_until(world.now() + 60s, [&] { return pg(1).accepts_connections(); }));
  auto here = run(1, standby.slots(in(1, 5s)));
  ASSERT_TRUE(here);
  ASSERT_EQ(here->size(), 1u);
  EXPECT_EQ((*here)[0].plugin, "test_decoding");
  EXPECT_EQ((*here)[0].confirmed_flush_lsn, (*states)[0].confirmed_flush_lsn);
  const Lsn far{(*states)[0].confirmed_flush_lsn.bytes + (1 << 30)};
  ASSERT_TRUE(run(1, standby.advance_slot("changes", "app", far, in(1, 10s))));
  EXPECT_LE((*run(1, standby.slots(in(1, 5s))))[0].confirmed_flush_lsn, pg(1).directory().content.end())
      << "not beyond its own WAL";
  EXPECT_FALSE(run(1, standby.advance_slot("absent", "app", far, in(1, 10s))));
}

}  // namespace
}  // namespace tamada::sim
