#include <signal.h>
#include <sys/stat.h>

#include "host/files.h"
#include "postgres/config_files.h"
#include "unit/postgres/local_server_fixture.h"

namespace tamada {
namespace {

using testing::LocalServerTest;
using testing::Server;

bool is_running(const PostgresStatus& s) {
  return s.running();
}
bool is_gone(const PostgresStatus& s) {
  return s.process == ProcessState::NotRunning;
}

TEST_F(LocalServerTest, starts_a_primary_and_stops_it_fast) {
  Server server(io_, cluster_->settings());
  PostgresStatus before = server.observe();
  EXPECT_EQ(before.data_dir, DataDirState::Present);
  EXPECT_EQ(before.process, ProcessState::NotRunning);
  ASSERT_TRUE(before.control);
  EXPECT_EQ(before.control->state, ControlState::ShutDown);

  auto id = server.start_primary();
  ASSERT_TRUE(id) << id.error().text();
  PostgresStatus running = server.wait_row();
  ASSERT_TRUE(running.row) << running.row_error;
  EXPECT_EQ(running.accepting, Accepting::Yes);
  EXPECT_EQ(running.postmaster, *id);
  EXPECT_TRUE(running.is_primary());
  EXPECT_FALSE(running.recovery_configured);
  EXPECT_EQ(running.control->state, ControlState::InProduction);

  auto stopped = server.run(server->stop(StopMode::Fast, server.in(30s)));
  ASSERT_TRUE(stopped) << stopped.error().text();
  PostgresStatus after = server.observe();
  EXPECT_EQ(after.process, ProcessState::NotRunning);
  EXPECT_EQ(after.accepting, Accepting::NoResponse);
  EXPECT_EQ(after.control->state, ControlState::ShutDown);
  EXPECT_EQ(server.listener.exits, 1);
}

TEST_F(LocalServerTest, a_second_start_is_refused_while_a_server_runs) {
  Server server(io_, cluster_->settings());
  ASSERT_TRUE(server.start_primary());
  server.wait_row();
  auto again = server.start_primary();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::Conflict);
}

TEST_F(LocalServerTest, a_start_that_cannot_succeed_says_why_and_writes_nothing) {
  const std::string data_dir = cluster_->settings().postgresql.data_dir;
  const auto contents = [&] {
    return read_file(join_path(data_dir, "postgresql.conf")).value_or("") +
           (path_exists(join_path(data_dir, "standby.signal")) ? "standby" : "");
  };
  Server server(io_, cluster_->settings());
  const std::string before = contents();
  const auto version = *read_file(join_path(data_dir, "PG_VERSION"));
  ASSERT_TRUE(write_file_atomic(join_path(data_dir, "PG_VERSION"), "12\n", 0600));
  auto started = server.run(server->start(StartRequest(), server.in(30s)));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::Unsupported);
  EXPECT_NE(started.error().message.find("was made by PostgreSQL 12"), std::string::npos) << started.error().text();
  EXPECT_EQ(contents(), before);
  ASSERT_TRUE(write_file_atomic(join_path(data_dir, "PG_VERSION"), version, 0600));

  chmod(data_dir.c_str(), 0777);
  started = server.run(server->start(StartRequest(), server.in(30s)));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::Denied);
  EXPECT_EQ(contents(), before);
  chmod(data_dir.c_str(), 0700);
  EXPECT_TRUE(server.start_primary());
}

TEST_F(LocalServerTest, a_normal_stop_warns_of_nothing_though_the_log_collector_ends_last) {
  Settings settings = cluster_->settings();
  settings.postgresql.parameters["logging_collector"] = "on";
  Server server(io_, settings);
  ASSERT_TRUE(server.start_primary());
  ASSERT_TRUE(server.wait_row().row);
  server.log.lines.clear();
  ASSERT_TRUE(server.run(server->stop(StopMode::Fast, server.in(30s))));
  EXPECT_FALSE(server.log.has("killing"));
}

TEST_F(LocalServerTest, stopping_what_does_not_run_is_success) {
  Server server(io_, cluster_->settings());
  EXPECT_TRUE(server.run(server->stop(StopMode::Fast, server.in(5s))));
  EXPECT_TRUE(server.run(server->stop(StopMode::Kill, server.in(5s))));
}

TEST_F(LocalServerTest, immediate_stop_leaves_a_server_that_crashed) {
  Server server(io_, cluster_->settings());
  ASSERT_TRUE(server.start_primary());
  server.wait_row();
  ASSERT_TRUE(server.run(server->stop(StopMode::Immediate, server.in(30s))));
  EXPECT_EQ(server.observe().control->state, ControlState::InProduction);
}

