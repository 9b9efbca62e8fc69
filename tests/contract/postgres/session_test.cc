#include <arpa/inet.h>
#include <sys/socket.h>

#include <cstdlib>

#include <gtest/gtest.h>

#include "contract/postgres/test_server.h"
#include "host/unique_fd.h"
#include "postgres/libpq_environment.h"
#include "postgres/pg_session.h"

namespace tamada::test {
namespace {

// One server for all tests of this file.
class Session : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    world_ = new World;
    server_ = new TestServer(*world_, "one");
    auto made = world_->run(server_->data->initdb(world_->in(60s)));
    ASSERT_TRUE(made) << made.error().text();
    server_->start();
    ASSERT_TRUE(world_->run(server_->sql_port->post_bootstrap(world_->in(60s))));
  }
  static void TearDownTestSuite() {
    delete server_;
    delete world_;
  }
  World& world = *world_;
  TestServer& server = *server_;
  PgSessionOptions options() { return local_session_options(server.settings, "test"); }

 private:
  static World* world_;
  static TestServer* server_;
};
World* Session::world_ = nullptr;
TestServer* Session::server_ = nullptr;

// A socket that accepts connections and never says a word.
struct MuteServer {
  MuteServer() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd.get(), 8), 0);
    EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port = ntohs(address.sin_port);
  }
  UniqueFd fd;
  int port = 0;
};

TEST_F(Session, the_status_row_of_a_primary_is_complete) {
  StatusRow row = server.row();
  EXPECT_FALSE(row.in_recovery);
  EXPECT_EQ(row.timeline.id, 1u);
  EXPECT_TRUE(row.write_lsn.known());
  EXPECT_EQ(row.position(), row.write_lsn);
  EXPECT_FALSE(row.received_lsn.known());
  EXPECT_GE(row.server_version, 90300);
  EXPECT_EQ(row.receiver_last_message_age_ms, -1);
  // 2026-11-23 05:11:16.028533+00:00
  ASSERT_EQ(row.postmaster_start_time.size(), 32u) << row.postmaster_start_time;
  EXPECT_TRUE(row.pending_restart_parameters.empty());
  EXPECT_FALSE(row.restore_command_set);
}

TEST_F(Session, a_parameter_that_waits_for_a_restart_is_named) {
  server.sql("ALTER SYSTEM SET max_connections = 77");
  server.sql("SELECT pg_reload_conf()");
  server.wait_for([](const StatusRow& row) {
    return row.pending_restart_parameters == std::vector<std::string>{"max_connections"};
  });
  server.sql("ALTER SYSTEM RESET ALL");
  server.sql("SELECT pg_reload_conf()");
  server.wait_for([](const StatusRow& row) { return row.pending_restart_parameters.empty(); });
}

TEST_F(Session, readiness_is_told_from_refusal_and_silence) {
  EXPECT_EQ(world.run(server.query->ready(world.in(5s))), Accepting::Yes);

  Settings elsewhere = server.settings;
  elsewhere.postgresql.port = free_port();
  LibpqStatusQuery nobody(world.pg, elsewhere);
  EXPECT_EQ(world.run(nobody.ready(world.in(5s))), Accepting::NoResponse);

  MuteServer mute;
  elsewhere.postgresql.port = mute.port;
  LibpqStatusQuery silent(world.pg, elsewhere);
  Instant before = world.clock.now();
  EXPECT_EQ(world.run(silent.ready(world.in(200ms))), Accepting::Unknown);
  EXPECT_LT(world.clock.now() - before, 2s);

  elsewhere = server.settings;
  elsewhere.postgresql.superuser["password"] = "wrong";
  LibpqStatusQuery refused(world.pg, elsewhere);
  EXPECT_EQ(world.run(refused.ready(world.in(5s))), Accepting::Yes);
  auto row = world.run(refused.run(world.in(5s)));
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().code, ErrorCode::Denied) << row.error().text();
}

TEST_F(Session, a_statement_that_runs_into_the_deadline_closes_the_session_and_the_next_one_gets_its_own_answer) {
  PgSession session(world.pg);
  session.configure(options());
  auto slow = world.run(session.query("SELECT pg_sleep(5), 'slow'", world.in(100ms)));
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().code, ErrorCode::Timeout);
  auto next = world.run(session.query("SELECT 'mine'", world.in(5s)));
  ASSERT_TRUE(next) << next.error().text();
  EXPECT_EQ(next->value(0, 0), "mine");
}

TEST_F(Session, the_server_ends_what_takes_longer_than_two_seconds) {
  PgConnection connection(world.pg);
  ASSERT_TRUE(world.run(connection.open(options(), world.in(5s))));
  auto slow = world.run(connection.query("SELECT pg_sleep(30)", world.in(10s)));
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().code, ErrorCode::Timeout) << slow.error().text();
  EXPECT_EQ(connection.sqlstate(), "57014");
  EXPECT_TRUE(connection.is_open());
}

TEST_F(Session, two_coroutines_share_one_session_one_after_the_other) {
  PgSession session(world.pg);
  session.configure(options());
  TaskScope scope(world.pg.executor);
  std::vector<std::string> answers;
  auto ask = [&](std::string word) -> Task<void> {
    auto answer = co_await session.query("SELECT $1::text, pg_sleep(0.05)", {word}, world.in(5s));
    answers.push_back(answer ? answer->value(0, 0) : answer.error().text());
  };
  scope.spawn(ask("one"));
  scope.spawn(ask("two"));
  scope.spawn(ask("three"));
  world.io.restart();
  world.io.run();
  EXPECT_EQ(answers, (std::vector<std::string>{"one", "two", "three"}));
}

