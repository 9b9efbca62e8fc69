#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "contract/postgres/test_server.h"
#include "host/files.h"

namespace tamada::test {
namespace {

using Verdict = TimelineComparison::Verdict;

class Cluster : public testing::Test {
 protected:
  void bootstrap(TestServer& server) {
    auto made = world.run(server.data->initdb(world.in(60s)));
    ASSERT_TRUE(made) << made.error().text();
    server.start();
    auto prepared = world.run(server.sql_port->post_bootstrap(world.in(60s)));
    ASSERT_TRUE(prepared) << prepared.error().text();
  }

  void clone(TestServer& server, const TestServer& from) {
    CloneSource source{from.settings.name, "127.0.0.1", from.settings.postgresql.port};
    auto made = world.run(server.data->clone(source, false, world.in(60s)));
    ASSERT_TRUE(made) << made.error().text();
    EXPECT_TRUE(std::filesystem::exists(server.settings.postgresql.data_dir + "/standby.signal"));
    server.start(&from);
    server.wait_for([](const StatusRow& row) { return row.in_recovery && row.receiver_status == "streaming"; });
  }

  TimelineComparison compare(TestServer& server, const TestServer& leader) {
    return world.run(server.data->compare_timelines(leader.member(), server.status(), world.in(10s)));
  }

