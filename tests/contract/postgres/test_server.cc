#include "contract/postgres/test_server.h"

#include <sys/wait.h>

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "host/files.h"
#include "host/process_table.h"
#include "host/unique_fd.h"
#include "postgres/data_files.h"

namespace tamada::test {

namespace fs = std::filesystem;

std::string postgres_bin_dir() {
  if (const char* chosen = std::getenv("TAMADA_TEST_PG_BIN")) return chosen;
  std::string best;
  int best_version = 0;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ec)) {
    int version = std::atoi(entry.path().filename().c_str());
    fs::path bin = entry.path() / "bin";
    if (version > best_version && fs::exists(bin / "initdb", ec)) {
      best_version = version;
      best = bin.string();
    }
  }
  return best;
}

int free_port() {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) return 0;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.sin_port);
}

void KeptLog::write(LogLevel level, std::string_view component, std::string text) {
  static constexpr const char* kNames[] = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"};
  all += fmt::format("{} {}: {}\n", kNames[static_cast<int>(level)], component, text);
}

World::World() {
  std::string pattern = (fs::temp_directory_path() / "tamada-pg-XXXXXX").string();
  directory = ::mkdtemp(pattern.data());
}

World::~World() {
  if (testing::Test::HasFailure()) {
    std::puts(log.all.c_str());
    fmt::print("files are kept in {}\n", directory);
    return;
  }
  std::error_code ec;
  fs::remove_all(directory, ec);
}

TestServer::TestServer(World& world, std::string name) : world_(world) {
  settings.name = name;
  settings.scope = "demo";
  auto& postgres = settings.postgresql;
  postgres.data_dir = world.directory + "/" + name;
  postgres.bin_dir = postgres_bin_dir();
  postgres.port = free_port();
  postgres.listen_addresses = "127.0.0.1";
  postgres.pgpass = world.directory + "/" + name + ".pgpass";
  postgres.superuser = {{"username", "postgres"}, {"password", "super: se'cr\\et"}};
  postgres.replication = {{"username", "repl"}, {"password", "repl \\:word"}};
  postgres.rewind = {{"username", "rewinder"}, {"password", "rewind-word"}};
  postgres.rewind_configured = true;
  postgres.parameters["unix_socket_directories"] = world.directory;
  settings.bootstrap.initdb = json::array{"data-checksums", json::object{{"encoding", "UTF8"}},
                                          json::object{{"auth", "scram-sha-256"}}, "no-sync"};
  postgres.methods["basebackup"] = json::object{{"checkpoint", "fast"}, {"no-sync", ""}};
  settings.bootstrap.pg_hba = {"host all all 127.0.0.1/32 scram-sha-256",
                               "host replication all 127.0.0.1/32 scram-sha-256"};
  query = std::make_unique<LibpqStatusQuery>(world.pg, settings);
  data = std::make_unique<LocalPostgresData>(world.pg, settings, Logger(world.log, name));
  sql_port = std::make_unique<LocalPostgresSql>(world.pg, settings, Logger(world.log, name));
}

TestServer::~TestServer() {
  if (running()) stop("immediate");
}

void TestServer::apply_settings() {
  query->update_settings(settings);
  data->update_settings(settings);
  sql_port->update_settings(settings);
}

void TestServer::pg_ctl(std::vector<std::string> arguments) {
  ChildSpec spec;
  spec.argv = {postgres_bin_dir() + "/pg_ctl", "-D", settings.postgresql.data_dir};
  spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
  spec.out = ChildOutput::Discard;
  spec.err = ChildOutput::Discard;
  auto exit = world_.run(run_child(world_.clock, std::move(spec), world_.in(60s)));
  ASSERT_TRUE(exit) << exit.error().text();
  EXPECT_TRUE(exit->ok()) << exit->how() << "\n" << server_log();
}

