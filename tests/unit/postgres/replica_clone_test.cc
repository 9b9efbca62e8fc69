// The order of methods, what each finds and leaves, what is told meanwhile, and what a killed daemon left behind: with
// programs that only pretend to copy.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/json.h"
#include "host/blocking_pool.h"
#include "host/files.h"
#include "host/process_table.h"
#include "host/system_clock.h"
#include "postgres/directory_size.h"
#include "postgres/host_resolver.h"
#include "postgres/local_data.h"
#include "support/log_capture.h"
#include "support/run_task.h"
#include "support/temporary_directory.h"

namespace tamada {
namespace {

namespace fs = std::filesystem;
using testing::run_task;

class NobodyResolver final : public HostResolver {
 public:
  Task<Result<std::vector<std::string>>> resolve(std::string host, Instant) override {
    co_return Error(ErrorCode::Unavailable, "nobody knows " + host);
  }
};

class ReplicaClone : public ::testing::Test {
 protected:
  ReplicaClone() {
    settings_.scope = "demo";
    settings_.name = "n1";
    settings_.postgresql.data_dir = directory_ / "data";
    settings_.postgresql.bin_dir = directory_ / "bin";
    settings_.postgresql.pgpass = directory_ / "pgpass";
    settings_.postgresql.replication = {{"username", "rep"}, {"password", "secret"}};
    fs::create_directories(settings_.postgresql.bin_dir);
    program("bin/pg_basebackup",
            "case $1 in --version) echo 'pg_basebackup (PostgreSQL) 15.4'; exit;; esac\n"
            "echo basebackup >> ../calls; exit 1");
  }

  void program(const std::string& name, const std::string& text) {
    const std::string path = directory_ / name;
    // A shell script stands in the directory of the data directory.
    ASSERT_TRUE(write_file_atomic(path, "#!/bin/sh\ncd " + settings_.postgresql.bin_dir + "\n" + text + "\n", 0755));
    ::chmod(path.c_str(), 0755);
  }
  void methods(std::vector<std::string> order, const std::string& sections) {
    settings_.postgresql.create_replica_methods = std::move(order);
    settings_.postgresql.methods = parse_json(sections)->as_object();
  }
  void old_data() {
    fs::create_directories(data() + "/global");
    for (const char* name : {"/PG_VERSION", "/global/pg_control", "/old"}) {
      ASSERT_TRUE(write_file_atomic(data() + name, "15\n", 0600));
    }
  }
  const std::string& data() const { return settings_.postgresql.data_dir; }
  std::string calls() { return read_file(directory_ / "calls").value_or(""); }
  Result<void> clone(CloneSource source = {"n2", "127.0.0.1", 1}) {
    LocalPostgresData local({io_.get_executor(), clock_, pool_, resolver_}, settings_, Logger(log_, "data"));
    progress_ = local.clone_progress();
    return run_task(io_, local.clone(std::move(source), false, clock_.now() + 60s));
  }
  // A method that makes a whole directory of the version that this build supports.
  static constexpr const char* kMakesData = "mkdir -p ../data/global; echo 15 > ../data/PG_VERSION";

  boost::asio::io_context io_;
  SystemClock clock_;
  BlockingPool pool_{clock_};
  NobodyResolver resolver_;
  test::LogCapture log_;
  testing::TemporaryDirectory directory_;
  Settings settings_;
  std::shared_ptr<const CloneProgress> progress_;
};

TEST_F(ReplicaClone, the_first_method_that_succeeds_wins_and_gets_the_password_by_file) {
  program("first", "echo first >> ../calls; echo \"$@\" > ../arguments; cat \"$PGPASSFILE\" > ../seen; exit 1");
  program("second", std::string("echo second >> ../calls; ") + kMakesData);
  methods({"one", "two", "basebackup"}, R"({"one": {"command": ")" + (directory_ / "first") +
                                            R"("}, "two": {"command": ")" + (directory_ / "second") + R"("}})");
  auto made = clone();
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ(calls(), "first\nsecond\n");
  EXPECT_NE(read_file(directory_ / "seen").value_or("").find("127.0.0.1:1:*:rep:secret"), std::string::npos);
  const std::string arguments = read_file(directory_ / "arguments").value_or("");
  EXPECT_NE(arguments.find("--scope=demo --role=replica --datadir=" + data() + " --connstring="), std::string::npos);
  EXPECT_EQ(arguments.find("secret"), std::string::npos);
  EXPECT_TRUE(fs::exists(data() + "/standby.signal"));
  EXPECT_FALSE(progress_->read());
}

