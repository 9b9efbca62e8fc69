#include <gtest/gtest.h>

#include <filesystem>

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
  EXPECT_NE(post->find("dbname=postgres user=postgres host=localhost port="), std::string::npos) << *post;
  EXPECT_NE(post->find(n1.settings.postgresql.pgpass), std::string::npos) << *post;
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