TEST_F(LocalServerTest, orphans_of_a_killed_postmaster_are_seen_and_killed_by_a_stop) {
  Server server(io_, cluster_->settings());
  auto id = server.start_primary();
  ASSERT_TRUE(id);
  server.wait_row();
  // A loop: a backend that only waits notices the death of its postmaster at once, one that works does not.
  ASSERT_TRUE(
      write_file_atomic(cluster_->directory() + "/loop.sql", "do $$begin loop perform 1; end loop; end$$", 0600));
  const std::string psql = testing::postgres_bin_dir() + "/psql -h " + cluster_->directory() + " -p " +
                           std::to_string(cluster_->port()) + " -U postgres -f " + cluster_->directory() +
                           "/loop.sql postgres";
  ASSERT_EQ(std::system((psql + " >/dev/null 2>&1 &").c_str()), 0);
  while (cluster_->psql("select count(*) from pg_stat_activity where query like 'do %loop%' and state = 'active'") !=
         "1") {
  }
  ::kill(id->pid, SIGKILL);
  PostgresStatus status = server.wait([](const PostgresStatus& s) { return !s.running(); });
  EXPECT_EQ(status.process, ProcessState::Orphans);
  auto start = server.start_primary();
  ASSERT_FALSE(start);
  EXPECT_EQ(start.error().code, ErrorCode::Conflict);
  ASSERT_TRUE(server.run(server->stop(StopMode::Fast, server.in(30s))));
  EXPECT_EQ(server.observe().process, ProcessState::NotRunning);
  // The pid file of the killed postmaster is still there and does not hinder the next start.
  ASSERT_TRUE(path_exists(cluster_->data_dir() + "/postmaster.pid"));
  ASSERT_TRUE(server.start_primary());
  EXPECT_TRUE(server.wait_row().row);
}

TEST_F(LocalServerTest, kill_ends_a_server_that_is_frozen) {
  Server server(io_, cluster_->settings());
  auto id = server.start_primary();
  ASSERT_TRUE(id);
  server.wait_row();
  ::kill(id->pid, SIGSTOP);
  auto fast = server.run(server->stop(StopMode::Fast, server.in(300ms)));
  ASSERT_FALSE(fast);
  EXPECT_EQ(fast.error().code, ErrorCode::Timeout);
  EXPECT_TRUE(server.observe().running());
  auto killed = server.run(server->stop(StopMode::Kill, server.in(10s)));
  ASSERT_TRUE(killed) << killed.error().text();
  EXPECT_EQ(server.observe().process, ProcessState::NotRunning);
}

TEST_F(LocalServerTest, a_kill_directly_after_the_launch_leaves_nothing) {
  Server server(io_, cluster_->settings());
  for (int i = 0; i < 5; ++i) {
    auto id = server.start_primary();
    ASSERT_TRUE(id) << id.error().text();
    ASSERT_TRUE(server.run(server->stop(StopMode::Kill, server.in(10s))));
    auto process = read_process(id->pid);
    EXPECT_TRUE(!process || process->dead() || kill_pending(id->pid));
  }
}

TEST_F(LocalServerTest, a_stale_pid_file_of_a_foreign_process_does_not_hinder_the_start) {
  // The test itself is the foreign process: same user, alive, works elsewhere.
  ASSERT_TRUE(write_file_atomic(cluster_->data_dir() + "/postmaster.pid",
                                std::to_string(::getpid()) + "\n" + cluster_->data_dir() + "\n1\n5432\n/tmp\n", 0600));
  Server server(io_, cluster_->settings());
  EXPECT_EQ(server.observe().process, ProcessState::NotRunning);
  auto id = server.start_primary();
  ASSERT_TRUE(id) << id.error().text();
  EXPECT_TRUE(server.log.has("is stale"));
  EXPECT_TRUE(server.wait_row().row);
}

TEST_F(LocalServerTest, a_restarted_daemon_attaches_without_restarting_anything) {
  PostmasterId id;
  {
    Server first(io_, cluster_->settings());
    auto started = first.start_primary();
    ASSERT_TRUE(started);
    id = *started;
    first.wait_row();
    ASSERT_TRUE(first.run(first->set_synchronous_standby_names("\"n2\"", first.in(10s))));
    first->detach();
  }
  Settings settings = cluster_->settings();
  settings.dynamic.synchronous_mode = SynchronousMode::On;
  Server second(io_, settings);
  PostgresStatus status = second.wait_row();
  EXPECT_EQ(status.postmaster, id);
  auto attached = second.run(second->attach(second.in(20s)));
  ASSERT_TRUE(attached) << attached.error().text();
  EXPECT_EQ(second.observe().postmaster, id);
  EXPECT_EQ(cluster_->psql("show synchronous_standby_names"), "\"n2\"");
  ::kill(id.pid, SIGINT);
  EXPECT_TRUE(is_gone(second.wait(is_gone)));
  EXPECT_EQ(second.listener.exits, 1);
}

