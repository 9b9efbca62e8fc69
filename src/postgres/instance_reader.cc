#include "postgres/instance_reader.h"

#include <libpq-fe.h>

#include <charconv>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "base/text.h"
#include "host/files.h"
#include "postgres/postmaster.h"

namespace tamada {

namespace {

using Connection = std::unique_ptr<PGconn, decltype(&::PQfinish)>;
using Answer = std::unique_ptr<PGresult, decltype(&::PQclear)>;

constexpr const char* kSettings =
    "SELECT name, current_setting(name) FROM pg_settings "
    "WHERE source IN ('configuration file', 'command line') AND context <> 'internal' "
    "OR name IN ('data_directory', 'hba_file', 'ident_file', 'listen_addresses', 'port', 'cluster_name', "
    "'server_version_num', 'max_connections', 'max_locks_per_transaction', 'max_prepared_transactions', "
    "'max_replication_slots', 'max_wal_senders', 'max_worker_processes', 'track_commit_timestamp', 'wal_level', "
    "'wal_log_hints') ORDER BY name";

std::string message_of(PGconn* connection) {
  return std::string(trim(replace_all(::PQerrorMessage(connection), "\n", " ")));
}

Result<void> read_settings(PGconn* connection, RunningInstance& out) {
  const Answer answer(::PQexec(connection, kSettings), &::PQclear);
  if (::PQresultStatus(answer.get()) != PGRES_TUPLES_OK) {
    return Error(ErrorCode::Failed, "the settings of PostgreSQL could not be read: " + message_of(connection));
  }
  for (int row = 0; row < ::PQntuples(answer.get()); ++row) {
    out.settings.push_back({::PQgetvalue(answer.get(), row, 0), ::PQgetvalue(answer.get(), row, 1)});
  }
  return {};
}

Result<void> need_superuser(PGconn* connection) {
  const char* superuser = ::PQparameterStatus(connection, "is_superuser");
  if (superuser != nullptr && std::string_view(superuser) == "on") return {};
  return Error(ErrorCode::Denied,
               fmt::format("role {} is no superuser and may not see all settings", ::PQuser(connection)),
               "connect as a superuser: --dsn \"user=postgres ...\"");
}

Result<std::vector<std::string>> lines_of(const std::string& path) {
  if (path.empty()) return std::vector<std::string>{};
  auto text = read_file(path);
  if (!text) return text.error().wrap("run this on the machine of PostgreSQL, as its user");
  return meaningful_lines(*text);
}

// Of the program that runs; it may be another version than the one in PATH.
std::string bin_dir_of(const std::string& data_dir) {
  auto text = read_file((std::filesystem::path(data_dir) / "postmaster.pid").string());
  const auto pid_file = text ? parse_pid_file(*text) : std::nullopt;
  if (!pid_file) return {};
  std::error_code ec;
  const auto program = std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid_file->pid), ec);
  return ec ? std::string() : program.parent_path().string();
}

}  // namespace

Result<RunningInstance> read_running_instance(const std::string& dsn) {
  // libpq takes the first of two values of a key only in its own order: what the user says comes last and wins.
  const char* keys[] = {"fallback_application_name", "connect_timeout", "dbname", nullptr};
  const std::string database = dsn.empty() ? "dbname=postgres" : dsn;
  const char* values[] = {"tamada", "5", database.c_str(), nullptr};
  const Connection connection(::PQconnectdbParams(keys, values, 1), &::PQfinish);
  if (::PQstatus(connection.get()) != CONNECTION_OK) {
    return Error(ErrorCode::Unavailable, "no connection to PostgreSQL: " + message_of(connection.get()),
                 "say how to reach it: --dsn \"host=... port=... user=...\"");
  }
  if (auto allowed = need_superuser(connection.get()); !allowed) return allowed.error();
  RunningInstance instance;
  if (auto read = read_settings(connection.get(), instance); !read) return read.error();
  instance.superuser = ::PQuser(connection.get());
  if (const char* password = ::PQpass(connection.get())) instance.password = password;
  std::string data_dir, hba_file, ident_file;
  for (const InstanceSetting& s : instance.settings) {
    if (s.name == "data_directory") data_dir = s.value;
    if (s.name == "hba_file") hba_file = s.value;
    if (s.name == "ident_file") ident_file = s.value;
  }
  auto hba = lines_of(hba_file);
  if (!hba) return hba.error();
  auto ident = lines_of(ident_file);
  if (!ident) return ident.error();
  instance.hba = std::move(*hba);
  instance.ident = std::move(*ident);
  instance.bin_dir = bin_dir_of(data_dir);
  return instance;
}

}  // namespace tamada
