#include <signal.h>
#include <sys/stat.h>

#include "host/files.h"
#include "postgres/config_files.h"
#include "unit/postgres/local_server_fixture.h"

namespace tamada {
namespace {

using testing::LocalServerTest;
using testing::Server;

mode_t mode_of(const std::string& path) {
  struct stat info{};
  ::stat(path.c_str(), &info);
  return info.st_mode & 0777;
}

TEST_F(LocalServerTest, plain_pg_ctl_can_start_what_the_daemon_wrote) {
  Settings settings = cluster_->settings();
  settings.postgresql.parameters["work_mem"] = "5MB";
  settings.postgresql.parameters["log_line_prefix"] = "it's \\ ";
  settings.postgresql.pg_hba = {
      {"local all all trust", "host all all 127.0.0.1/32 trust", "local replication all trust"}};
  Server server(io_, settings);
  ASSERT_TRUE(server.start_primary());
  ASSERT_TRUE(server.wait_row().row);
  EXPECT_EQ(cluster_->psql("show work_mem"), "5MB");
  EXPECT_EQ(cluster_->psql("show log_line_prefix"), "it's \\ ");
  const std::string data = cluster_->data_dir();
  EXPECT_TRUE(path_exists(data + "/postgresql.base.conf"));
  EXPECT_EQ(mode_of(data + "/postgresql.conf"), 0600u);
  EXPECT_TRUE(path_exists(data + "/postgresql.conf.backup"));
  EXPECT_TRUE(path_exists(data + "/pg_hba.conf.backup"));
  ASSERT_TRUE(server.run(server->stop(StopMode::Fast, server.in(30s))));
  ASSERT_EQ(testing::run_quietly(testing::postgres_bin_dir() + "/pg_ctl -w -D " + data + " start"), 0);
  EXPECT_EQ(cluster_->psql("show max_connections"), "20");
  EXPECT_TRUE(server.run(server->stop(StopMode::Fast, server.in(30s))));
}

TEST_F(LocalServerTest, a_reload_applies_what_can_be_and_says_what_waits_for_a_restart) {
  Settings settings = cluster_->settings();
  Server server(io_, settings);
  ASSERT_TRUE(server.start_primary());
  ASSERT_TRUE(server.wait_row().row);
  settings.postgresql.parameters["work_mem"] = "8MB";
  settings.postgresql.parameters["max_connections"] = "30";
  settings.postgresql.parameters["shared_buffers"] = "16MB";
  settings.postgresql.parameters["no_such_parameter"] = "1";
  server->update_settings(settings);
  auto outcome = server.run(server->apply_settings(false, server.in(20s)));
  ASSERT_TRUE(outcome) << outcome.error().text();
  EXPECT_TRUE(outcome->reloaded);
  EXPECT_EQ(cluster_->psql("show work_mem"), "8MB");
  EXPECT_EQ(to_json(outcome->pending_restart_reason["max_connections"], JsonStyle::Compact),
            R"({"old_value":"20","new_value":"30"})");
  EXPECT_EQ(to_json(outcome->pending_restart_reason["shared_buffers"], JsonStyle::Compact),
            R"({"old_value":"128MB","new_value":"16MB"})");
  EXPECT_TRUE(server.log.has("no_such_parameter"));
  EXPECT_EQ(read_file(cluster_->data_dir() + "/postgresql.conf")->find("no_such_parameter"), std::string::npos);
  // Nothing changed since: no reload. Forced: a reload all the same.
  EXPECT_FALSE(server.run(server->apply_settings(false, server.in(20s)))->reloaded);
  EXPECT_TRUE(server.run(server->apply_settings(true, server.in(20s)))->reloaded);
  // Taken back: nothing waits any more.
  settings = cluster_->settings();
  server->update_settings(settings);
  auto back = server.run(server->apply_settings(false, server.in(20s)));
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->pending_restart_reason.empty()) << to_json(back->pending_restart_reason, JsonStyle::Compact);
  EXPECT_EQ(cluster_->psql("show work_mem"), "4MB");
}

TEST_F(LocalServerTest, a_preview_says_what_a_reload_would_do_and_does_nothing) {
  Settings settings = cluster_->settings();
  Server server(io_, settings);
  const auto preview = [&] { return server.run(server->preview_settings(settings, server.in(20s))); };
  ASSERT_FALSE(preview()->running);
  ASSERT_TRUE(server.start_primary());
  ASSERT_TRUE(server.wait_row().row);
  const std::string conf = cluster_->data_dir() + "/postgresql.conf";
  const std::string before = *read_file(conf);
  settings.postgresql.parameters["Work_Mem"] = "8MB";
  settings.postgresql.parameters["max_connections"] = "30";
  settings.postgresql.parameters["no_such_parameter"] = "1";
  settings.postgresql.recovery_conf["restore_command"] = "cp a b";
  const auto outlook = preview();
  ASSERT_TRUE(outlook) << outlook.error().text();
  using Effect = ParameterOutlook::Effect;
  EXPECT_TRUE(outlook->running);
  EXPECT_EQ(outlook->parameters.at("work_mem").effect, Effect::Reload);
  EXPECT_EQ(outlook->parameters.at("max_connections").effect, Effect::Restart);
  EXPECT_EQ(outlook->parameters.at("max_connections").running, "20");
  EXPECT_EQ(outlook->parameters.at("max_connections").wanted, "30");
  EXPECT_EQ(outlook->parameters.at("no_such_parameter").effect, Effect::Unknown);
  EXPECT_EQ(outlook->recovery, std::set<std::string>{"restore_command"});
  settings = cluster_->settings();
  settings.postgresql.parameters.erase("max_connections");
  EXPECT_EQ(preview()->parameters.at("max_connections").effect, Effect::Restart);
  EXPECT_EQ(*read_file(conf), before);
  EXPECT_EQ(cluster_->psql("show work_mem"), "4MB");
}

TEST_F(LocalServerTest, values_that_postgresql_refuses_do_not_keep_it_down) {
  Settings settings = cluster_->settings();
  settings.postgresql.parameters["work_mem"] = "1kB";
  settings.postgresql.parameters["bogus_param"] = "1";
  settings.postgresql.parameters["wal_compression"] = "maybe";
  settings.postgresql.parameters["Log_Statement"] = "ddl";
  settings.postgresql.parameters["my.ext"] = "a";
  Server server(io_, settings);
  auto id = server.start_primary();
  ASSERT_TRUE(id) << id.error().text();
  ASSERT_TRUE(server.wait_row().row);
  EXPECT_EQ(cluster_->psql("show work_mem"), "64kB");
  EXPECT_EQ(cluster_->psql("show wal_compression"), "off");
  EXPECT_EQ(cluster_->psql("show log_statement"), "ddl");
  EXPECT_EQ(cluster_->psql("show my.ext"), "a");
  EXPECT_TRUE(server.log.has("Removing parameter bogus_param"));
  EXPECT_TRUE(server.log.has("Correcting parameter work_mem"));
}

TEST_F(LocalServerTest, a_server_with_a_foreign_configuration_is_attached_and_keeps_its_settings) {
  const std::string data = cluster_->data_dir();
  auto conf = read_file(data + "/postgresql.conf");
  ASSERT_TRUE(conf);
  ASSERT_TRUE(write_file_atomic(data + "/postgresql.conf",
                                *conf + "\nport = " + std::to_string(cluster_->port()) +
                                    "\nunix_socket_directories = '" + cluster_->directory() +
                                    "'\nwork_mem = '7MB'\nlisten_addresses = '127.0.0.1'\n",
                                0600));
  ASSERT_EQ(testing::run_quietly(testing::postgres_bin_dir() + "/pg_ctl -w -D " + data + " start"), 0);
  const std::string started = cluster_->psql("select pg_postmaster_start_time()");
  Server server(io_, cluster_->settings());
  PostgresStatus status = server.wait_row();
  ASSERT_TRUE(status.row) << status.row_error;
  auto attached = server.run(server->attach(server.in(20s)));
  ASSERT_TRUE(attached) << attached.error().text();
  EXPECT_EQ(cluster_->psql("select pg_postmaster_start_time()"), started);
  EXPECT_EQ(cluster_->psql("show work_mem"), "7MB");
  EXPECT_TRUE(is_generated(*read_file(data + "/postgresql.conf")));
  EXPECT_FALSE(read_generated_conf(config_paths(cluster_->settings()), 150000).recovery.contains("primary_conninfo"));
  ASSERT_TRUE(server.run(server->stop(StopMode::Fast, server.in(30s))));
  EXPECT_EQ(server.listener.exits, 1);
}

TEST_F(LocalServerTest, a_standby_is_pointed_elsewhere_by_a_reload) {
  ASSERT_TRUE(write_file_atomic(cluster_->data_dir() + "/postgresql.auto.conf",
                                "# Do not edit\nprimary_conninfo = 'host=stale'\nwork_mem = '6MB'\n", 0600));
  Server server(io_, cluster_->settings());
  StartRequest request;
  request.follow = {"n2", "127.0.0.1", "1", "n1"};
  ASSERT_TRUE(server.run(server->start(request, server.in(20s))));
  PostgresStatus status = server.wait_row();
  ASSERT_TRUE(status.row) << status.row_error;
  EXPECT_TRUE(status.is_standby());
  EXPECT_NE(cluster_->psql("show primary_conninfo").find("host=127.0.0.1 port=1 "), std::string::npos);
  EXPECT_EQ(cluster_->psql("show primary_slot_name"), "n1");
  EXPECT_EQ(cluster_->psql("show work_mem"), "6MB");
  EXPECT_EQ(*read_file(cluster_->directory() + "/pgpass"), "127.0.0.1:1:*:postgres:secret\n");
  EXPECT_EQ(mode_of(cluster_->directory() + "/pgpass"), 0600u);
  EXPECT_FALSE(server->follow_differs(request.follow, status));

  // A new password is in the password file after a follow that needs neither restart nor reload.
  Settings changed = cluster_->settings();
  changed.postgresql.replication["password"] = "changed";
  server->update_settings(changed);
  EXPECT_TRUE(server->follow_differs(request.follow, status));
  EXPECT_FALSE(*server.run(server->follow(request.follow, server.in(20s))));
  EXPECT_EQ(*read_file(cluster_->directory() + "/pgpass"), "127.0.0.1:1:*:postgres:changed\n");
  EXPECT_FALSE(server->follow_differs(request.follow, server.observe()));

  FollowTarget other{"n3", "127.0.0.1", "2", ""};
  EXPECT_TRUE(server->follow_differs(other, status));
  auto restart = server.run(server->follow(other, server.in(20s)));
  ASSERT_TRUE(restart) << restart.error().text();
  EXPECT_FALSE(*restart);  // PostgreSQL 14 and newer need no restart
  while (cluster_->psql("show primary_conninfo").find("port=2 ") == std::string::npos) {
  }
  EXPECT_EQ(cluster_->psql("show primary_slot_name"), "");
  EXPECT_FALSE(server->follow_differs(other, server.observe()));

  // Nobody to follow.
  auto nobody = server.run(server->follow({}, server.in(20s)));
  ASSERT_TRUE(nobody);
  while (!cluster_->psql("show primary_conninfo").empty()) {
  }
  EXPECT_FALSE(server->follow_differs({}, server.observe()));

  // What the section of a standby cluster set goes with it, also where the source stays the same.
  Settings remote = changed;
  remote.dynamic.standby_cluster = StandbyClusterSettings{.restore_command = "false"};
  server->update_settings(remote);
  EXPECT_TRUE(server->follow_differs({}, server.observe()));
  ASSERT_TRUE(server.run(server->follow({}, server.in(20s))));
  while (cluster_->psql("show restore_command") != "false") {
  }
  EXPECT_FALSE(server->follow_differs({}, server.observe()));
  server->update_settings(changed);
  EXPECT_TRUE(server->follow_differs({}, server.observe()));
  ASSERT_TRUE(server.run(server->follow({}, server.in(20s))));
  while (!cluster_->psql("show restore_command").empty()) {
  }
  EXPECT_FALSE(server->follow_differs({}, server.observe()));
}

TEST_F(LocalServerTest, following_from_a_primary_needs_a_restart) {
  Server server(io_, cluster_->settings());
  ASSERT_TRUE(server.start_primary());
  PostgresStatus status = server.wait_row();
  FollowTarget target{"n2", "127.0.0.1", "1", ""};
  EXPECT_TRUE(server->follow_differs(target, status));
  auto restart = server.run(server->follow(target, server.in(20s)));
  ASSERT_TRUE(restart);
  EXPECT_TRUE(*restart);
  EXPECT_TRUE(path_exists(cluster_->data_dir() + "/standby.signal"));
}

TEST_F(LocalServerTest, a_standby_is_started_with_what_its_primary_had_and_says_so) {
  Settings settings = cluster_->settings();
  settings.postgresql.parameters["max_connections"] = "40";
  {
    Server server(io_, settings);
    ASSERT_TRUE(server.start_primary());
    ASSERT_TRUE(server.wait_row().row);
    ASSERT_TRUE(server.run(server->stop(StopMode::Fast, server.in(30s))));
  }
  Server server(io_, cluster_->settings());  // 20
  ASSERT_TRUE(server.run(server->start({}, server.in(20s))));
  ASSERT_TRUE(server.wait_row().row);
  EXPECT_EQ(cluster_->psql("show max_connections"), "40");
  EXPECT_TRUE(server.log.has("max_connections is 40 instead of the configured 20"));
  auto outcome = server.run(server->apply_settings(false, server.in(20s)));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(to_json(outcome->pending_restart_reason["max_connections"], JsonStyle::Compact),
            R"({"old_value":"40","new_value":"20"})");
}

TEST_F(LocalServerTest, the_synchronous_names_are_in_force_when_the_call_returns) {
  Settings settings = cluster_->settings();
  settings.dynamic.synchronous_mode = SynchronousMode::On;
  settings.postgresql.parameters["synchronous_standby_names"] = "of_the_user";
  Server server(io_, settings);
  ASSERT_TRUE(server.start_primary());
  ASSERT_TRUE(server.wait_row().row);
  EXPECT_EQ(cluster_->psql("show synchronous_standby_names"), "");
  auto set = server.run(server->set_synchronous_standby_names("2 (\"a-b\",\"c\")", server.in(20s)));
  ASSERT_TRUE(set) << set.error().text();
  EXPECT_EQ(cluster_->psql("show synchronous_standby_names"), "2 (\"a-b\",\"c\")");
  ASSERT_TRUE(server.run(server->set_synchronous_standby_names("", server.in(20s))));
  EXPECT_EQ(cluster_->psql("show synchronous_standby_names"), "");
  settings.dynamic.synchronous_mode = SynchronousMode::Off;
  server->update_settings(settings);
  ASSERT_TRUE(server.run(server->apply_settings(false, server.in(20s))));
  EXPECT_EQ(cluster_->psql("show synchronous_standby_names"), "of_the_user");
}

TEST_F(LocalServerTest, files_may_live_in_another_directory_with_another_base_name) {
  Settings settings = cluster_->settings();
  const std::string config = cluster_->directory() + "/config";
  std::filesystem::create_directory(config);
  settings.postgresql.config_dir = config;
  settings.postgresql.config_base_name = "main";
  for (const char* name : {"pg_hba.conf", "pg_ident.conf"})
    std::filesystem::rename(cluster_->data_dir() + "/" + name, config + "/" + name);
  std::filesystem::rename(cluster_->data_dir() + "/postgresql.conf", config + "/main.conf");
  Server server(io_, settings);
  auto id = server.start_primary();
  ASSERT_TRUE(id) << id.error().text();
  ASSERT_TRUE(server.wait_row().row);
  EXPECT_EQ(cluster_->psql("show config_file"), config + "/main.conf");
  EXPECT_EQ(cluster_->psql("show hba_file"), config + "/pg_hba.conf");
  EXPECT_TRUE(path_exists(config + "/main.base.conf"));
  EXPECT_TRUE(path_exists(cluster_->data_dir() + "/main.base.conf.backup"));
  // Lost after a clone: put back from the copies.
  ASSERT_TRUE(server.run(server->stop(StopMode::Fast, server.in(30s))));
  std::filesystem::remove_all(config);
  std::filesystem::create_directory(config);
  ASSERT_TRUE(server.start_primary());
  EXPECT_TRUE(server.wait_row().row);
}

TEST_F(LocalServerTest, a_custom_bootstrap_lets_only_our_own_users_in_and_archives_nothing) {
  Settings settings = cluster_->settings();
  settings.postgresql.parameters["archive_mode"] = "on";
  settings.postgresql.pg_hba = {{"local all all trust"}};
  const ConfigPaths paths = config_paths(settings);
  const std::string original = *read_file(paths.hba());
  ASSERT_TRUE(begin_custom_bootstrap(paths));
  Server server(io_, settings);
  StartRequest request;
  request.recovery_conf = {{"restore_command", "false"}, {"recovery_target_action", "promote"}};
  // No backup_label and nothing to restore: recovery ends at once and the server promotes itself.
  ASSERT_TRUE(server.run(server->start(request, server.in(20s))));
  ASSERT_TRUE(server.wait([](const PostgresStatus& s) { return s.is_primary(); }).row);
  EXPECT_EQ(cluster_->psql("show archive_mode"), "off");
  EXPECT_NE(read_file(paths.hba())->find("local\tall\tpostgres\t\ttrust"), std::string::npos);
  ASSERT_TRUE(end_custom_bootstrap(paths));
  EXPECT_EQ(*read_file(paths.hba()), original);
  auto outcome = server.run(server->apply_settings(false, server.in(20s)));
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->pending_restart_reason.contains("archive_mode"));
  EXPECT_EQ(*read_file(paths.hba()), std::string(kGeneratedHeader) + "local all all trust\n");
}

}  // namespace
}  // namespace tamada
