// What a look at PostgreSQL's health asks and how the answers are judged.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/process_table.h"
#include "postgres/health_sql.h"
#include "postgres/process_health.h"

namespace tamada {
namespace {

using Kind = ProbeAnswer::Kind;

PgAnswer row(std::vector<std::optional<std::string>> values) {
  PgAnswer answer;
  answer.rows.push_back(std::move(values));
  return answer;
}

TEST(HealthSql, names_functions_as_the_version_does) {
  const std::string of_15 = health_statement(150000);
  EXPECT_NE(of_15.find("pg_current_wal_insert_lsn()"), std::string::npos) << of_15;
  EXPECT_NE(of_15.find("pg_current_wal_flush_lsn()"), std::string::npos) << of_15;
  EXPECT_EQ(of_15.find("reserved_connections')::int -"), std::string::npos) << of_15;
  EXPECT_NE(health_statement(90600).find("pg_current_xlog_flush_location()"), std::string::npos);
  EXPECT_EQ(health_statement(90500).find("flush"), std::string::npos) << "it does not tell it";
  EXPECT_NE(health_statement(160000).find("current_setting('reserved_connections')"), std::string::npos);
  EXPECT_EQ(health_commit_statement(90500), "");
}

TEST(HealthSql, wal_waits_while_more_is_inserted_than_flushed) {
  const ConnectionAnswer waits = read_health_answer(row({"f", "0/3000100", "0/3000000", "5", "97"}));
  EXPECT_EQ(waits.answer.kind, Kind::Fine);
  EXPECT_TRUE(waits.wal_waits);
  EXPECT_EQ(waits.flushed, Lsn{0x3000000});
  EXPECT_FALSE(read_health_answer(row({"f", "0/3000000", "0/3000000", "5", "97"})).wal_waits);
  const ConnectionAnswer standby = read_health_answer(row({"t", std::nullopt, std::nullopt, "5", "97"}));
  EXPECT_FALSE(standby.flushed);
  EXPECT_EQ(standby.notice, "");
}

TEST(HealthSql, tells_when_no_client_gets_in_any_more) {
  EXPECT_EQ(read_health_answer(row({"t", std::nullopt, std::nullopt, "96", "97"})).notice, "");
  EXPECT_NE(read_health_answer(row({"t", std::nullopt, std::nullopt, "97", "97"})).notice, "");
  EXPECT_EQ(read_health_answer(row({"t", std::nullopt, std::nullopt, std::nullopt, "97"})).notice, "");
}

TEST(HealthSql, a_refusal_is_no_sickness_unless_the_system_is_to_blame) {
  const Error error(ErrorCode::Unavailable, "no");
  for (const char* whose : {"53300", "28P01", "28000", "3D000"}) {
    EXPECT_EQ(judge_refusal(error, whose, false).answer.kind, Kind::Fine) << whose;
    EXPECT_NE(judge_refusal(error, whose, false).notice, "") << whose;
  }
  for (const char* starts : {"57P03", "57P01", "55000", "42883"}) {
    EXPECT_EQ(judge_refusal(error, starts, false).answer.kind, Kind::Untold) << starts;
    EXPECT_EQ(judge_refusal(error, starts, false).notice, "") << starts;
  }
  for (const char* sick : {"58030", "53100", "53200", "XX001", "57014"}) {
    EXPECT_EQ(judge_refusal(error, sick, false).answer.kind, Kind::Trouble) << sick;
  }
  EXPECT_EQ(judge_refusal(error, "", true).answer.kind, Kind::Trouble) << "silence";
  // Nobody listens there, or our side refuses: a change of the settings may wait for a restart.
  EXPECT_EQ(judge_refusal(error, "", false).answer.kind, Kind::Untold);
  EXPECT_NE(judge_refusal(error, "", false).notice, "");
}

TEST(ProcessHealth, knows_the_processes_that_all_depend_on) {
  EXPECT_EQ(vital_part("postgres: checkpointer"), "checkpointer");
  EXPECT_EQ(vital_part("postgres: demo: checkpointer   "), "checkpointer");
  EXPECT_EQ(vital_part("postgres: demo: walwriter"), "WAL writer");
  EXPECT_EQ(vital_part("postgres: wal writer process   "), "WAL writer");
  EXPECT_EQ(vital_part("postgres: a: b: background writer"), "background writer");
  EXPECT_EQ(vital_part("postgres: demo: startup recovering 000000010000000000000003"), "startup process");
  EXPECT_EQ(vital_part("postgres: demo: walreceiver streaming 0/3000148"), "WAL receiver");
  EXPECT_EQ(vital_part("postgres: demo: io worker 1"), "I/O worker");
  EXPECT_EQ(vital_part("postgres: demo: checkpointer db [local] idle"), "") << "a user of that name";
  EXPECT_EQ(vital_part("postgres: demo: logger"), "");
  EXPECT_EQ(vital_part("postgres: demo: autovacuum launcher"), "");
  EXPECT_EQ(vital_part("vim checkpointer"), "");
}

TEST(ProcessHealth, a_stopped_postmaster_is_seen_and_one_that_is_gone_is_not) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  const auto info = read_process(child);
  ASSERT_TRUE(info);
  const PostmasterId id{child, info->start_ticks};
  EXPECT_EQ(stopped_processes(id), "");
  ::kill(child, SIGSTOP);
  int status = 0;
  ::waitpid(child, &status, WUNTRACED);
  EXPECT_NE(stopped_processes(id).find("the postmaster (process"), std::string::npos);
  EXPECT_EQ(stopped_processes({child, info->start_ticks + 1}), "") << "another process of that number";
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  EXPECT_EQ(stopped_processes(id), "");
}

}  // namespace
}  // namespace tamada
