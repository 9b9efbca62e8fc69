// A cluster of real PostgreSQL servers in a temporary directory, driven through the code under test; only starting,
// stopping and promoting go through pg_ctl.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "base/log.h"
#include "host/blocking_pool.h"
#include "host/system_clock.h"
#include "model/settings.h"
#include "net/resolver.h"
#include "postgres/data_context.h"
#include "postgres/host_resolver.h"
#include "postgres/libpq_status_query.h"
#include "postgres/local_data.h"
#include "postgres/local_sql.h"

namespace tamada::test {

// The newest below /usr/lib/postgresql, or TAMADA_TEST_PG_BIN; empty when there is none.
std::string postgres_bin_dir();
int free_port();

class KeptLog final : public LogSink {
 public:
  bool enabled(LogLevel, std::string_view) const override { return true; }
  void write(LogLevel level, std::string_view component, std::string text) override;
  std::string all;
};

class SystemNames final : public HostResolver {
 public:
  SystemNames(Executor executor, std::function<Instant()> now) : resolver_(std::move(executor), std::move(now)) {}
  Task<Result<std::vector<std::string>>> resolve(std::string host, Instant deadline) override {
    return resolver_.resolve(std::move(host), deadline);
  }
  void distrust(const std::string& host) override { resolver_.distrust(host); }

 private:
  SystemResolver resolver_;
};

// Everything the servers of one test share.
class World {
 public:
  World();
  ~World();

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    boost::asio::co_spawn(
        io,
        [](Task<T> inner, std::optional<T>& out) -> Task<void> { out.emplace(co_await std::move(inner)); }(
                                                     std::move(task), result),
        [](std::exception_ptr error) {
          if (error) std::rethrow_exception(error);
        });
    io.restart();
    io.run();
    return std::move(*result);
  }
  Instant in(Duration d) const { return clock.now() + d; }

  boost::asio::io_context io;
  SystemClock clock;
  BlockingPool pool{clock};
  SystemNames resolver{io.get_executor(), [this] { return clock.now(); }};
  KeptLog log;
  std::string directory;
  PgContext pg{io.get_executor(), clock, pool, resolver};
};

class TestServer {
 public:
  TestServer(World& world, std::string name);
  ~TestServer();
  TestServer(const TestServer&) = delete;

  // Writes the connection settings behind postgresql.conf and starts; a standby streams from `upstream`.
  void start(const TestServer* upstream = nullptr);
  void start_as_it_is();
  void stop(const std::string& mode = "fast");
  void kill();
  void promote();
  bool running() const;

  Member member(Role role = Role::Primary) const;
  PostgresStatus status();
  StatusRow row();
  // Waits until the condition holds for the status row; fails the test after 20 s.
  template <class F>
  void wait_for(F condition) {
    for (int i = 0; i < 400; ++i) {
      auto found = world_.run(query->run(world_.in(2s)));
      if (found && condition(*found)) return;
      world_.run(pause());
    }
    fail_wait();
  }
  PgAnswer sql(const std::string& statement);
  std::string server_log() const;

  Settings settings;
  std::unique_ptr<LibpqStatusQuery> query;
  std::unique_ptr<LocalPostgresData> data;
  std::unique_ptr<LocalPostgresSql> sql_port;
  void apply_settings();

 private:
  Task<bool> pause();
  void fail_wait();
  void pg_ctl(std::vector<std::string> arguments);

  World& world_;
};

}  // namespace tamada::test
