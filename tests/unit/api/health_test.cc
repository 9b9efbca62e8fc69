#include "api/health.h"

#include <gtest/gtest.h>

#include "support/snapshot_builder.h"

namespace tamada {
namespace {

using test::at;
using test::SnapshotBuilder;

int ask(const SnapshotBuilder& b, std::string_view target, Instant now = SnapshotBuilder::now()) {
  const RequestTarget t = parse_target(target);
  return health_status(*b.build(), now, t.path, t.query);
}
int ready(const SnapshotBuilder& b, std::string_view target = "/readiness") {
  return readiness_status(*b.build(), SnapshotBuilder::now(), parse_target(target).query);
}

struct PathRow {
  const char* target;
  int primary;
  int replica;
};

// rest_api.md 5.3, column 4.1.4.
constexpr PathRow kHealthyCluster[] = {
    {"/", 200, 503},
    {"/master", 200, 503},
    {"/primary", 200, 503},
    {"/leader", 200, 503},
    {"/?x=1", 200, 503},
    {"/standby-leader", 503, 503},
    {"/standby_leader", 503, 503},
    {"/read-write", 200, 503},
    {"/replica", 503, 200},
    {"/replica?lag=0", 503, 200},
    {"/replica?lag=junk", 503, 200},
    {"/read-only", 200, 200},
    {"/sync", 503, 503},
    {"/synchronous", 503, 503},
    {"/async", 503, 200},
    {"/asynchronous", 503, 200},
    {"/async?lag=1", 503, 200},
    {"/read-only-sync", 200, 503},
    {"/read-only-synchronous", 200, 503},
    {"/quorum", 503, 503},
    {"/read-only-quorum", 200, 503},
    {"/health", 200, 200},
    {"/foo", 503, 503},
    {"/xmasterx", 200, 503},
    {"/sync/", 503, 503},
    {"/async/", 503, 503},
    {"", 503, 503},
    {"*", 503, 503},
};

TEST(Health, a_healthy_cluster_answers_as_observed) {
  for (const PathRow& row : kHealthyCluster) {
    EXPECT_EQ(ask(SnapshotBuilder::primary(), row.target), row.primary) << "primary " << row.target;
    EXPECT_EQ(ask(SnapshotBuilder::replica(), row.target), row.replica) << "replica " << row.target;
  }
}

struct SpecialRow {
  const char* target;
  int sync_standby, quorum_standby, standby_leader, standby_replica;
};

// rest_api.md 5.3, special roles of 4.1.4.
constexpr SpecialRow kSpecialRoles[] = {
    {"/", 503, 503, 503, 503},
    {"/primary", 503, 503, 503, 503},
    {"/read-write", 503, 503, 503, 503},
    {"/leader", 503, 503, 200, 503},
    {"/standby-leader", 503, 503, 200, 503},
    {"/replica", 200, 200, 503, 200},
    {"/read-only", 200, 200, 200, 200},
    {"/sync", 200, 503, 503, 503},
    {"/async", 503, 503, 503, 200},
    {"/quorum", 503, 200, 503, 503},
    {"/read-only-sync", 200, 503, 200, 503},
    {"/read-only-quorum", 503, 200, 200, 503},
};

TEST(Health, special_roles_answer_as_observed) {
  auto sync = SnapshotBuilder::replica().synchronous(SynchronousMode::On, {"n2"});
  auto quorum = SnapshotBuilder::replica().synchronous(SynchronousMode::Quorum, {"n2", "n3"});
  auto standby_replica = SnapshotBuilder::replica();
  standby_replica.settings.dynamic.standby_cluster.emplace();
  for (const SpecialRow& row : kSpecialRoles) {
    EXPECT_EQ(ask(sync, row.target), row.sync_standby) << row.target;
    EXPECT_EQ(ask(quorum, row.target), row.quorum_standby) << row.target;
    EXPECT_EQ(ask(SnapshotBuilder::standby_leader(), row.target), row.standby_leader) << row.target;
    EXPECT_EQ(ask(standby_replica, row.target), row.standby_replica) << row.target;
  }
}

TEST(Health, the_primary_is_200_only_while_the_lock_is_valid_by_the_clock) {
  const auto b = SnapshotBuilder::primary();
  EXPECT_EQ(ask(b, "/primary", at(1019.999)), 200);
  EXPECT_EQ(ask(b, "/primary", at(1020)), 503);
  EXPECT_EQ(ask(b, "/leader", at(1020)), 503);
  EXPECT_EQ(ask(b, "/read-only", at(1020)), 503);
}

TEST(Health, in_pause_without_a_view_the_actual_role_decides) {
  auto primary = SnapshotBuilder::primary();
  primary.snapshot.paused = true;
  primary.has_view = false;
  primary.snapshot.lock_valid_until = kLongAgo;
  EXPECT_EQ(ask(primary, "/primary"), 200);
  EXPECT_EQ(ask(primary, "/leader"), 200);
  auto leader = SnapshotBuilder::standby_leader();
  leader.snapshot.paused = true;
  leader.has_view = false;
  EXPECT_EQ(ask(leader, "/standby-leader"), 200);
  EXPECT_EQ(ask(leader, "/primary"), 503);
  auto replica = SnapshotBuilder::replica();
  replica.snapshot.paused = true;
  replica.has_view = false;
  EXPECT_EQ(ask(replica, "/leader"), 503);
  EXPECT_EQ(ask(replica, "/replica"), 200);
}

TEST(Health, not_paused_and_without_lock_a_running_primary_is_503) {
  auto b = SnapshotBuilder::primary();
  b.snapshot.lock_valid_until = kLongAgo;
  b.has_view = false;
  EXPECT_EQ(ask(b, "/primary"), 503);
  EXPECT_EQ(ask(b, "/health"), 200);
}

TEST(Health, paths_about_synchronous_standbys_need_a_view) {
  auto b = SnapshotBuilder::replica();
  b.has_view = false;
  for (const char* path : {"/sync", "/async", "/quorum", "/read-only-sync", "/read-only-quorum"}) {
    EXPECT_EQ(ask(b, path), 503) << path;
  }
  for (const char* path : {"/replica", "/read-only", "/health"}) EXPECT_EQ(ask(b, path), 200) << path;
}

TEST(Health, a_replica_that_does_not_run_or_could_not_be_asked_is_503) {
  auto starting = SnapshotBuilder::replica();
  starting.snapshot.state = PgState::Starting;
  starting.snapshot.postgres.row.reset();
  auto hung = SnapshotBuilder::replica();
  hung.snapshot.postgres.row.reset();
  for (const auto& b : {starting, hung}) {
    for (const char* path : {"/replica", "/read-only", "/health", "/async"}) EXPECT_EQ(ask(b, path), 503) << path;
  }
}

TEST(Health, a_primary_whose_postgres_hangs_keeps_answering_by_its_lock) {
  auto b = SnapshotBuilder::primary();
  b.snapshot.postgres.row.reset();
  EXPECT_EQ(ask(b, "/primary"), 200);
  EXPECT_EQ(ask(b, "/health"), 503);
}

TEST(Health, a_member_that_is_being_promoted_or_restarted_leads_but_takes_no_writes) {
  auto promoting = SnapshotBuilder::replica();
  promoting.snapshot.role = Role::Promoted;
  promoting.snapshot.lock_valid_until = at(1020);
  auto restarting = SnapshotBuilder::primary();
  restarting.snapshot.state = PgState::Restarting;
  restarting.snapshot.postgres.row.reset();
  for (const auto& b : {promoting, restarting}) {
    EXPECT_EQ(ask(b, "/primary"), 503);
    EXPECT_EQ(ask(b, "/read-write"), 503);
    EXPECT_EQ(ask(b, "/leader"), 200);
  }
}

TEST(Health, noloadbalance_takes_a_replica_out) {
  auto b = SnapshotBuilder::replica();
  b.settings.tags.raw = {{"noloadbalance", true}};
  EXPECT_EQ(ask(b, "/replica"), 503);
  EXPECT_EQ(ask(b, "/read-only"), 503);
  EXPECT_EQ(ask(b, "/health"), 200);
}

TEST(Health, a_sick_replica_is_taken_out_and_a_sick_primary_stays_until_it_is_demoted) {
  auto b = SnapshotBuilder::replica();
  b.snapshot.health_verdict.level = HealthVerdict::Level::Suspect;
  EXPECT_EQ(ask(b, "/replica"), 200);
  b.snapshot.health_verdict.level = HealthVerdict::Level::Sick;
  for (const char* path : {"/replica", "/read-only", "/async"}) EXPECT_EQ(ask(b, path), 503) << path;
  EXPECT_EQ(ask(b, "/health"), 200);
  auto primary = SnapshotBuilder::primary();
  primary.snapshot.health_verdict.level = HealthVerdict::Level::Sick;
  EXPECT_EQ(ask(primary, "/primary"), 200);
}

TEST(Health, lag_counts_bytes_behind_the_leader) {
  auto b = SnapshotBuilder::replica();
  b.row().replayed_lsn = Lsn{SnapshotBuilder::kPosition - 2048};
  EXPECT_EQ(ask(b, "/replica"), 200);
  EXPECT_EQ(ask(b, "/replica?lag=2047"), 503);
  EXPECT_EQ(ask(b, "/replica?lag=2048"), 200);
  EXPECT_EQ(ask(b, "/replica?lag=1kB"), 503);
  EXPECT_EQ(ask(b, "/replica?lag=2kB"), 200);
  EXPECT_EQ(ask(b, "/replica?lag=1MB"), 200);
  EXPECT_EQ(ask(b, "/replica?lag=1mb"), 200) << "units are case-sensitive: no limit";
  EXPECT_EQ(ask(b, "/async?lag=1"), 503);
  EXPECT_EQ(ask(b, "/read-only?lag=1"), 503);
  b.view.status.reset();
  EXPECT_EQ(ask(b, "/replica?lag=0"), 200) << "unknown position of the leader";
  b.row().latest_end_lsn = Lsn{SnapshotBuilder::kPosition};
  EXPECT_EQ(ask(b, "/replica?lag=0"), 503) << "what the receiver last heard counts too";
}

TEST(Health, tags_in_the_query_must_match) {
  auto b = SnapshotBuilder::replica();
  b.settings.tags.raw = {{"mytag", "foo"}, {"num", 5}, {"nofailover", true}, {"clonefrom", false}, {"flag", false}};
  const std::pair<const char*, int> rows[] = {
      {"/replica?tag_mytag=foo", 200},
      {"/replica?tag_num=5", 200},
      {"/replica?tag_nofailover=true", 200},
      {"/replica?tag_nofailover=True", 503},
      {"/replica?tag_mytag=foo&tag_num=6", 503},
      {"/read-only?tag_mytag=bar", 503},
      {"/replica?tag_none=x", 503},
      {"/replica?tag_none=", 200},
      {"/replica?tag_clonefrom=false", 503},
      {"/replica?tag_flag=false", 200},
      {"/replica?tag_mytag=foo&tag_mytag=bar", 200},
      {"/health?tag_mytag=bar", 503},
      {"/async?tag_mytag=bar", 503},
      {"/replica?tag_mytag=f%6Fo", 200},
  };
  for (const auto& [target, code] : rows) EXPECT_EQ(ask(b, target), code) << target;
  auto primary = SnapshotBuilder::primary();
  EXPECT_EQ(ask(primary, "/primary?tag_foo=x"), 200);
  EXPECT_EQ(ask(primary, "/read-only?tag_foo=x"), 503);
}

TEST(Liveness, fails_when_the_loop_stands_still) {
  auto replica = SnapshotBuilder::replica();  // loop at 995, loop_wait 10, ttl 30
  EXPECT_EQ(liveness_status(*replica.build(), at(1064)), 200);
  EXPECT_EQ(liveness_status(*replica.build(), at(1065)), 503);
  auto primary = SnapshotBuilder::primary();
  EXPECT_EQ(liveness_status(*primary.build(), at(1034)), 200);
  EXPECT_EQ(liveness_status(*primary.build(), at(1035)), 503);
  primary.snapshot.paused = true;
  EXPECT_EQ(liveness_status(*primary.build(), at(9999)), 200);
  replica.snapshot.loop_ran_at = kLongAgo;
  EXPECT_EQ(liveness_status(*replica.build(), at(1)), 503);
}

TEST(Readiness, follows_the_replication) {
  EXPECT_EQ(ready(SnapshotBuilder::primary()), 200);
  auto b = SnapshotBuilder::replica();
  EXPECT_EQ(ready(b), 200);
  b.row().receiver_status = "starting";
  EXPECT_EQ(ready(b), 503);
  b.row().restore_command_set = true;
  EXPECT_EQ(ready(b), 503) << "in archive recovery";
}

TEST(Readiness, compares_the_lag_asked_for_or_the_failover_limit) {
  auto b = SnapshotBuilder::replica();
  b.row().replayed_lsn = Lsn{SnapshotBuilder::kPosition - 2000};
  EXPECT_EQ(ready(b), 200);
  EXPECT_EQ(ready(b, "/readiness?lag=1999"), 503);
  EXPECT_EQ(ready(b, "/readiness?lag=1999&mode=write"), 200);
  EXPECT_EQ(ready(b, "/readiness?lag=1999&mode=apply"), 503);
  b.row().replayed_lsn = Lsn{SnapshotBuilder::kPosition - 1048577};
  EXPECT_EQ(ready(b), 503);
}

TEST(Readiness, without_view_depends_on_failsafe) {
  auto b = SnapshotBuilder::replica();
  b.has_view = false;
  EXPECT_EQ(ready(b), 503);
  b.snapshot.failsafe_active = true;
  EXPECT_EQ(ready(b), 200);
}

TEST(Readiness, needs_a_running_postgres) {
  auto b = SnapshotBuilder::replica();
  b.snapshot.state = PgState::Starting;
  EXPECT_EQ(ready(b), 503);
}

}  // namespace
}  // namespace tamada
