// A real PostgreSQL cluster in a temporary directory. PostgreSQL refuses to run as root: a test process of root becomes
// the user postgres for good when the first cluster is made. Tests skip themselves when no PostgreSQL is installed.
#pragma once

#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "model/settings.h"

namespace tamada::testing {

// Directory of the newest installed programs; TAMADA_TEST_PG_BIN overrides. Empty = none.
inline std::string postgres_bin_dir() {
  if (const char* chosen = std::getenv("TAMADA_TEST_PG_BIN")) return chosen;
  for (int major = 18; major >= 9; --major) {
    std::string path = "/usr/lib/postgresql/" + std::to_string(major) + "/bin";
    if (std::filesystem::exists(path + "/initdb")) return path;
  }
  return {};
}

// False when we are root and there is no user postgres.
inline bool leave_root() {
  if (::geteuid() != 0) return true;
  const passwd* user = ::getpwnam("postgres");
  if (user == nullptr) return false;
  const std::string here = std::filesystem::current_path();
  const bool left = ::initgroups("postgres", user->pw_gid) == 0 &&
                    ::setresgid(user->pw_gid, user->pw_gid, user->pw_gid) == 0 &&
                    ::setresuid(user->pw_uid, user->pw_uid, user->pw_uid) == 0;
  // PostgreSQL's programs complain about a working directory whose path is closed to them: a clone in root's home.
  return left && (::access(here.c_str(), X_OK) == 0 || ::chdir("/") == 0);
}

inline bool real_postgres_available() {
  return !postgres_bin_dir().empty() && leave_root();
}

inline int run_quietly(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str());
}

class RealCluster {
 public:
  explicit RealCluster(const std::string& directory, int port) : directory_(directory), port_(port) {}

  const std::string& directory() const { return directory_; }
  std::string data_dir() const { return directory_ + "/data"; }
  int port() const { return port_; }

  // initdb is done once for all tests of the process, then copied.
  bool create() {
    static std::string pattern = make_pattern();
    return !pattern.empty() && run_quietly("cp -a " + pattern + " " + data_dir()) == 0;
  }

  Settings settings(const std::string& name = "n1") const {
    Settings settings;
    settings.name = name;
    settings.scope = "test";
    PostgresSettings& postgres = settings.postgresql;
    postgres.data_dir = data_dir();
    postgres.bin_dir = postgres_bin_dir();
    postgres.port = port_;
    postgres.listen_addresses = "127.0.0.1";
    postgres.use_unix_socket = postgres.use_unix_socket_repl = true;
    postgres.pgpass = directory_ + "/pgpass";
    postgres.superuser = {{"username", "postgres"}};
    postgres.replication = {{"username", "postgres"}, {"password", "secret"}};
    postgres.parameters = {{"listen_addresses", "127.0.0.1"},
                           {"port", std::to_string(port_)},
                           {"unix_socket_directories", directory_},
                           {"cluster_name", "test"},
                           {"wal_level", "hot_standby"},
                           {"hot_standby", "on"},
                           {"max_connections", "20"},
                           {"max_wal_senders", "5"},
                           {"max_replication_slots", "5"},
                           {"max_worker_processes", "4"},
                           {"max_prepared_transactions", "0"},
                           {"max_locks_per_transaction", "64"},
                           {"track_commit_timestamp", "off"},
                           {"wal_log_hints", "on"},
                           {"wal_keep_size", "128MB"},
                           {"wal_keep_segments", "8"},
                           {"fsync", "off"}};
    return settings;
  }

  std::string psql(const std::string& sql) const {
    const std::string command = postgres_bin_dir() + "/psql -XAtq -h " + directory_ + " -p " + std::to_string(port_) +
                                " -U postgres -c \"" + sql + "\" postgres 2>&1";
    std::string output;
    FILE* pipe = ::popen(command.c_str(), "r");
    char buffer[4096];
    while (pipe != nullptr && std::fgets(buffer, sizeof buffer, pipe) != nullptr) output += buffer;
    if (pipe != nullptr) ::pclose(pipe);
    while (!output.empty() && output.back() == '\n') output.pop_back();
    return output;
  }

 private:
  static std::string make_pattern() {
    static std::string path = (std::filesystem::temp_directory_path() / "tamada-pattern-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) return {};
    std::atexit([] {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    });
    const std::string data = path + "/data";
    if (run_quietly(postgres_bin_dir() + "/initdb -N --wal-segsize=1 -A trust -U postgres -D " + data) != 0) return {};
    return data;
  }

  std::string directory_;
  int port_;
};

}  // namespace tamada::testing