TEST_F(Session, a_cancelled_statement_gives_the_session_free) {
  PgSession session(world.pg);
  session.configure(options());
  TaskScope scope(world.pg.executor);
  bool cancelled = false;
  auto ask = [&]() -> Task<void> { (void)co_await session.query("SELECT pg_sleep(1)", world.in(5s)); };
  auto id = scope.spawn(ask(), [&](std::exception_ptr error) { cancelled = is_cancellation(error); });
  auto later = [&]() -> Task<bool> {
    co_await world.clock.sleep_for(100ms);
    scope.cancel(id);
    auto next = co_await session.query("SELECT 'mine'", world.in(5s));
    co_return next && next->value(0, 0) == "mine";
  };
  EXPECT_TRUE(world.run(later()));
  EXPECT_TRUE(cancelled);
}

TEST_F(Session, a_kept_session_survives_a_restart_of_the_server) {
  ASSERT_TRUE(world.run(server.query->run(world.in(5s))));
  auto before = server.row().postmaster_start_time;
  PgSession session(world.pg);
  session.configure(options());
  ASSERT_TRUE(world.run(session.query("SELECT 1", world.in(5s))));
  server.stop("fast");
  server.start();
  auto again = world.run(session.query("SELECT 1", world.in(5s)));
  EXPECT_TRUE(again) << again.error().text();
  EXPECT_NE(server.row().postmaster_start_time, before);
}

TEST_F(Session, variables_of_libpq_do_not_steer_the_connection) {
  setenv("PGHOSTADDR", "192.0.2.1", 1);
  setenv("PGREQUIREPEER", "nobody", 1);
  setenv("PGSERVICE", "elsewhere", 1);
  setenv("PGPASSWORD", "wrong", 1);
  setenv("PGOPTIONS", "-c search_path=elsewhere", 1);
  setenv("PGAPPNAME", "intruder", 1);
  auto removed = isolate_from_libpq_environment();
  EXPECT_EQ(removed.size(), 6u);
  Settings settings = server.settings;
  settings.postgresql.use_unix_socket = true;
  PgConnection connection(world.pg);
  auto opened = world.run(connection.open(local_session_options(settings, "Patroni heartbeat"), world.in(5s)));
  ASSERT_TRUE(opened) << opened.error().text();
  auto answer = world.run(connection.query(
      "SELECT current_setting('search_path'), current_setting('application_name'), inet_client_addr() IS NULL",
      world.in(5s)));
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->value(0, 0), "pg_catalog");
  EXPECT_EQ(answer->value(0, 1), "Patroni heartbeat");
  EXPECT_EQ(answer->value(0, 2), "t");
}

TEST_F(Session, the_second_host_is_taken_when_the_first_has_nobody) {
  PgSessionOptions wanted = options();
  wanted.conninfo.set("host", "127.0.0.1,localhost");
  wanted.conninfo.set("port", std::to_string(free_port()) + "," + std::to_string(server.settings.postgresql.port));
  PgConnection connection(world.pg);
  auto opened = world.run(connection.open(wanted, world.in(5s)));
  EXPECT_TRUE(opened) << opened.error().text();
}

TEST_F(Session, slots_are_made_once_reserve_wal_at_once_and_go_when_nobody_uses_them) {
  auto& sql = *server.sql_port;
  ASSERT_TRUE(world.run(sql.create_physical_slot("n2", world.in(5s))));
  ASSERT_TRUE(world.run(sql.create_physical_slot("n2", world.in(5s))));
  auto slots = world.run(sql.slots(world.in(5s)));
  ASSERT_TRUE(slots) << slots.error().text();
  ASSERT_EQ(slots->size(), 1u);
  EXPECT_EQ((*slots)[0].name, "n2");
  EXPECT_TRUE((*slots)[0].physical);
  EXPECT_FALSE((*slots)[0].active);
  EXPECT_FALSE((*slots)[0].temporary);
  EXPECT_TRUE((*slots)[0].restart_lsn.known());

  Lsn now = server.row().write_lsn;
  auto advanced = world.run(sql.advance_slot("n2", "", now, world.in(5s)));
  EXPECT_TRUE(advanced) << advanced.error().text();
  EXPECT_TRUE(world.run(sql.drop_slot("n2", world.in(5s))));
  EXPECT_TRUE(world.run(sql.drop_slot("n2", world.in(5s))));
  EXPECT_TRUE(world.run(sql.slots(world.in(5s)))->empty());
}

TEST_F(Session, a_slot_that_is_in_use_is_not_dropped) {
  PgConnection walsender(world.pg);
  PgSessionOptions replication;
  replication.conninfo = make_conninfo(server.settings.postgresql.replication,
                                       {"127.0.0.1", std::to_string(server.settings.postgresql.port)}, "postgres");
  replication.replication = true;
  ASSERT_TRUE(world.run(walsender.open(replication, world.in(5s))));
  auto made = world.run(walsender.query("CREATE_REPLICATION_SLOT busy TEMPORARY PHYSICAL", world.in(5s)));
  ASSERT_TRUE(made) << made.error().text();
  auto dropped = world.run(server.sql_port->drop_slot("busy", world.in(5s)));
  ASSERT_FALSE(dropped);
  EXPECT_EQ(dropped.error().code, ErrorCode::Conflict) << dropped.error().text();
}

TEST_F(Session, all_parameters_are_read_with_their_types) {
  auto rows = world.run(server.query->settings_rows(world.in(5s)));
  ASSERT_TRUE(rows) << rows.error().text();
  auto it = std::find_if(rows->begin(), rows->end(), [](const GucRow& row) { return row.name == "max_connections"; });
  ASSERT_NE(it, rows->end());
  EXPECT_EQ(it->vartype, "integer");
  EXPECT_EQ(it->context, "postmaster");
}

}  // namespace
}  // namespace tamada::test