TEST_F(LocalServerTest, a_postmaster_survives_the_loss_of_its_data_directory_and_is_still_stopped) {
  Server server(io_, cluster_->settings());
  auto id = server.start_primary();
  ASSERT_TRUE(id);
  server.wait_row();
  std::filesystem::rename(cluster_->data_dir(), cluster_->directory() + "/elsewhere");
  PostgresStatus status = server.observe();
  EXPECT_EQ(status.data_dir, DataDirState::Missing);
  EXPECT_EQ(status.process, ProcessState::Running);
  ASSERT_TRUE(server.run(server->stop(StopMode::Kill, server.in(10s))));
  EXPECT_EQ(server.observe().process, ProcessState::NotRunning);
}

TEST_F(LocalServerTest, a_standby_is_promoted) {
  Server server(io_, cluster_->settings());
  StartRequest request;  // standby of nobody
  ASSERT_TRUE(server.run(server->start(request, server.in(20s))));
  PostgresStatus standby = server.wait_row();
  ASSERT_TRUE(standby.row) << standby.row_error;
  EXPECT_TRUE(standby.is_standby());
  EXPECT_TRUE(standby.recovery_configured);
  auto promoted = server.run(server->promote(server.in(10s)));
  ASSERT_TRUE(promoted) << promoted.error().text();
  PostgresStatus primary = server.wait([](const PostgresStatus& s) { return s.is_primary(); });
  EXPECT_TRUE(primary.is_primary());
  EXPECT_EQ(primary.row->timeline.id, 2u);
  auto again = server.run(server->promote(server.in(10s)));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::Conflict);
  EXPECT_FALSE(path_exists(cluster_->data_dir() + "/promote"));
}

TEST_F(LocalServerTest, a_hung_server_gives_an_error_instead_of_a_row_and_unknown_readiness) {
  Server server(io_, cluster_->settings());
  auto id = server.start_primary();
  ASSERT_TRUE(id);
  server.wait_row();
  auto directory = directory_id(cluster_->data_dir());
  ASSERT_TRUE(directory);
  for (const ProcessInfo& process : processes_in(*directory)) ::kill(process.pid, SIGSTOP);
  const Instant before = server.clock.now();
  PostgresStatus status = server.run(server->observe(true, server.in(400ms)));
  EXPECT_LT(server.clock.now() - before, 5s);
  EXPECT_TRUE(is_running(status));
  EXPECT_FALSE(status.row);
  EXPECT_FALSE(status.row_error.empty());
  EXPECT_EQ(status.accepting, Accepting::Unknown);
}

TEST_F(LocalServerTest, a_missing_and_an_empty_directory_are_told_apart) {
  Settings settings = cluster_->settings();
  settings.postgresql.data_dir = cluster_->directory() + "/nothing";
  Server missing(io_, settings);
  EXPECT_EQ(missing.observe().data_dir, DataDirState::Missing);
  EXPECT_EQ(missing.observe().process, ProcessState::NotRunning);
  std::filesystem::create_directory(settings.postgresql.data_dir);
  EXPECT_EQ(missing.observe().data_dir, DataDirState::Empty);
  auto start = missing.start_primary();
  ASSERT_FALSE(start);
  EXPECT_EQ(start.error().code, ErrorCode::NotFound);
}

TEST_F(LocalServerTest, a_script_that_fails_reports_its_exit_code) {
  Server server(io_, cluster_->settings());
  EXPECT_TRUE(server.run(server->run_script("/bin/sh -c 'exit 0'", {}, server.in(5s))));
  auto failed = server.run(server->run_script("/bin/sh -c 'exit $0'", {"7"}, server.in(5s)));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "/bin/sh failed with exit code 7");
}

TEST_F(LocalServerTest, rewind_is_possible_only_where_the_control_data_allows_it) {
  Settings settings = cluster_->settings();
  settings.postgresql.use_pg_rewind = true;
  Server server(io_, settings);
  PostgresStatus status = server.observe();
  ASSERT_TRUE(status.control);
  EXPECT_FALSE(server->can_rewind(status));  // a fresh cluster has neither checksums nor hints
  status.control->wal_log_hints = true;
  EXPECT_TRUE(server->can_rewind(status));
  settings.postgresql.use_pg_rewind = false;
  server->update_settings(settings);
  EXPECT_FALSE(server->can_rewind(status));
}

}  // namespace
}  // namespace tamada
