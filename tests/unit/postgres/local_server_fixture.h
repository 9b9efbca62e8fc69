// A LocalPostgresServer over a real cluster and real SQL.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host/system_clock.h"
#include "postgres/host_resolver.h"
#include "postgres/libpq_status_query.h"
#include "postgres/local_server.h"
#include "support/real_postgres.h"
#include "support/run_task.h"
#include "support/temporary_directory.h"

namespace tamada::testing {

class KeptLog final : public LogSink {
 public:
  bool enabled(LogLevel, std::string_view) const override { return true; }
  void write(LogLevel, std::string_view, std::string text) override { lines.push_back(std::move(text)); }
  bool has(const std::string& part) const {
    for (const std::string& line : lines)
      if (line.find(part) != std::string::npos) return true;
    return false;
  }
  std::vector<std::string> lines;
};

class NumericResolver final : public HostResolver {
 public:
  Task<Result<std::vector<std::string>>> resolve(std::string host, Instant) override {
    co_return std::vector<std::string>{host};
  }
};

class CountingListener final : public PostgresListener {
 public:
  void on_postmaster_exit() override { ++exits; }
  int exits = 0;
};

// One daemon's view of a cluster; several may look at one cluster (a restarted daemon).
class Server {
 public:
  Server(boost::asio::io_context& io, Settings settings)
      : io_(io), query_({io.get_executor(), clock, pool_, resolver_}, settings) {
    server_ = std::make_unique<LocalPostgresServer>(io.get_executor(), clock, pool_, query_, settings,
                                                    Logger(log, "postgresql"));
    server_->set_listener(&listener);
  }

  LocalPostgresServer* operator->() { return server_.get(); }
  Instant in(Duration d) { return clock.now() + d; }
  template <class T>
  T run(Task<T> task) {
    return run_task(io_, std::move(task));
  }
  PostgresStatus observe() { return run(server_->observe(true, in(10s))); }
  // Observes until the condition holds; 30 s at most.
  template <class F>
  PostgresStatus wait(F condition) {
    for (Instant limit = in(30s);;) {
      PostgresStatus status = observe();
      if (condition(status) || clock.now() > limit) return status;
      run_task(io_, clock.sleep_for(50ms));
    }
  }
  PostgresStatus wait_row() {
    return wait([](const PostgresStatus& s) { return s.row.has_value(); });
  }
  Result<PostmasterId> start_primary() {
    StartRequest request;
    request.as_primary = true;
    return run(server_->start(request, in(30s)));
  }

  SystemClock clock;
  KeptLog log;
  CountingListener listener;

 private:
  boost::asio::io_context& io_;
  BlockingPool pool_{clock};
  NumericResolver resolver_;
  LibpqStatusQuery query_;
  std::unique_ptr<LocalPostgresServer> server_;
};

class LocalServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!real_postgres_available()) GTEST_SKIP() << "no PostgreSQL is installed (or no user postgres to run it)";
    directory_ = std::make_unique<TemporaryDirectory>();
    static int next_port = 20000 + static_cast<int>(::getpid() % 20000);
    cluster_ = std::make_unique<RealCluster>(directory_->path(), ++next_port);
    ASSERT_TRUE(cluster_->create());
  }
  void TearDown() override {
    if (!cluster_) return;
    // Whatever a failed test left behind.
    auto directory = directory_id(cluster_->data_dir());
    for (int i = 0; directory && i < 100; ++i)
      if (kill_everything_in(*directory, "postgres", [] { return true; })) break;
  }

  boost::asio::io_context io_;
  std::unique_ptr<TemporaryDirectory> directory_;
  std::unique_ptr<RealCluster> cluster_;
};

}  // namespace tamada::testing