void TestServer::start(const TestServer* upstream) {
  const auto& postgres = settings.postgresql;
  std::ofstream conf(postgres.data_dir + "/postgresql.conf", std::ios::app);
  conf << fmt::format(
      "\nport = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nwal_level = logical\n"
      "log_statement = all\nlog_min_duration_statement = 0\nfsync = off\nwal_keep_size = 256\n",
      postgres.port, world_.directory);
  fs::remove(postgres.data_dir + "/standby.signal");
  if (upstream != nullptr) {
    // No blanks or quotes are left after escaping twice that way: the password goes through the password file.
    std::ofstream pass(world_.directory + "/" + settings.name + ".stream", std::ios::trunc);
    pass << pgpass_content({"127.0.0.1", std::to_string(upstream->settings.postgresql.port)}, postgres.replication);
    pass.close();
    fs::permissions(world_.directory + "/" + settings.name + ".stream", fs::perms::owner_read | fs::perms::owner_write);
    conf << fmt::format(
        "primary_conninfo = 'host=127.0.0.1 port={} user=repl application_name={} passfile={}/{}.stream'\n",
        upstream->settings.postgresql.port, settings.name, world_.directory, settings.name);
    std::ofstream(postgres.data_dir + "/standby.signal");
  }
  conf.close();
  start_as_it_is();
}

void TestServer::start_as_it_is() {
  pg_ctl({"start", "-w", "-t", "30", "-l", world_.directory + "/" + settings.name + ".log"});
}

void TestServer::stop(const std::string& mode) {
  query->close();
  sql_port->close();
  pg_ctl({"stop", "-w", "-t", "30", "-m", mode});
}

void TestServer::kill() {
  query->close();
  std::ifstream pid_file(settings.postgresql.data_dir + "/postmaster.pid");
  int pid = 0;
  pid_file >> pid;
  ASSERT_GT(pid, 1);
  ::kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);  // ours, see main.cc
  for (int i = 0; i < 400; ++i) {
    auto id = directory_id(settings.postgresql.data_dir);
    if (id && processes_in(*id).empty()) return;
    world_.run(pause());
  }
  FAIL() << "processes of " << settings.name << " did not end";
}

void TestServer::promote() {
  pg_ctl({"promote", "-w", "-t", "30"});
}

bool TestServer::running() const {
  return path_exists(settings.postgresql.data_dir + "/postmaster.pid");
}

Member TestServer::member(Role role) const {
  Member member;
  member.name = settings.name;
  member.role = role;
  member.conn_url = fmt::format("postgres://127.0.0.1:{}/postgres", settings.postgresql.port);
  return member;
}

PostgresStatus TestServer::status() {
  PostgresStatus status;
  status.data_dir = DataDirState::Present;
  status.process = running() ? ProcessState::Running : ProcessState::NotRunning;
  DataContext context{world_.pg, std::make_shared<DirectoryGate>(), std::make_shared<const Settings>(settings),
                      Logger(world_.log, settings.name)};
  auto control = world_.run(read_control(context, world_.in(10s)));
  if (control) status.control = *control;
  if (status.running()) {
    auto found = world_.run(query->run(world_.in(5s)));
    if (found) status.row = *found;
  }
  return status;
}

StatusRow TestServer::row() {
  auto found = world_.run(query->run(world_.in(5s)));
  EXPECT_TRUE(found) << found.error().text();
  return found ? *found : StatusRow{};
}

PgAnswer TestServer::sql(const std::string& statement) {
  PgConnection connection(world_.pg);
  auto opened = world_.run(connection.open(local_session_options(settings, "test"), world_.in(5s)));
  EXPECT_TRUE(opened) << opened.error().text();
  auto answer = world_.run(connection.query(statement, world_.in(5s)));
  EXPECT_TRUE(answer) << answer.error().text();
  return answer ? *answer : PgAnswer{};
}

std::string TestServer::server_log() const {
  std::ifstream file(world_.directory + "/" + settings.name + ".log");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Task<bool> TestServer::pause() {
  co_await world_.clock.sleep_for(50ms);
  co_return true;
}

void TestServer::fail_wait() {
  FAIL() << "the awaited state of " << settings.name << " did not come\n" << server_log();
}

}  // namespace tamada::test
