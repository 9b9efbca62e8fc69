#include "postgres/status_sql.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

PgAnswer standby_answer() {
  PgAnswer answer;
  answer.rows.push_back({"t", "1", std::nullopt, "0/5000000", "0/4FFFF00", "2026-11-23 05:21:42.7106+00", "f",
                         "2026-11-23 05:20:58+01", "streaming", "n2", "user=repl host=n1", "2", "0/5000000", "120", "t",
                         R"([{"usename":"repl","application_name":"n3","client_addr":"10.0.0.3","state":"streaming",)"
                         R"("sync_state":"async","sync_priority":0}])",
                         R"(["max_connections","wal_level"])"});
  return answer;
}

TEST(StatusRow, of_a_standby_takes_the_receivers_timeline_and_all_positions) {
  auto row = read_status_row(standby_answer(), 150020);
  ASSERT_TRUE(row) << row.error().text();
  EXPECT_TRUE(row->in_recovery);
  EXPECT_EQ(row->timeline, Timeline{2});
  EXPECT_FALSE(row->write_lsn.known());
  EXPECT_EQ(row->position(), Lsn{0x5000000});
  EXPECT_EQ(row->replayed_timestamp, "2026-11-23 05:21:42.710600+00:00");
  EXPECT_EQ(row->postmaster_start_time, "2026-11-23 05:20:58.000000+01:00");
  EXPECT_EQ(row->receiver_last_message_age_ms, 120);
  EXPECT_TRUE(row->restore_command_set);
  ASSERT_EQ(row->replication.size(), 1u);
  EXPECT_EQ(row->replication[0].application_name, "n3");
  EXPECT_EQ(row->pending_restart_parameters, (std::vector<std::string>{"max_connections", "wal_level"}));
}

TEST(StatusRow, nulls_are_unknown_and_a_broken_value_is_an_error) {
  PgAnswer answer = standby_answer();
  for (std::size_t column : {1u, 3u, 4u, 5u, 8u, 9u, 10u, 11u, 12u, 13u, 15u, 16u})
    answer.rows[0][column] = std::nullopt;
  auto row = read_status_row(answer, 90300);
  ASSERT_TRUE(row) << row.error().text();
  EXPECT_FALSE(row->timeline.known());
  EXPECT_FALSE(row->position().known());
  EXPECT_EQ(row->receiver_last_message_age_ms, -1);

  for (std::size_t column : {0u, 1u, 3u, 11u, 13u, 15u, 16u}) {
    PgAnswer broken = standby_answer();
    broken.rows[0][column] = "nonsense";
    EXPECT_FALSE(read_status_row(broken, 150020)) << column;
  }
  EXPECT_FALSE(read_status_row(PgAnswer{}, 150020));
}

TEST(StatusStatement, uses_the_names_of_each_version) {
  EXPECT_NE(status_statement(90300).find("pg_last_xlog_receive_location()"), std::string::npos);
  EXPECT_EQ(status_statement(90300).find("pg_stat_wal_receiver"), std::string::npos);
  EXPECT_EQ(status_statement(90300).find("pending_restart"), std::string::npos);
  EXPECT_NE(status_statement(90600).find("pg_current_xlog_flush_location()"), std::string::npos);
  EXPECT_NE(status_statement(180000).find("pg_current_wal_flush_lsn()"), std::string::npos);
  EXPECT_EQ(status_statement(110000).find("current_setting('restore_command')"), std::string::npos);
  EXPECT_NE(status_statement(120000).find("current_setting('restore_command')"), std::string::npos);
}

TEST(FullTimestamp, has_six_digits_and_the_zones_minutes) {
  EXPECT_EQ(full_timestamp("2026-11-23 05:11:16+00"), "2026-11-23 05:11:16.000000+00:00");
  EXPECT_EQ(full_timestamp("2026-11-23 05:11:16.028533-03:30"), "2026-11-23 05:11:16.028533-03:30");
  EXPECT_EQ(full_timestamp(""), "");
}

}  // namespace
}  // namespace tamada
