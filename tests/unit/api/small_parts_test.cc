// Query strings and metrics.
#include <gtest/gtest.h>

#include "api/metrics.h"
#include "api/query_string.h"
#include "support/snapshot_builder.h"

namespace tamada {
namespace {

using test::SnapshotBuilder;

TEST(RequestTarget, is_cut_into_path_segment_and_query) {
  const auto t = parse_target("//config/x/y?a=1&b=%20c+d&a=2&empty=&=x&broken=%zz");
  EXPECT_EQ(t.path, "//config/x/y");
  EXPECT_EQ(t.segment, "config");
  EXPECT_EQ(t.query.get("a"), "1");
  EXPECT_EQ(t.query.get("b"), " c d");
  EXPECT_EQ(t.query.get("broken"), "%zz");
  EXPECT_FALSE(t.query.get("empty"));
  EXPECT_FALSE(t.query.get("c"));
  EXPECT_EQ(parse_target("/").segment, "");
  EXPECT_EQ(parse_target("http://host:80/primary?x=1").path, "/primary");
  EXPECT_EQ(parse_target("http://host").path, "/");
  EXPECT_EQ(parse_target("").path, "");
  EXPECT_EQ(parse_target("/a#b?c").path, "/a");
}

TEST(Metrics, every_documented_name_is_there_once_and_in_order) {
  const std::string page = metrics_text(*SnapshotBuilder::primary().build(), SnapshotBuilder::now());
  std::size_t last = 0;
  for (const char* name : {"patroni_version",
                           "patroni_postgres_running",
                           "patroni_postmaster_start_time",
                           "patroni_primary",
                           "patroni_xlog_location",
                           "patroni_standby_leader",
                           "patroni_replica",
                           "patroni_sync_standby",
                           "patroni_quorum_standby",
                           "patroni_xlog_received_location",
                           "patroni_xlog_replayed_location",
                           "patroni_xlog_replayed_timestamp",
                           "patroni_xlog_paused",
                           "patroni_postgres_streaming",
                           "patroni_postgres_in_archive_recovery",
                           "patroni_postgres_server_version",
                           "patroni_cluster_unlocked",
                           "patroni_failsafe_mode_is_active",
                           "patroni_postgres_timeline",
                           "patroni_dcs_last_seen",
                           "patroni_pending_restart",
                           "patroni_is_paused",
                           "patroni_postgres_state"}) {
    const std::size_t at = page.find("\n" + std::string(name) + "{scope=\"batman\",name=\"n1\"} ");
    ASSERT_NE(at, std::string::npos) << name;
    EXPECT_GT(at, last) << name;
    last = at;
  }
  EXPECT_NE(page.find("patroni_version{scope=\"batman\",name=\"n1\"} 040104\n"), std::string::npos);
  EXPECT_NE(page.find("start_time{scope=\"batman\",name=\"n1\"} 1795410676.028533\n"), std::string::npos) << page;
  EXPECT_NE(page.find("xlog_location{scope=\"batman\",name=\"n1\"} 83886080\n"), std::string::npos);
  EXPECT_NE(page.find("# Values: 0=initdb, 1=initdb_failed, "), std::string::npos);
  EXPECT_NE(page.find("postgres_state{scope=\"batman\",name=\"n1\"} 5\n"), std::string::npos);
  EXPECT_TRUE(page.ends_with("\n"));
}

TEST(Metrics, show_trouble_with_the_health_by_check) {
  auto b = SnapshotBuilder::primary();
  b.snapshot.health.checks[HealthCheck::Full] = {CheckState::Kind::Trouble, SnapshotBuilder::now() - 12s, "no space"};
  b.snapshot.health.data_volume = VolumeSpace{1000, 7};
  std::string page = metrics_text(*b.build(), SnapshotBuilder::now());
  const std::string labels = "{scope=\"batman\",name=\"n1\"} ";
  EXPECT_NE(page.find("tamada_health_full_trouble_seconds" + labels + "12.000\n"), std::string::npos) << page;
  EXPECT_NE(page.find("tamada_health_storage_trouble_seconds" + labels + "0.000\n"), std::string::npos);
  EXPECT_NE(page.find("tamada_sick" + labels + "0\n"), std::string::npos);
  EXPECT_NE(page.find("tamada_volume_wal_free_bytes" + labels + "7\n"), std::string::npos) << "one volume for both";
  b.snapshot.health_verdict.level = HealthVerdict::Level::Sick;
  page = metrics_text(*b.build(), SnapshotBuilder::now());
  EXPECT_NE(page.find("tamada_sick" + labels + "1\n"), std::string::npos);
}

TEST(Metrics, before_4_1_the_old_name_and_no_member_label) {
  auto b = SnapshotBuilder::primary();
  b.settings.compatibility = Compatibility::V3_0;
  b.settings.scope = "a\"b\\c";
  const std::string page = metrics_text(*b.build(), SnapshotBuilder::now());
  EXPECT_NE(page.find("patroni_master{scope=\"a\\\"b\\\\c\"} 1\n"), std::string::npos) << page;
}

}  // namespace
}  // namespace tamada
