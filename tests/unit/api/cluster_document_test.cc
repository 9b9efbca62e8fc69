#include "api/cluster_document.h"
#include "api/status_document.h"

#include <gtest/gtest.h>

#include "support/snapshot_builder.h"

namespace tamada {
namespace {

using test::SnapshotBuilder;

std::string text(const SnapshotBuilder& b) {
  return to_json(cluster_document(b.view, b.settings, b.snapshot.paused), JsonStyle::Spaced);
}

TEST(ClusterDocument, of_a_cluster_at_4_1_with_a_schedule_and_a_stopped_member) {
  auto b = SnapshotBuilder::primary();
  b.view.members.erase(b.view.members.begin() + 2);
  Member stopped;
  stopped.name = "n0";
  stopped.state = PgState::Stopped;
  stopped.state_text = "stopped";
  stopped.api_url = "http://127.0.0.1:8150/patroni";
  b.view.members.insert(b.view.members.begin(), stopped);
  b.view.members[2].scheduled_restart = json::object{{"schedule", "2027-01-01T10:00:00+00:00"}};
  b.view.members[2].replay_lsn = Lsn{SnapshotBuilder::kPosition - 16};
  b.view.failover = FailoverRequest{"n1", "n2", WallTime(std::chrono::seconds(1798797600)), false, 4};
  EXPECT_EQ(
      text(b),
      "{\"members\": [{\"name\": \"n0\", \"role\": \"replica\", \"state\": \"stopped\", \"api_url\": "
      "\"http://127.0.0.1:8150/patroni\", \"receive_lsn\": \"unknown\", \"receive_lag\": \"unknown\", \"replay_lsn\": "
      "\"unknown\", \"replay_lag\": \"unknown\", \"lsn\": \"unknown\", \"lag\": \"unknown\"}, "
      "{\"name\": \"n1\", \"role\": \"leader\", \"state\": \"running\", \"api_url\": "
      "\"http://127.0.0.1:8008/patroni\", "
      "\"host\": \"127.0.0.1\", \"port\": 5551, \"timeline\": 1}, "
      "{\"name\": \"n2\", \"role\": \"replica\", \"state\": \"streaming\", \"api_url\": "
      "\"http://127.0.0.2:8008/patroni\", \"host\": \"127.0.0.1\", \"port\": 5552, \"timeline\": 1, "
      "\"scheduled_restart\": {\"schedule\": \"2027-01-01T10:00:00+00:00\"}, \"receive_lag\": 0, \"receive_lsn\": "
      "\"0/5000000\", \"replay_lag\": 16, \"replay_lsn\": \"0/4FFFFF0\", \"lag\": 0, \"lsn\": \"0/5000000\"}], "
      "\"scheduled_switchover\": {\"at\": \"2027-01-01T10:00:00+00:00\", \"from\": \"n1\", \"to\": \"n2\"}, "
      "\"scope\": \"batman\"}");
}

TEST(ClusterDocument, at_3_0_has_lag_but_neither_lsn_nor_scope) {
  auto b = SnapshotBuilder::primary();
  b.settings.compatibility = Compatibility::V3_0;
  b.snapshot.paused = true;
  b.view.members.resize(2);
  EXPECT_EQ(
      text(b),
      "{\"members\": [{\"name\": \"n1\", \"role\": \"leader\", \"state\": \"running\", \"api_url\": "
      "\"http://127.0.0.1:8008/patroni\", \"host\": \"127.0.0.1\", \"port\": 5551, \"timeline\": 1}, "
      "{\"name\": \"n2\", \"role\": \"replica\", \"state\": \"running\", \"api_url\": "
      "\"http://127.0.0.2:8008/patroni\", \"host\": \"127.0.0.1\", \"port\": 5552, \"timeline\": 1, \"lag\": 0}], "
      "\"pause\": true}");
}

TEST(ClusterDocument, names_the_roles_of_the_synchronous_modes_and_of_a_standby_cluster) {
  auto sync = SnapshotBuilder::primary().synchronous(SynchronousMode::On, {"N2"});
  EXPECT_EQ(cluster_document(sync.view, sync.settings, false).at("members").at(1).at("role"), "sync_standby");
  EXPECT_EQ(cluster_document(sync.view, sync.settings, false).at("members").at(2).at("role"), "replica");
  auto quorum = SnapshotBuilder::primary().synchronous(SynchronousMode::Quorum, {"n2", "n3"});
  EXPECT_EQ(cluster_document(quorum.view, quorum.settings, false).at("members").at(2).at("role"), "quorum_standby");
  auto standby = SnapshotBuilder::standby_leader();
  EXPECT_EQ(cluster_document(standby.view, standby.settings, false).at("members").at(0).at("role"), "standby_leader");
}

TEST(HistoryDocument, keeps_the_length_of_each_line) {
  ClusterView view;
  EXPECT_TRUE(history_document(view).empty());
  view.history.emplace();
  view.history->lines = {
      {Timeline{1}, Lsn{100}, "no recovery target specified", "", "", 3},
      {Timeline{2}, Lsn{67406144}, "no recovery target specified", "2026-11-23T05:19:38.417871+00:00", "n1", 5}};
  EXPECT_EQ(to_json(history_document(view), JsonStyle::Spaced),
            "[[1, 100, \"no recovery target specified\"], [2, 67406144, \"no recovery target specified\", "
            "\"2026-11-23T05:19:38.417871+00:00\", \"n1\"]]");
}

TEST(ExplainDocument, names_the_rule_the_reason_and_the_facts) {
  auto b = SnapshotBuilder::primary();
  b.snapshot.status = "no action. I am (n1), the leader with the lock";
  b.snapshot.explanation = {"LD-01", "I lead", "the lock is mine and postgres runs", {{"lock", "mine"}}, {"n2: fine"}};
  const auto doc = explain_document(*b.build(), SnapshotBuilder::now());
  EXPECT_EQ(doc.at("rule"), "LD-01");
  EXPECT_EQ(doc.at("because"), "the lock is mine and postgres runs");
  EXPECT_EQ(doc.at("facts").at("lock"), "mine");
  EXPECT_EQ(doc.at("details").at(0), "n2: fine");
  EXPECT_EQ(doc.at("lock_valid_for"), 20.0);
  EXPECT_TRUE(explain_document(*b.build(), test::at(2000)).at("lock_valid_for").is_null());
}

TEST(ExplainDocument, tells_how_far_a_clone_has_come_as_of_now) {
  auto b = SnapshotBuilder::primary();
  auto progress = std::make_shared<CloneProgress>();
  b.snapshot.clone = progress;
  const auto snapshot = b.build();
  EXPECT_FALSE(explain_document(*snapshot, SnapshotBuilder::now()).contains("clone"));
  progress->begin({.method = "basebackup", .source = "n2"});
  progress->set_done(1234);
  auto doc = explain_document(*snapshot, SnapshotBuilder::now());
  EXPECT_EQ(to_json(doc.at("clone"), JsonStyle::Spaced),
            "{\"method\": \"basebackup\", \"source\": \"n2\", \"since\": \"1970-01-01T00:00:00+00:00\", "
            "\"bytes_done\": 1234, \"bytes_total\": null}");
  progress->set_total(5000);
  doc = status_document(*snapshot);
  EXPECT_EQ(doc.at("tamada").at("clone").at("bytes_total"), 5000);
  progress->end();
  EXPECT_FALSE(status_document(*snapshot).at("tamada").get_object().contains("clone"));
}

}  // namespace
}  // namespace tamada
