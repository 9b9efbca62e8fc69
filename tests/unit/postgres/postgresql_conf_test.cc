#include "postgres/postgresql_conf.h"

#include <gtest/gtest.h>

#include "postgres/config_check.h"
#include "postgres/guc_changes.h"
#include "postgres/postmaster.h"
#include "postgres/recovery_settings.h"

namespace tamada {
namespace {

TEST(PostgresqlConf, a_value_cannot_break_out_of_its_line) {
  EXPECT_EQ(quote_guc("a'b\\c"), "'a''b\\\\c'");
  EXPECT_EQ(quote_guc("x\nport = 1"), "'x port = 1'");
}

TEST(PostgresqlConf, what_is_written_is_read_back) {
  PostgresqlConf conf{
      "postgresql.base.conf", {{"a", "it's \\ here"}, {"b.c", "#1"}}, "/h", "/i", GucMap{{"restore_command", "x"}}};
  GeneratedConf read = parse_generated_conf(format_postgresql_conf(conf));
  EXPECT_EQ(read.parameters, conf.parameters);
  EXPECT_EQ(read.recovery, *conf.recovery);
}

TEST(PostgresqlConf, other_peoples_files_are_read_too) {
  EXPECT_EQ(parse_conf("# c\n a=1 # one\nb   'x''y'\ninclude 'z'\nc = 'v' # more\n\n= 3\nd\n"),
            (GucMap{{"a", "1"}, {"b", "x'y"}, {"c", "v"}, {"d", ""}}));
}

TEST(AutoConf, loses_recovery_settings_and_nothing_else) {
  EXPECT_EQ(*without_recovery_gucs("# head\nwork_mem = '1'\nPrimary_ConnInfo = 'x'\nrestore_command='y'\nport = 1\n"),
            "# head\nwork_mem = '1'\nport = 1\n");
  EXPECT_FALSE(without_recovery_gucs("# primary_conninfo = 'x'\nwork_mem = '1'\n"));
}

TEST(BootstrapHba, lets_only_our_own_users_in_from_this_machine) {
  EXPECT_EQ(bootstrap_hba("postgres", "repl", {"10.0.0.1", "::1"}),
            std::string(kGeneratedHeader) +
                "local\treplication\trepl\t\ttrust\nlocal\tall\tpostgres\t\ttrust\n"
                "host\treplication\trepl\t10.0.0.1/32\ttrust\nhost\tall\tpostgres\t10.0.0.1/32\ttrust\n"
                "host\treplication\trepl\t::1/128\ttrust\nhost\tall\tpostgres\t::1/128\ttrust\n");
}

TEST(PidFile, is_read_and_broken_ones_are_refused) {
  auto file = parse_pid_file("4242\n/data\n1700000000\n5433\n/tmp\n*\n  5432001 0\nready\n");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->pid, 4242);
  EXPECT_FALSE(file->single_user);
  EXPECT_EQ(file->start_time, 1700000000);
  EXPECT_EQ(file->port, 5433);
  EXPECT_TRUE(parse_pid_file("-17\n")->single_user);
  EXPECT_EQ(parse_pid_file("-17\n")->pid, 17);
  for (const char* text : {"", "x", "0\n", "99999999999999\n", "\n12\n"}) EXPECT_FALSE(parse_pid_file(text)) << text;
}

TEST(Conninfo, is_compared_by_meaning) {
  const auto same = [](const char* wanted, const char* running, bool receiver = false, int version = 150000) {
    return same_conninfo(wanted, running, {receiver, version});
  };
  EXPECT_TRUE(same("host=a port=1 sslmode=prefer", "port=1 host='a' user=x"));
  EXPECT_TRUE(same("host=a", "postgres://u@a:5432/db"));
  EXPECT_FALSE(same("host=a port=1", "host=a port=2"));
  EXPECT_FALSE(same("host=a sslmode=require", "host=a"));
  EXPECT_TRUE(same("host=a sslmode=require", "host=a requiressl=1"));
  // A receiver hides the password and newer servers know keys that our libpq may not.
  EXPECT_TRUE(same("host=a password=x sslnegotiation=postgres", "host=a password=******** sslnegotiation=postgres",
                   true, 170000));
  EXPECT_FALSE(same("host=a password=x", "host=a password=y"));
  EXPECT_TRUE(same("dbname=a host=h", "dbname=b host=h", false, 160000));
  EXPECT_FALSE(same("dbname=a host=h", "dbname=b host=h", false, 170000));
  EXPECT_TRUE(same(R"(host=a application_name=it\'s\ me)", "host=a application_name='it''s me'") == false);
  EXPECT_TRUE(same(R"(application_name=it\'s\ me)", R"(application_name='it\'s me')"));
  EXPECT_FALSE(same("host=a", ""));
  EXPECT_FALSE(same("host=a", "broken"));
}

TEST(RecoveryDifferences, ignore_what_the_daemon_does_not_steer) {
  GucMap wanted{{"primary_conninfo", "host=a"}, {"recovery_target_timeline", "latest"}, {"recovery_target", ""}};
  GucMap running{{"primary_conninfo", "host=a port=5432"},
                 {"recovery_target_timeline", "latest"},
                 {"recovery_target_action", "promote"},
                 {"archive_cleanup_command", "of the user"}};
  EXPECT_TRUE(recovery_differences(wanted, running, 150000).empty());
  running["primary_slot_name"] = "old";
  EXPECT_EQ(recovery_differences(wanted, running, 150000), (std::set<std::string>{"primary_slot_name"}));
  wanted["recovery_min_apply_delay"] = "5min";
  running["recovery_min_apply_delay"] = "300000";
  running.erase("primary_slot_name");
  EXPECT_TRUE(recovery_differences(wanted, running, 150000).empty());
}

TEST(GucChanges, compare_by_type_and_unit) {
  const std::vector<GucRow> rows{{"shared_buffers", "16384", "8kB", "integer", "postmaster", "", false},
                                 {"work_mem", "4096", "kB", "integer", "user", "", false},
                                 {"wal_level", "replica", "", "enum", "postmaster", "", false},
                                 {"ssl", "on", "", "bool", "sighup", "", false},
                                 {"wal_buffers", "512", "8kB", "integer", "postmaster", "", false},
                                 {"wal_segment_size", "16777216", "B", "integer", "internal", "", false},
                                 {"synchronous_commit", "on", "", "enum", "user", "", false},
                                 {"log_min_messages", "warning", "", "enum", "superuser", "", true}};
  GucMap wanted{{"shared_buffers", "128MB"},  {"Work_Mem", "4MB"},
                {"wal_level", "hot_standby"}, {"ssl", "True"},
                {"wal_buffers", "-1"},        {"synchronous_commit", "True"},
                {"wal_segment_size", "1"},    {"a.b", "1"},
                {"primary_conninfo", "x"}};
  GucMap written{{"a.b", "1"}, {"gone", "1"}};
  GucChanges none = compare_gucs(wanted, written, rows);
  EXPECT_TRUE(none.reload.empty());
  EXPECT_TRUE(none.restart.empty());
  EXPECT_TRUE(none.unknown.empty());
  EXPECT_EQ(none.removed, (std::vector<std::string>{"gone"}));

  wanted["shared_buffers"] = "256MB";
  wanted["ssl"] = "off";
  wanted["a.b"] = "2";
  wanted["nosuch"] = "1";
  GucChanges some = compare_gucs(wanted, written, rows);
  ASSERT_EQ(some.restart.size(), 1u);
  EXPECT_EQ(some.restart[0].old_value, "128MB");
  EXPECT_EQ(some.reload.size(), 2u);
  EXPECT_EQ(some.unknown, (std::vector<std::string>{"nosuch"}));
  EXPECT_EQ(to_json(pending_restart_reason(some, wanted, rows), JsonStyle::Compact),
            R"({"log_min_messages":{"old_value":"warning","new_value":"?"},)"
            R"("shared_buffers":{"old_value":"128MB","new_value":"256MB"}})");
}

TEST(ConfigCheck, reads_the_servers_complaints_about_our_parameters_only) {
  const GucMap ours{{"work_mem", "1kB"}, {"Bogus", "1"}, {"max_wal_size", "x"}};
  auto found = parse_complaints(
      "2026-01-01 GMT [1] LOG:  unrecognized configuration parameter \"bogus\" in file \"/d/postgresql.conf\" line 1\n"
      "2026-01-01 GMT [1] LOG:  1 kB is outside the valid range for parameter \"work_mem\" (64 .. 2147483647)\n"
      "2026-01-01 GMT [1] LOG:  invalid value for parameter \"max_wal_size\": \"x\"\n"
      "2026-01-01 GMT [1] HINT:  Value exceeds integer range.\n"
      "2026-01-01 GMT [1] LOG:  invalid value for parameter \"of_the_base_file\": \"x\"\n",
      ours);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_FALSE(found[0].limit);
  EXPECT_EQ(found[1].limit, "64");
  EXPECT_EQ(found[1].text, "1 kB is outside the valid range for parameter \"work_mem\" (64 .. 2147483647)");
  EXPECT_FALSE(found[2].limit);
  auto high =
      parse_complaints("LOG:  9 kB is outside the valid range for parameter \"work_mem\" (1 kB .. 8 kB)\n", ours);
  ASSERT_EQ(high.size(), 1u);
  EXPECT_EQ(high[0].limit, "8kB");
  EXPECT_TRUE(parse_complaints("parameter \"\nparameter \"work_mem\n", ours).empty());
}

}  // namespace
}  // namespace tamada