TEST_F(ReplicaClone, scripts_of_the_old_level_get_the_old_connection_string) {
  program("first", std::string("echo \"$@\" > ../arguments; ") + kMakesData);
  methods({"one"}, R"({"one": {"command": ")" + (directory_ / "first") + R"("}})");
  settings_.compatibility = Compatibility::V1_5;
  ASSERT_TRUE(clone());
  EXPECT_NE(read_file(directory_ / "arguments").value_or("").find("--connstring=postgres://rep@127.0.0.1:1/"),
            std::string::npos);
}

TEST_F(ReplicaClone, old_data_goes_before_a_method_and_its_own_after_it_failed) {
  old_data();
  program("first", "ls ../data > ../found; touch ../data/half; exit 1");
  methods({"one"}, R"({"one": {"command": ")" + (directory_ / "first") + R"("}})");
  EXPECT_FALSE(clone());
  EXPECT_EQ(read_file(directory_ / "found").value_or("?"), "");
  EXPECT_TRUE(!fs::exists(data()) || fs::is_empty(data()));
}

TEST_F(ReplicaClone, a_method_that_keeps_data_finds_it_and_leaves_it_when_it_fails) {
  old_data();
  program("first", "ls ../data > ../found; touch ../data/half; exit 1");
  methods({"one"},
          R"({"one": {"keep_data": true, "no_params": true, "command": ")" + (directory_ / "first") + R"("}})");
  EXPECT_FALSE(clone());
  EXPECT_EQ(read_file(directory_ / "found").value_or("?"), "PG_VERSION\nglobal\nold\n");
  EXPECT_TRUE(fs::exists(data() + "/half"));
}

TEST_F(ReplicaClone, nothing_is_touched_when_no_method_can_be_used) {
  old_data();
  methods({"basebackup"}, "{}");
  auto made = clone({});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().text().find("needs a member to copy from"), std::string::npos);
  EXPECT_TRUE(fs::exists(data() + "/old"));
}

