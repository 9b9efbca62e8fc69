#include "postgres/sync_sql.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

PgAnswer answer(std::string list) {
  PgAnswer a;
  a.columns = {"names", "commit", "position", "waiting", "lowered", "senders"};
  a.rows.push_back({"ANY 1 (n2,n3)", "remote_apply", "0/3000148", "2", "1", std::move(list)});
  return a;
}

TEST(SyncSql, RowsAreRead) {
  auto read = read_sync_replication(
      answer(
          R"([{"name":"n2","state":"streaming","sync_state":"quorum","priority":1,"sent":"0/3000148","written":null,)"
          R"("flushed":"0/3000100","replayed":"0/30000F0"}])"),
      150020);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->names, "ANY 1 (n2,n3)");
  EXPECT_EQ(read->synchronous_commit, "remote_apply");
  EXPECT_EQ(read->position, Lsn{0x3000148});
  EXPECT_EQ(read->waiting, 2);
  EXPECT_EQ(read->lowered, 1);
  ASSERT_EQ(read->senders.size(), 1u);
  const WalSender& s = read->senders[0];
  EXPECT_EQ(s.application_name, "n2");
  EXPECT_EQ(s.sync_priority, 1);
  EXPECT_EQ(s.sent, Lsn{0x3000148});
  EXPECT_FALSE(s.written.known());
  EXPECT_EQ(s.replayed, Lsn{0x30000F0});
}

TEST(SyncSql, NoStandbyIsAnEmptyList) {
  auto read = read_sync_replication(answer(""), 150020);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->senders.empty());
}

TEST(SyncSql, WhatCannotBeReadIsAnError) {
  EXPECT_FALSE(read_sync_replication(answer("{}"), 150020));
  EXPECT_FALSE(read_sync_replication(answer(R"([{"name":"n2","sent":"x"}])"), 150020));
  EXPECT_FALSE(read_sync_replication(PgAnswer{}, 150020));
}

TEST(SyncSql, ColumnsAndFunctionsAreTheVersions) {
  EXPECT_NE(sync_replication_statement(90600).find("flush_location"), std::string::npos);
  EXPECT_NE(sync_replication_statement(90600).find("pg_current_xlog_insert_location"), std::string::npos);
  EXPECT_NE(sync_replication_statement(100000).find("flush_lsn"), std::string::npos);
  EXPECT_EQ(sync_replication_statement(90500).find("wait_event"), std::string::npos);
  EXPECT_EQ(checkpointer_waits_statement(90600), "");
}

}  // namespace
}  // namespace tamada
