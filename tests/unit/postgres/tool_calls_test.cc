// How PostgreSQL's programs and users' scripts are called.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "postgres/crash_recovery_run.h"
#include "postgres/replica_methods.h"
#include "postgres/rewind_run.h"
#include "postgres/role_sql.h"
#include "postgres/timeline_check.h"
#include "postgres/tool_options.h"

namespace tamada {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

json::value from(const char* text) {
  return *parse_json(text);
}

TEST(InitdbOptions, list_and_mapping_give_arguments) {
  EXPECT_THAT(
      initdb_options(from(R"(["data-checksums", {"encoding": "UTF8"}, {"locale": "'de_DE.UTF-8'"}])")).arguments,
      ElementsAre("--data-checksums", "--encoding=UTF8", "--locale=de_DE.UTF-8"));
  EXPECT_THAT(initdb_options(from(R"({"encoding": "UTF8", "wal-segsize": 32, "none": null, "off": false})")).arguments,
              ElementsAre("--encoding=UTF8", "--wal-segsize=32"));
  EXPECT_THAT(initdb_options(json::value()).arguments, IsEmpty());
  EXPECT_THAT(initdb_options(json::value()).problems, IsEmpty());
}

TEST(InitdbOptions, what_the_daemon_sets_itself_and_what_has_no_form_is_refused) {
  for (const char* text : {R"(["nosync"])", R"([{"pgdata": "/x"}])", R"({"pwfile": "/x"})", R"([{"k": 1}])",
                           R"([{"a": "1", "b": "2"}])", R"([[1]])", R"("text")", R"([""])", R"(["pgdata=/x"])"}) {
    EXPECT_THAT(initdb_options(from(text)).problems, SizeIs(1)) << text;
    EXPECT_THAT(initdb_options(from(text)).arguments, IsEmpty()) << text;
  }
}

TEST(BasebackupOptions, refused_ones_are_left_out_and_server_side_compression_is_allowed_from_15_on) {
  auto options =
      basebackup_options(from(R"(["verbose", {"max-rate": "100M"}, {"wal-method": "none"}, "gzip"])"), 150000);
  EXPECT_THAT(options.arguments, ElementsAre("--verbose", "--max-rate=100M"));
  EXPECT_THAT(options.problems, SizeIs(2));
  auto compress = from(R"({"compress": "server-zstd"})");
  EXPECT_THAT(basebackup_options(compress, 150000).arguments, ElementsAre("--compress=server-zstd"));
  EXPECT_THAT(basebackup_options(compress, 140000).arguments, IsEmpty());
  EXPECT_THAT(basebackup_options(from(R"({"compress": "9"})"), 150000).arguments, IsEmpty());
}

Settings with_methods(std::vector<std::string> order, const char* sections) {
  Settings settings;
  settings.scope = "demo";
  settings.postgresql.data_dir = "/data";
  settings.postgresql.create_replica_methods = std::move(order);
  settings.postgresql.methods = from(sections).as_object();
  return settings;
}

TEST(ReplicaMethods, basebackup_is_the_only_one_without_a_list_or_when_it_was_asked_for) {
  auto plan = plan_replica_methods(with_methods({}, "{}"), true, false, "c");
  ASSERT_THAT(plan.usable, SizeIs(1));
  EXPECT_TRUE(plan.usable[0].basebackup);
  plan = plan_replica_methods(with_methods({"pgbackrest"}, "{}"), true, true, "c");
  ASSERT_THAT(plan.usable, SizeIs(1));
  EXPECT_TRUE(plan.usable[0].basebackup);
}

TEST(ReplicaMethods, scripts_get_their_section_and_the_standard_arguments) {
  auto settings = with_methods({"wal_e", "basebackup"},
                               R"({"wal_e": {"command": "/bin/restore 'two words'", "retries": 3, "no_master": 1}})");
  auto plan = plan_replica_methods(settings, true, false, "user=r host=h");
  ASSERT_THAT(plan.usable, SizeIs(2));
  EXPECT_THAT(plan.usable[0].command,
              ElementsAre("/bin/restore", "two words", "--retries=3", "--no_master=1", "--scope=demo", "--role=replica",
                          "--datadir=/data", "--connstring=user=r host=h"));
  EXPECT_FALSE(plan.usable[0].needs_source);
  EXPECT_TRUE(plan.usable[1].basebackup);
}

TEST(ReplicaMethods, no_params_drops_standard_arguments_and_control_keys) {
  auto settings = with_methods(
      {"pgbackrest"},
      R"({"pgbackrest": {"command": "pgbackrest --delta restore", "keep_data": true, "no_params": true, "x": "y"}})");
  auto plan = plan_replica_methods(settings, true, false, "c");
  ASSERT_THAT(plan.usable, SizeIs(1));
  EXPECT_TRUE(plan.usable[0].keep_data);
  EXPECT_THAT(plan.usable[0].command, ElementsAre("pgbackrest", "--delta", "restore", "--x=y"));
}

TEST(ReplicaMethods, without_a_source_only_those_that_need_none_are_left) {
  auto settings = with_methods({"basebackup", "cloud", "broken"},
                               R"({"cloud": {"no_leader": true}, "broken": {"command": "'open", "no_leader": true}})");
  auto plan = plan_replica_methods(settings, false, false, "");
  ASSERT_THAT(plan.usable, SizeIs(1));
  EXPECT_EQ(plan.usable[0].name, "cloud");
  EXPECT_EQ(plan.usable[0].command.front(), "cloud");
  EXPECT_EQ(plan.usable[0].command.back(), "--connstring=");
  EXPECT_THAT(plan.problems, SizeIs(2));
}

TEST(ReplicaMethods, a_remote_source_has_its_own_list) {
  auto settings = with_methods({"cloud"}, "{}");
  settings.dynamic.standby_cluster.emplace();
  EXPECT_TRUE(plan_replica_methods(settings, true, false, "").usable[0].basebackup);
  settings.dynamic.standby_cluster->create_replica_methods = {"own"};
  EXPECT_EQ(plan_replica_methods(settings, true, false, "").usable[0].name, "own");
}

TEST(WalSegmentName, counts_in_segments_of_the_clusters_size) {
  EXPECT_EQ(wal_segment_name(Timeline{1}, Lsn{0x3000028}, 16 << 20), "000000010000000000000003");
  EXPECT_EQ(wal_segment_name(Timeline{10}, Lsn{0x2'FF000000}, 16 << 20), "0000000A00000002000000FF");
  EXPECT_EQ(wal_segment_name(Timeline{2}, Lsn{0x1'40000000}, 1 << 30), "000000020000000100000001");
  EXPECT_EQ(wal_segment_name(Timeline{2}, Lsn{0x1'00100000}, 1 << 20), "000000020000000100000001");
}

TEST(RewindArguments, the_restore_command_is_used_where_pg_rewind_can_find_it) {
  RewindArguments with{.version = 150000, .data_dir = "/data", .config_file = "/etc/x.conf", .source = "host=h"};
  EXPECT_THAT(rewind_arguments(with), ElementsAre("-D", "/data", "--source-server", "host=h"));
  with.restore = true;
  EXPECT_THAT(rewind_arguments(with), ElementsAre("-D", "/data", "--source-server", "host=h", "--restore-target-wal"));
  with.config_outside = true;
  EXPECT_THAT(rewind_arguments(with), ElementsAre("-D", "/data", "--source-server", "host=h", "--restore-target-wal",
                                                  "--config-file=/etc/x.conf"));
  with.version = 140000;
  EXPECT_THAT(rewind_arguments(with), SizeIs(4));
  with.config_outside = false;
  with.version = 120000;
  EXPECT_THAT(rewind_arguments(with), SizeIs(4));
}

TEST(CrashRecovery, keeps_the_options_of_the_last_start_but_its_own) {
  EXPECT_THAT(
      options_of_last_start("/usr/lib/postgresql/15/bin/postgres \"-D\" \"/data\" \"--config-file=/data/p.conf\" "
                            "\"--archive_mode=on\" \"--max_connections=100\"\n"),
      ElementsAre("--config-file=/data/p.conf", "--max_connections=100"));
  EXPECT_THAT(options_of_last_start(""), IsEmpty());
  EXPECT_THAT(options_of_last_start("postgres \"--open"), IsEmpty());
}

TEST(CrashRecovery, the_archive_command_is_filled_in_as_postgresql_does_it) {
  EXPECT_EQ(fill_archive_command("cp %p /a/%f; echo 100%% %x %", "pg_wal/1", "1"), "cp pg_wal/1 /a/1; echo 100% %x %");
}

TEST(Waldump, the_end_of_a_record_counts_page_headers_as_the_server_does) {
  auto record = parse_waldump_record(
      "rmgr: XLOG        len (rec/tot):    114/   114, tx:          0, lsn: 0/03000028, prev 0/02000110, desc: "
      "CHECKPOINT_SHUTDOWN redo 0/3000028; tli 1; prev tli 1\n");
  ASSERT_TRUE(record) << record.error().text();
  EXPECT_EQ(record->end, Lsn{0x30000A0});
  EXPECT_EQ(record->previous, Lsn{0x2000110});
  EXPECT_FALSE(record->is_switch);
  // Crosses into the page at 0/3002000, whose header takes 24 bytes; 40 at the start of a segment.
  record = parse_waldump_record("rmgr: XLOG len (rec/tot): 114/114, tx: 0, lsn: 0/03001FC8, prev 0/02000110, desc: X");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->end, Lsn{0x3002000 + 24 + 64});
  record = parse_waldump_record("rmgr: XLOG len (rec/tot): 114/114, tx: 0, lsn: 0/03FFFFC8, prev 0/02000110, desc: X");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->end, Lsn{0x4000000 + 40 + 64});
  record =
      parse_waldump_record("rmgr: XLOG len (rec/tot): 24/24, tx: 0, lsn: 0/03FFFFE8, prev 0/02000110, desc: SWITCH ");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->end, Lsn{0x4000000});
  EXPECT_TRUE(record->is_switch);
}

TEST(Waldump, unreadable_output_is_an_error) {
  for (const char* text :
       {"", "pg_waldump: fatal: could not find file", "rmgr: XLOG len (rec/tot): x/y, lsn: 0/1, prev 0/0",
        "rmgr: XLOG len (rec/tot): 114/114, tx: 0"}) {
    EXPECT_FALSE(parse_waldump_record(text)) << text;
  }
}

TEST(Roles, statements_take_options_and_verifier) {
  EXPECT_EQ(role_statement(false, "\"r\"", {"REPLICATION", "LOGIN"}, "'SCRAM'"),
            "CREATE ROLE \"r\" WITH REPLICATION LOGIN PASSWORD 'SCRAM'");
  EXPECT_EQ(role_statement(true, "\"r\"", {}, ""), "ALTER ROLE \"r\"");
}

TEST(Roles, users_may_log_in_unless_they_must_not_and_odd_options_are_refused) {
  auto users = wished_users(from(R"({"a": {"password": "p", "options": ["createdb"]}, "b": {"options": ["nologin"]},
                                     "c": null})")
                                .as_object());
  ASSERT_TRUE(users) << users.error().text();
  ASSERT_THAT(*users, SizeIs(3));
  EXPECT_THAT((*users)[0].options, ElementsAre("CREATEDB", "LOGIN"));
  EXPECT_EQ((*users)[0].password, "p");
  EXPECT_THAT((*users)[1].options, ElementsAre("NOLOGIN"));
  EXPECT_THAT((*users)[2].options, ElementsAre("LOGIN"));
  for (const char* option : {"login; drop table x", "password 'x'", "", "a'b"}) {
    json::object bad{{"a", json::object{{"options", json::array{option}}}}};
    EXPECT_FALSE(wished_users(bad)) << option;
  }
}

}  // namespace
}  // namespace tamada