TEST_F(ReplicaClone, what_a_killed_daemon_left_at_work_is_ended_first) {
  // The other run's script: in a session of its own, as all are, and deaf to SIGTERM.
  program("first", "echo $$ > ../pid; trap '' TERM; while :; do echo x >> ../data/half; sleep 0.05; done");
  program("second", kMakesData);
  methods({"one"}, R"({"one": {"keep_data": true, "command": ")" + (directory_ / "first") + R"("}})");
  fs::create_directories(data());
  {
    // A daemon that is killed: its event loop is dropped in the middle, and what destructors would end is let go on.
    ChildSpec spec;
    spec.argv = {directory_ / "first"};
    spec.environment.push_back("TAMADA_WORKS_ON=demo/n1:" + data());
    spec.out = spec.err = ChildOutput::Discard;
    auto left = spawn_detached(spec);
    ASSERT_TRUE(left);
  }
  while (!fs::exists(data() + "/half")) ::usleep(10'000);
  const int pid = std::stoi(read_file(directory_ / "pid").value_or("0"));
  methods({"two"}, R"({"two": {"command": ")" + (directory_ / "second") + R"("}})");
  auto made = clone();
  ASSERT_TRUE(made) << made.error().text();
  auto process = read_process(pid);
  EXPECT_TRUE(!process || process->dead());
  EXPECT_FALSE(fs::exists(data() + "/half"));
  EXPECT_TRUE(log_.contains("left over from earlier work"));
}

TEST_F(ReplicaClone, what_is_at_work_on_another_members_data_is_left_alone) {
  ChildSpec spec;
  spec.argv = {"/bin/sleep", "100"};
  spec.environment.push_back("TAMADA_WORKS_ON=demo/n10:" + data());
  spec.out = spec.err = ChildOutput::Discard;
  auto other = spawn_detached(spec);
  ASSERT_TRUE(other);
  program("second", kMakesData);
  methods({"two"}, R"({"two": {"command": ")" + (directory_ / "second") + R"("}})");
  EXPECT_TRUE(clone());
  EXPECT_FALSE(process_ended(other->pidfd));
  signal_process(other->pidfd, SIGKILL);
  ReapedStatus status;
  while (!reap(other->pidfd, status)) ::usleep(1000);
}

TEST_F(ReplicaClone, bytes_are_told_while_a_method_runs) {
  program("first",
          "mkdir -p ../data/pg_wal; head -c 5000 /dev/zero > ../data/a; head -c 99 /dev/zero > ../data/pg_wal/w\n"
          "while [ ! -e ../seen ]; do sleep 0.05; [ ! -e ../more ] || head -c 5000 /dev/zero > ../data/b; done; " +
              std::string(kMakesData));
  methods({"one"}, R"({"one": {"command": ")" + (directory_ / "first") + R"("}})");
  LocalPostgresData local({io_.get_executor(), clock_, pool_, resolver_}, settings_, Logger(log_, "data"));
  const auto progress = local.clone_progress();
  TaskScope scope(io_.get_executor());
  std::optional<CloneProgress::State> seen;
  auto look = [&]() -> Task<void> {
    for (;;) {
      if (auto state = progress->read(); state && state->bytes_done == 5000) {
        seen = state;
        break;
      }
      co_await clock_.sleep_for(20ms);
    }
    auto more = write_file_atomic(directory_ / "more", "", 0600);
    EXPECT_TRUE(more);
    const Instant limit = clock_.now() + 20s;
    while (progress->read()->bytes_done != 10'000 && clock_.now() < limit) co_await clock_.sleep_for(20ms);
    EXPECT_EQ(progress->read()->bytes_done, 10'000);
    auto written = write_file_atomic(directory_ / "seen", "", 0600);
    EXPECT_TRUE(written);
  };
  scope.spawn(look());
  ASSERT_TRUE(run_task(io_, local.clone({"n2", "127.0.0.1", 1}, false, clock_.now() + 60s)));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->method, "one");
  EXPECT_EQ(seen->source, "n2");
  EXPECT_FALSE(seen->bytes_total) << "the source does not answer";
  EXPECT_FALSE(progress->read());
}

TEST(DirectorySize, counts_tablespaces_behind_links_in_portions_and_no_wal) {
  testing::TemporaryDirectory directory;
  for (const char* name : {"data/base/1", "data/pg_wal", "data/pg_tblspc", "space/PG_15", "elsewhere"}) {
    fs::create_directories(directory / name);
  }
  auto file = [&](const std::string& name, std::size_t bytes) {
    ASSERT_TRUE(write_file_atomic(directory / name, std::string(bytes, 'x'), 0600));
  };
  for (int i = 0; i < 20; ++i) file("data/base/1/" + std::to_string(i), 100);
  file("data/pg_wal/1", 10'000);
  file("space/PG_15/1", 7);
  file("elsewhere/1", 50'000);
  fs::create_directory_symlink(directory / "space", directory / "data/pg_tblspc/16384");
  fs::create_directory_symlink(directory / "elsewhere", directory / "data/base/link");
  DirectorySize size(directory / "data");
  int portions = 1;
  while (!size.look_on(5)) ++portions;
  EXPECT_EQ(size.bytes(), 2007);
  EXPECT_GT(portions, 4);
  DirectorySize missing(directory / "nothing");
  EXPECT_TRUE(missing.look_on(1));
  EXPECT_EQ(missing.bytes(), 0);
}

}  // namespace
}  // namespace tamada