  World world;
};

TEST_F(Cluster, a_former_primary_comes_back_with_pg_rewind_after_its_history_diverged) {
  TestServer n1(world, "n1");
  TestServer n2(world, "n2");
  bootstrap(n1);
  if (HasFatalFailure()) return;
  clone(n2, n1);
  if (HasFatalFailure()) return;

  auto compared = compare(n2, n1);
  EXPECT_EQ(compared.verdict, Verdict::Same) << compared.because;

  n1.stop("fast");
  n2.promote();
  n2.wait_for([](const StatusRow& row) { return !row.in_recovery && row.timeline.id == 2; });
  compared = compare(n1, n2);
  EXPECT_EQ(compared.verdict, Verdict::Ancestor) << compared.because;

  // A life of its own on the old timeline.
  n1.start();
  n1.sql("CREATE TABLE public.lost (i int)");
  compared = compare(n1, n2);
  EXPECT_EQ(compared.verdict, Verdict::Diverged) << compared.because;
  n1.stop("fast");
  compared = compare(n1, n2);
  EXPECT_EQ(compared.verdict, Verdict::Diverged) << compared.because;

  n2.sql("CREATE TABLE public.kept (i int)");
  auto rewound = world.run(n1.data->rewind(n2.member(), world.in(60s)));
  ASSERT_TRUE(rewound) << rewound.error().text();
  n1.start(&n2);
  n1.wait_for([](const StatusRow& row) { return row.receiver_status == "streaming" && row.timeline.id == 2; });
  EXPECT_EQ(n1.sql("SELECT to_regclass('public.lost') IS NULL").value(0, 0), "t");
  compared = compare(n1, n2);
  EXPECT_EQ(compared.verdict, Verdict::Same) << compared.because;

  auto history = world.run(n2.data->read_history(Timeline{2}, world.in(5s)));
  ASSERT_TRUE(history) << history.error().text();
  ASSERT_EQ(history->size(), 1u);
  EXPECT_EQ((*history)[0].timeline.id, 1u);
  EXPECT_FALSE((*history)[0].timestamp.empty());
}

TEST_F(Cluster, a_logical_slot_is_taken_over_by_a_standby_and_misses_nothing_after_its_promotion) {
  TestServer n1(world, "n1");
  TestServer n2(world, "n2");
  bootstrap(n1);
  if (HasFatalFailure()) return;
  clone(n2, n1);
  if (HasFatalFailure()) return;
  const PermanentSlot slot{.name = "changes", .physical = false, .database = "postgres", .plugin = "test_decoding"};
  ASSERT_TRUE(world.run(n1.sql_port->create_logical_slot(slot, world.in(30s))));
  ASSERT_TRUE(world.run(n1.sql_port->create_logical_slot(slot, world.in(30s)))) << "one that is there is success";
  n1.sql("CREATE TABLE public.t (i int)");
  n1.sql("INSERT INTO public.t VALUES (1)");
  const Lsn confirmed =
      *parse_lsn(n1.sql("SELECT max(lsn) FROM pg_logical_slot_get_changes('changes', NULL, NULL)").value(0, 0));

  auto there = world.run(n2.data->slots_of(n1.member(), world.in(10s)));
  ASSERT_TRUE(there) << there.error().text();
  ASSERT_EQ(there->size(), 1u);
  EXPECT_EQ((*there)[0].plugin, "test_decoding");
  EXPECT_EQ((*there)[0].database, "postgres");
  EXPECT_EQ((*there)[0].confirmed_flush_lsn, confirmed);
  EXPECT_NE((*there)[0].catalog_xmin, 0u);
  EXPECT_FALSE(world.run(n1.data->slots_of(n2.member(), world.in(10s)))) << "a standby's slots are nobody's measure";

  PermanentSlot other = slot;
  other.plugin = "pgoutput";
  auto states = world.run(n2.data->read_logical_slots(n1.member(), {other}, world.in(10s)));
  ASSERT_TRUE(states) << states.error().text();
  EXPECT_TRUE(states->empty()) << "it is for another plugin";
  states = world.run(n2.data->read_logical_slots(n1.member(), {slot}, world.in(10s)));
  ASSERT_TRUE(states) << states.error().text();
  ASSERT_EQ(states->size(), 1u);
  EXPECT_EQ((*states)[0].confirmed_flush_lsn, confirmed);

  auto refused = world.run(n2.data->install_logical_slots(*states, world.in(10s)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Conflict) << "PostgreSQL runs";
  n2.wait_for([&](const StatusRow& row) { return row.replayed_lsn >= confirmed; });
  n2.stop("fast");
  // What a kill in the middle leaves is no slot.
  std::filesystem::create_directories(n2.settings.postgresql.data_dir + "/pg_replslot/half.tmp");
  auto installed = world.run(n2.data->install_logical_slots(*states, world.in(10s)));
  ASSERT_TRUE(installed) << installed.error().text();
  n2.start(&n1);
  n2.wait_for([](const StatusRow& row) { return row.in_recovery && row.receiver_status == "streaming"; });
  auto here = world.run(n2.sql_port->slots(world.in(5s)));
  ASSERT_TRUE(here) << here.error().text();
  ASSERT_EQ(here->size(), 1u);
  EXPECT_EQ((*here)[0].name, "changes");
  EXPECT_LE((*here)[0].confirmed_flush_lsn, confirmed) << "never ahead of its consumer";
  EXPECT_FALSE((*here)[0].invalid);

  n1.sql("INSERT INTO public.t VALUES (2)");
  n1.sql("INSERT INTO public.t VALUES (3)");
  const Lsn second =
      *parse_lsn(n1.sql("SELECT max(lsn) FROM pg_logical_slot_get_changes('changes', NULL, 1)").value(0, 0));
  n2.wait_for([&](const StatusRow& row) { return row.replayed_lsn >= second; });
  auto advanced = world.run(n2.sql_port->advance_slot("changes", "postgres", second, world.in(10s)));
  ASSERT_TRUE(advanced) << advanced.error().text();
  EXPECT_FALSE(world.run(n2.sql_port->advance_slot("absent", "postgres", second, world.in(10s))));
  n1.sql("INSERT INTO public.t VALUES (4)");
  n1.stop("fast");
  n2.promote();
  n2.wait_for([](const StatusRow& row) { return !row.in_recovery; });
  n2.sql("INSERT INTO public.t VALUES (5)");
  const PgAnswer changes = n2.sql(
      "SELECT string_agg(substring(data from 'integer.:([0-9]+)'), ',' ORDER BY lsn) FROM "
      "pg_logical_slot_get_changes('changes', NULL, NULL) WHERE data LIKE 'table%'");
  EXPECT_EQ(changes.value(0, 0), "3,4,5");
}

// safety.md M5: two standbys that are promoted from one position make the same number, unless one passes it over.
TEST_F(Cluster, a_timeline_that_another_has_made_is_passed_over) {
  TestServer n1(world, "n1");
  TestServer n2(world, "n2");
  TestServer n3(world, "n3");
  bootstrap(n1);
  if (HasFatalFailure()) return;
  clone(n2, n1);
  clone(n3, n1);
  if (HasFatalFailure()) return;
  n1.stop("fast");
  n2.promote();
  n2.wait_for([](const StatusRow& row) { return !row.in_recovery && row.timeline.id == 2; });
  n2.sql("CREATE TABLE public.lost (i int)");

  ASSERT_TRUE(world.run(n3.data->pass_over_timelines(Timeline{1}, Timeline{2}, world.in(5s))));
  ASSERT_TRUE(world.run(n3.data->pass_over_timelines(Timeline{1}, Timeline{2}, world.in(5s)))) << "once more";
  n3.promote();
  n3.wait_for([](const StatusRow& row) { return !row.in_recovery && row.timeline.id == 3; });
  n3.sql("CREATE TABLE public.kept (i int)");
  ASSERT_TRUE(world.run(n3.sql_port->checkpoint(world.in(60s))));
  auto history = world.run(n3.data->read_history(Timeline{3}, world.in(5s)));
  ASSERT_TRUE(history) << history.error().text();
  ASSERT_EQ(history->size(), 1u);
  EXPECT_EQ(history->front().timeline.id, 1u);

  n2.stop("fast");
  auto compared = compare(n2, n3);
  EXPECT_EQ(compared.verdict, Verdict::Diverged) << compared.because;
  auto rewound = world.run(n2.data->rewind(n3.member(), world.in(60s)));
  ASSERT_TRUE(rewound) << rewound.error().text();
  n2.start(&n3);
  n2.wait_for([](const StatusRow& row) { return row.receiver_status == "streaming" && row.timeline.id == 3; });
  EXPECT_EQ(n2.sql("SELECT to_regclass('public.lost') IS NULL").value(0, 0), "t");
  compared = compare(n1, n3);
  EXPECT_EQ(compared.verdict, Verdict::Ancestor) << compared.because;
  n1.start(&n3);
  n1.wait_for([](const StatusRow& row) { return row.receiver_status == "streaming" && row.timeline.id == 3; });
}

TEST_F(Cluster, a_crashed_primary_is_recovered_alone_before_pg_rewind_works_on_it) {
  TestServer n1(world, "n1");
  TestServer n2(world, "n2");
  bootstrap(n1);
  if (HasFatalFailure()) return;
  clone(n2, n1);
  if (HasFatalFailure()) return;
  n1.sql("CREATE TABLE public.before (i int)");
  n1.kill();
  n2.promote();
  n2.wait_for([](const StatusRow& row) { return !row.in_recovery && row.timeline.id == 2; });

  PostgresStatus crashed = n1.status();
  crashed.process = ProcessState::NotRunning;
  auto compared = world.run(n1.data->compare_timelines(n2.member(), crashed, world.in(10s)));
  EXPECT_EQ(compared.verdict, Verdict::Unknown) << compared.because;

  auto recovered = world.run(n1.data->crash_recovery(world.in(60s)));
  ASSERT_TRUE(recovered) << recovered.error().text();
  PostgresStatus stopped = n1.status();
  stopped.process = ProcessState::NotRunning;
  ASSERT_TRUE(stopped.control);
  EXPECT_EQ(stopped.control->state, ControlState::ShutDown);
  compared = world.run(n1.data->compare_timelines(n2.member(), stopped, world.in(10s)));
  EXPECT_EQ(compared.verdict, Verdict::Diverged) << compared.because;

  // The rewind user may not run a checkpoint: until the new primary made its own, pg_rewind would not see the fork.
  auto rewound = world.run(n1.data->rewind(n2.member(), world.in(60s)));
  ASSERT_FALSE(rewound);
  EXPECT_EQ(rewound.error().code, ErrorCode::Unavailable) << rewound.error().text();
  ASSERT_TRUE(world.run(n2.sql_port->checkpoint(world.in(60s))));
  rewound = world.run(n1.data->rewind(n2.member(), world.in(60s)));
  ASSERT_TRUE(rewound) << rewound.error().text();
  n1.start(&n2);
  n1.wait_for([](const StatusRow& row) { return row.receiver_status == "streaming"; });
}

TEST_F(Cluster, what_waited_for_the_archive_is_archived_before_pg_rewind_removes_it) {
  TestServer n1(world, "n1");
  TestServer n2(world, "n2");
  bootstrap(n1);
  if (HasFatalFailure()) return;
  clone(n2, n1);
  if (HasFatalFailure()) return;
  const std::string& data = n1.settings.postgresql.data_dir;
  const std::string archive = world.directory + "/archive dir";
  std::filesystem::create_directory(archive);
  auto configure = [&](const std::string& command) {
    std::ofstream(data + "/postgresql.conf", std::ios::app)
        << "\narchive_mode = on\narchive_command = '" << command << "'\n";
  };
  n1.stop("fast");
  configure("false");  // the archive is away while n1 is primary
  n1.start();
  n2.wait_for([](const StatusRow& row) { return row.receiver_status == "streaming"; });
  for (const char* table : {"one", "two"}) {
    n1.sql(std::string("CREATE TABLE public.") + table + " (i int)");
    n1.sql("SELECT pg_switch_wal()");
  }
  n1.kill();
  configure("cp \"%p\" \"" + archive + "/%f\"");
  n2.promote();
  n2.wait_for([](const StatusRow& row) { return !row.in_recovery && row.timeline.id == 2; });
  ASSERT_TRUE(world.run(n2.sql_port->checkpoint(world.in(60s))));

  std::vector<std::string> waiting;
  for (const auto& entry : std::filesystem::directory_iterator(data + "/pg_wal/archive_status")) {
    if (entry.path().extension() == ".ready") waiting.push_back(entry.path().stem());
  }
  ASSERT_GE(waiting.size(), 2u);
  auto rewound = world.run(n1.data->rewind(n2.member(), world.in(60s)));
  ASSERT_TRUE(rewound) << rewound.error().text();
  for (const std::string& segment : waiting) {
    EXPECT_TRUE(std::filesystem::exists(archive + "/" + segment)) << segment;
    EXPECT_FALSE(std::filesystem::exists(data + "/pg_wal/archive_status/" + segment + ".ready")) << segment;
  }
}

TEST_F(Cluster, no_password_is_in_any_log_and_all_roles_can_log_in_with_theirs) {
  TestServer n1(world, "n1");
  n1.settings.bootstrap.users = {
      {"admin", json::object{{"password", "admin-word"}, {"options", json::array{"createdb"}}}}};
  n1.settings.bootstrap.post_bootstrap = "/bin/sh -c 'echo \"$0 $PGPASSFILE\" > " + world.directory + "/post'";
  n1.apply_settings();
  bootstrap(n1);
  if (HasFatalFailure()) return;
  for (const char* secret : {"se'cr", "repl \\", "rewind-word", "admin-word", "SCRAM-SHA-256$"}) {
    EXPECT_EQ(n1.server_log().find(secret), std::string::npos) << secret;
    EXPECT_EQ(world.log.all.find(secret), std::string::npos) << secret;
  }
  for (const auto& credentials : {n1.settings.postgresql.replication, n1.settings.postgresql.rewind,
                                  Credentials{{"username", "admin"}, {"password", "admin-word"}}}) {
    PgConnection connection(world.pg);
    PgSessionOptions options;
    options.conninfo =
        make_conninfo(credentials, {"127.0.0.1", std::to_string(n1.settings.postgresql.port)}, "postgres");
    auto opened = world.run(connection.open(options, world.in(5s)));
    EXPECT_TRUE(opened) << opened.error().text();
  }
  EXPECT_EQ(n1.sql("SELECT rolcreatedb AND rolcanlogin FROM pg_roles WHERE rolname = 'admin'").value(0, 0), "t");
  auto post = read_file(world.directory + "/post");
  ASSERT_TRUE(post);
  EXPECT_EQ(*post, fmt::format("postgres://postgres@localhost:{}/postgres {}\n", n1.settings.postgresql.port,
                               n1.settings.postgresql.pgpass));
}

TEST_F(Cluster, replica_methods_are_tried_in_order_until_one_succeeds) {
  TestServer n1(world, "n1");
  TestServer n2(world, "n2");
  bootstrap(n1);
  if (HasFatalFailure()) return;
  n2.settings.postgresql.create_replica_methods = {"broken", "copy"};
  std::string seen = world.directory + "/seen";
  // Fails half-way and leaves a file behind; the second one calls pg_basebackup as users' scripts do.
  n2.settings.postgresql.methods["broken"] = json::object{
      {"command", "/bin/sh -c 'mkdir -p \"$0\"; touch \"$0/left\"; exit 1' " + n2.settings.postgresql.data_dir}};
  n2.settings.postgresql.methods["copy"] =
      json::object{{"command", "/bin/sh -c 'echo \"$@\" > " + seen +
                                   "; for a; do case $a in --connstring=*) c=${a#--connstring=};; esac; done; exec " +
                                   postgres_bin_dir() + "/pg_basebackup -c fast -D " + n2.settings.postgresql.data_dir +
                                   " -d \"$c\"' copy"}};
  n2.apply_settings();
  clone(n2, n1);
  auto arguments = read_file(seen);
  ASSERT_TRUE(arguments);
  EXPECT_NE(arguments->find("--scope=demo --role=replica --datadir=" + n2.settings.postgresql.data_dir),
            std::string::npos);
  EXPECT_NE(arguments->find("--connstring=dbname=postgres user=repl host=127.0.0.1 port="), std::string::npos)
      << *arguments;
  EXPECT_FALSE(std::filesystem::exists(n2.settings.postgresql.data_dir + "/left"));
}

TEST_F(Cluster, a_clone_that_fails_leaves_an_empty_directory_and_tells_why) {
  TestServer n1(world, "n1");
  TestServer n2(world, "n2");
  bootstrap(n1);
  if (HasFatalFailure()) return;
  n2.settings.postgresql.replication["password"] = "wrong";
  n2.apply_settings();
  std::filesystem::create_directories(n2.settings.postgresql.data_dir);
  CloneSource source{"n1", "127.0.0.1", n1.settings.postgresql.port};
  auto made = world.run(n2.data->clone(source, true, world.in(60s)));
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().text().find("password authentication failed"), std::string::npos) << made.error().text();
  EXPECT_TRUE(std::filesystem::is_empty(n2.settings.postgresql.data_dir));
}

TEST_F(Cluster, a_directory_in_which_postgresql_works_is_neither_moved_nor_cloned_over_nor_recovered) {
  TestServer n1(world, "n1");
  bootstrap(n1);
  if (HasFatalFailure()) return;
  CloneSource source{"n1", "127.0.0.1", n1.settings.postgresql.port};
  auto moved = world.run(n1.data->move_aside(world.in(10s)));
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::Conflict) << moved.error().text();
  EXPECT_FALSE(world.run(n1.data->clone(source, true, world.in(10s))));
  EXPECT_FALSE(world.run(n1.data->crash_recovery(world.in(10s))));
  EXPECT_EQ(n1.sql("SELECT 1").value(0, 0), "1");
}

TEST_F(Cluster, two_members_on_one_timeline_cannot_be_joined_by_pg_rewind) {
  TestServer n1(world, "n1");
  TestServer n2(world, "n2");
  bootstrap(n1);
  if (HasFatalFailure()) return;
  clone(n2, n1);
  if (HasFatalFailure()) return;
  // It is started without its standby.signal by mistake: both write timeline 2 then.
  n1.stop("fast");
  n2.promote();
  n2.wait_for([](const StatusRow& row) { return !row.in_recovery; });
  n1.start(&n2);
  n1.wait_for([](const StatusRow& row) { return row.receiver_status == "streaming" && row.timeline.id == 2; });
  n1.stop("fast");
  n1.start();
  n1.sql("CREATE TABLE public.mine AS SELECT generate_series(1, 1000)");
  n1.stop("fast");
  auto compared = compare(n1, n2);
  EXPECT_EQ(compared.verdict, Verdict::Diverged) << compared.because;
  ASSERT_TRUE(world.run(n2.sql_port->checkpoint(world.in(60s))));
  auto rewound = world.run(n1.data->rewind(n2.member(), world.in(60s)));
  ASSERT_FALSE(rewound);
  EXPECT_EQ(rewound.error().code, ErrorCode::Failed) << rewound.error().text();
}

TEST_F(Cluster, a_failing_post_bootstrap_script_fails_the_bootstrap) {
  TestServer n1(world, "n1");
  n1.settings.bootstrap.post_bootstrap = "/bin/sh -c 'exit 3'";
  n1.apply_settings();
  ASSERT_TRUE(world.run(n1.data->initdb(world.in(60s))));
  n1.start();
  auto prepared = world.run(n1.sql_port->post_bootstrap(world.in(60s)));
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().code, ErrorCode::Failed);
  n1.stop("fast");
  auto aside = world.run(n1.data->move_aside(world.in(10s)));
  ASSERT_TRUE(aside) << aside.error().text();
  EXPECT_EQ(*aside, n1.settings.postgresql.data_dir + ".failed");
  EXPECT_TRUE(std::filesystem::exists(*aside + "/PG_VERSION"));
}

}  // namespace
}  // namespace tamada::test
