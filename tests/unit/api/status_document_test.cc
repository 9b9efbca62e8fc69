#include "api/status_document.h"

#include <gtest/gtest.h>

#include "support/snapshot_builder.h"

namespace tamada {
namespace {

using test::SnapshotBuilder;

std::string text(const SnapshotBuilder& b) {
  return to_json(status_document(*b.build()), JsonStyle::Spaced);
}

constexpr const char* kOwn =
    ", \"tamada\": {\"version\": \"0.1.0\", \"receiver_stopped\": false, \"upstream_alive\": false, \"rule\": "
    "\"LD-01\"}}";

ReplicationConnection connection() {
  return {"replicator", "n2", "127.0.0.1", "streaming", "async", 0};
}

TEST(StatusDocument, of_a_primary_at_4_1) {
  auto b = SnapshotBuilder::primary();
  b.row().replication = {connection()};
  EXPECT_EQ(text(b),
            "{\"state\": \"running\", \"postmaster_start_time\": \"2026-11-23 05:11:16.028533+00:00\", "
            "\"role\": \"primary\", \"server_version\": 150020, \"xlog\": {\"location\": 83886080}, \"timeline\": 1, "
            "\"replication\": [{\"usename\": \"replicator\", \"application_name\": \"n2\", \"client_addr\": "
            "\"127.0.0.1\", \"state\": \"streaming\", \"sync_state\": \"async\", \"sync_priority\": 0}], "
            "\"dcs_last_seen\": 1795410757, \"database_system_identifier\": \"7711230260053689444\", "
            "\"patroni\": {\"version\": \"4.1.4\", \"scope\": \"batman\", \"name\": \"n1\"}" +
                std::string(kOwn));
}

TEST(StatusDocument, of_a_primary_at_3_0) {
  auto b = SnapshotBuilder::primary();
  b.settings.compatibility = Compatibility::V3_0;
  EXPECT_EQ(text(b),
            "{\"state\": \"running\", \"postmaster_start_time\": \"2026-11-23 05:11:16.028533+00:00\", "
            "\"role\": \"master\", \"server_version\": 150020, \"xlog\": {\"location\": 83886080}, \"timeline\": 1, "
            "\"dcs_last_seen\": 1795410757, \"database_system_identifier\": \"7711230260053689444\", "
            "\"patroni\": {\"version\": \"3.0.2\", \"scope\": \"batman\"}" +
                std::string(kOwn));
}

TEST(StatusDocument, of_a_primary_at_1_5) {
  auto b = SnapshotBuilder::primary();
  b.settings.compatibility = Compatibility::V1_5;
  b.snapshot.paused = true;
  EXPECT_EQ(text(b),
            "{\"state\": \"running\", \"postmaster_start_time\": \"2026-11-23 05:11:16.028 UTC\", "
            "\"role\": \"master\", \"server_version\": 150020, \"cluster_unlocked\": false, \"xlog\": {\"location\": "
            "83886080}, \"timeline\": 1, \"database_system_identifier\": \"7711230260053689444\", "
            "\"patroni\": {\"version\": \"1.5.4\", \"scope\": \"batman\"}, \"pause\": true" +
                std::string(kOwn));
}

TEST(StatusDocument, of_a_synchronous_standby_at_4_1) {
  auto b = SnapshotBuilder::replica().synchronous(SynchronousMode::On, {"n2"});
  b.row().replayed_timestamp = "2026-11-23 05:21:42.710608+00";
  b.settings.tags.raw = {{"mytag", "foo"}, {"nofailover", false}};
  b.snapshot.pending_restart = true;
  b.snapshot.pending_restart_reason = {{"max_connections", {{"old_value", "100"}, {"new_value", "120"}}}};
  EXPECT_EQ(text(b),
            "{\"state\": \"running\", \"postmaster_start_time\": \"2026-11-23 05:11:16.028533+00:00\", "
            "\"role\": \"replica\", \"server_version\": 150020, \"xlog\": {\"received_location\": 83886080, "
            "\"replayed_location\": 83886080, \"replayed_timestamp\": \"2026-11-23 05:21:42.710608+00:00\", "
            "\"paused\": false}, \"sync_standby\": true, \"timeline\": 1, \"replication_state\": \"streaming\", "
            "\"dcs_last_seen\": 1795410757, \"tags\": {\"mytag\": \"foo\"}, "
            "\"database_system_identifier\": \"7711230260053689444\", \"pending_restart\": true, "
            "\"pending_restart_reason\": {\"max_connections\": {\"old_value\": \"100\", \"new_value\": \"120\"}}, "
            "\"patroni\": {\"version\": \"4.1.4\", \"scope\": \"batman\", \"name\": \"n2\"}" +
                std::string(kOwn));
}

TEST(StatusDocument, is_short_when_postgres_cannot_be_asked) {
  auto b = SnapshotBuilder::replica();
  b.snapshot.state = PgState::Stopped;
  b.snapshot.state_text = "stopped";
  b.snapshot.paused = true;
  EXPECT_EQ(text(b),
            "{\"state\": \"stopped\", \"role\": \"replica\", \"pause\": true, \"dcs_last_seen\": 1795410757, "
            "\"database_system_identifier\": \"7711230260053689444\", "
            "\"patroni\": {\"version\": \"4.1.4\", \"scope\": \"batman\", \"name\": \"n2\"}" +
                std::string(kOwn));
}

TEST(StatusDocument, says_unknown_when_a_running_postgres_does_not_answer) {
  auto b = SnapshotBuilder::primary();
  b.snapshot.postgres.row.reset();
  EXPECT_TRUE(text(b).starts_with("{\"state\": \"unknown\", \"role\": \"primary\", ")) << text(b);
}

TEST(StatusDocument, a_stopping_primary_still_shows_its_role) {
  auto b = SnapshotBuilder::primary();
  b.snapshot.state = PgState::Stopping;
  b.snapshot.state_text = "stopping";
  EXPECT_TRUE(text(b).starts_with("{\"state\": \"stopping\", \"role\": \"primary\", ")) << text(b);
}

TEST(StatusDocument, shows_no_system_identifier_while_a_replica_is_created) {
  auto b = SnapshotBuilder::replica();
  b.snapshot.state = PgState::CreatingReplica;
  b.snapshot.state_text = "creating replica";
  b.snapshot.role = Role::Uninitialized;
  const auto doc = status_document(*b.build());
  EXPECT_EQ(doc.at("role"), "uninitialized");
  EXPECT_FALSE(doc.contains("database_system_identifier"));
}

TEST(StatusDocument, flags_appear_only_when_they_hold) {
  auto b = SnapshotBuilder::primary();
  b.has_view = false;
  b.snapshot.failsafe_active = true;
  b.snapshot.watchdog_failed = true;
  b.row().timeline = Timeline{};
  const auto doc = status_document(*b.build());
  EXPECT_EQ(doc.at("cluster_unlocked"), true);
  EXPECT_EQ(doc.at("failsafe_mode_is_active"), true);
  EXPECT_EQ(doc.at("watchdog_failed"), true);
  EXPECT_TRUE(doc.at("timeline").is_null());
}

TEST(StatusDocument, a_standby_leader_has_a_word_from_3_0_on) {
  auto b = SnapshotBuilder::standby_leader();
  EXPECT_EQ(status_document(*b.build()).at("role"), "standby_leader");
  b.settings.compatibility = Compatibility::V3_0;
  EXPECT_EQ(status_document(*b.build()).at("role"), "standby_leader");
  b.settings.compatibility = Compatibility::V1_5;
  EXPECT_EQ(status_document(*b.build()).at("role"), "replica");
}

TEST(StatusDocument, trouble_with_the_health_is_told_only_while_there_is_some) {
  auto b = SnapshotBuilder::primary();
  b.snapshot.health.checks[HealthCheck::Storage].kind = CheckState::Kind::Good;
  EXPECT_FALSE(status_document(*b.build()).at("tamada").as_object().contains("health"));
  b.snapshot.health.checks[HealthCheck::Storage] = {CheckState::Kind::Trouble, kLongAgo, "cannot write x"};
  b.snapshot.health_verdict.level = HealthVerdict::Level::Suspect;
  auto own = status_document(*b.build()).at("tamada").as_object();
  EXPECT_EQ(own.at("health").at("state"), "suspect");
  EXPECT_EQ(own.at("health").at("trouble").at("storage"), "cannot write x");
  EXPECT_FALSE(own.contains("sick"));
  b.snapshot.health_verdict.level = HealthVerdict::Level::Sick;
  own = status_document(*b.build()).at("tamada").as_object();
  EXPECT_EQ(own.at("health").at("state"), "sick");
  EXPECT_EQ(own.at("sick"), true);
}

TEST(StatusDocument, a_demoted_primary_is_what_postgres_says) {
  auto b = SnapshotBuilder::replica();
  b.snapshot.role = Role::Demoted;
  EXPECT_EQ(status_document(*b.build()).at("role"), "replica");
}

TEST(StatusDocument, the_received_position_falls_back_to_the_replayed_one) {
  auto b = SnapshotBuilder::replica();
  b.row().received_lsn = Lsn{};
  EXPECT_EQ(status_document(*b.build()).at("xlog").at("received_location"), SnapshotBuilder::kPosition);
}

TEST(ShownTime, keeps_zone_and_fraction_by_level) {
  EXPECT_EQ(shown_time("2026-11-23T05:11:16+02:00", Compatibility::V4_1), "2026-11-23 05:11:16+02:00");
  EXPECT_EQ(shown_time("2026-11-23 05:11:16.5+02", Compatibility::V1_5), "2026-11-23 05:11:16.500 +02");
  EXPECT_EQ(shown_time("nonsense", Compatibility::V4_1), "nonsense");
}

}  // namespace
}  // namespace tamada
