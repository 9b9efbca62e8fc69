#include "postgres/instance_config.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/text.h"
#include "model/settings_parameters.h"

namespace tamada {

namespace {

constexpr int kPostgresPort = 5432;

// What the daemon decides, what belongs to one start, and where files are.
constexpr std::array<std::string_view, 22> kNotWanted{"data_directory",
                                                      "config_file",
                                                      "hba_file",
                                                      "ident_file",
                                                      "external_pid_file",
                                                      "synchronous_standby_names",
                                                      "primary_conninfo",
                                                      "primary_slot_name",
                                                      "restore_command",
                                                      "recovery_target",
                                                      "recovery_target_lsn",
                                                      "recovery_target_name",
                                                      "recovery_target_time",
                                                      "recovery_target_xid",
                                                      "recovery_target_action",
                                                      "recovery_target_inclusive",
                                                      "recovery_target_timeline",
                                                      "recovery_end_command",
                                                      "promote_trigger_file",
                                                      "trigger_file",
                                                      "archive_cleanup_command",
                                                      "server_version_num"};

// Controlled ones that the cluster's configuration in the store carries: equal on all members.
constexpr std::array<std::string_view, 11> kOfTheCluster{"max_connections",
                                                         "max_locks_per_transaction",
                                                         "max_prepared_transactions",
                                                         "max_replication_slots",
                                                         "max_wal_senders",
                                                         "max_worker_processes",
                                                         "track_commit_timestamp",
                                                         "wal_keep_segments",
                                                         "wal_keep_size",
                                                         "wal_level",
                                                         "wal_log_hints"};

template <std::size_t N>
bool one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string setting(const RunningInstance& instance, std::string_view name) {
  for (const InstanceSetting& s : instance.settings) {
    if (s.name == name) return s.value;
  }
  return {};
}

// A number where the text is one, as a person would write it.
json::value plain(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && ec == std::errc() && end == text.data() + text.size()) return number;
  return json::value(json::string(text));
}

json::array texts(const std::vector<std::string>& lines) {
  json::array array;
  for (const std::string& line : lines) array.emplace_back(line);
  return array;
}

json::object timing() {
  return {{"ttl", 30}, {"loop_wait", 10}, {"retry_timeout", 10}, {"maximum_lag_on_failover", 1048576}};
}

json::object account(std::string name, std::string password) {
  return {{"username", std::move(name)}, {"password", password.empty() ? "#FIXME password" : std::move(password)}};
}

json::object frame(const Machine& machine, std::string scope) {
  const std::string rest = fmt::format("{}:8008", machine.address);
  return {{"scope", scope.empty() ? "#FIXME name of the cluster, equal on all members" : std::move(scope)},
          {"name", machine.host_name},
          {"log", {{"level", "INFO"}}},
          {"restapi", {{"connect_address", rest}, {"listen", rest}, {"authentication", account("operator", "")}}},
          {"etcd3", {{"hosts", "#FIXME host:2379,host:2379,host:2379"}}}};
}

json::object tags() {
  return {{"nofailover", false}, {"noloadbalance", false}, {"clonefrom", true}, {"nosync", false}};
}

}  // namespace

std::vector<std::string> meaningful_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (const std::string& line : split(text, '\n')) {
    const std::string_view words = trim(line);
    if (!words.empty() && words.front() != '#') lines.emplace_back(words);
  }
  return lines;
}

json::object sample_config(const Machine& machine) {
  json::object config = frame(machine, "");
  json::object dcs = timing();
  dcs["postgresql"] = {{"use_pg_rewind", true},
                       {"use_slots", true},
                       {"parameters", {{"max_connections", 100}, {"wal_level", "replica"}, {"wal_log_hints", "on"}}}};
  config["bootstrap"] = {{"dcs", std::move(dcs)}, {"initdb", {json::object{{"encoding", "UTF8"}}, "data-checksums"}}};
  const std::string address = fmt::format("{}:{}", machine.address, kPostgresPort);
  config["postgresql"] = {
      {"connect_address", address},
      {"listen", address},
      {"data_dir", "#FIXME /var/lib/postgresql/15/cluster"},
      {"bin_dir", "#FIXME /usr/lib/postgresql/15/bin"},
      {"authentication",
       {{"superuser", account("postgres", "")},
        {"replication", account("replicator", "")},
        {"rewind", account("rewind_user", "")}}},
      {"pg_hba",
       {"local all all peer", "host all all 127.0.0.1/32 scram-sha-256", "#FIXME host all all NETWORK scram-sha-256",
        "#FIXME host replication replicator NETWORK scram-sha-256"}}};
  config["tags"] = tags();
  return config;
}

json::object config_of(const RunningInstance& instance, const Machine& machine) {
  json::object config = frame(machine, setting(instance, "cluster_name"));
  json::object cluster_parameters;
  json::object parameters;
  for (const InstanceSetting& s : instance.settings) {
    if (one_of(kNotWanted, s.name)) continue;
    if (one_of(kOfTheCluster, s.name)) {
      cluster_parameters[s.name] = plain(s.value);
    } else if (!is_controlled_parameter(s.name)) {
      parameters[s.name] = plain(s.value);
    }
  }
  json::object dcs = timing();
  dcs["postgresql"] = {{"use_pg_rewind", true}, {"use_slots", true}, {"parameters", std::move(cluster_parameters)}};
  config["bootstrap"] = {{"dcs", std::move(dcs)}};

  const std::string port = setting(instance, "port");
  const std::string listen = setting(instance, "listen_addresses");
  const bool everywhere = listen.empty() || listen == "*" || listen == "localhost";
  json::object postgresql{{"connect_address", fmt::format("{}:{}", machine.address, port)},
                          // Standbys have to reach it: what listens on localhost alone is opened.
                          {"listen", fmt::format("{}:{}", everywhere ? "0.0.0.0" : listen, port)},
                          {"data_dir", setting(instance, "data_directory")},
                          {"bin_dir", instance.bin_dir.empty() ? "#FIXME directory of the programs" : instance.bin_dir},
                          {"authentication",
                           {{"superuser", account(instance.superuser, instance.password)},
                            {"replication", account("replicator", "")},
                            {"rewind", account("rewind_user", "")}}},
                          {"parameters", std::move(parameters)}};
  if (!instance.hba.empty()) postgresql["pg_hba"] = texts(instance.hba);
  if (!instance.ident.empty()) postgresql["pg_ident"] = texts(instance.ident);
  config["postgresql"] = std::move(postgresql);
  config["tags"] = tags();
  return config;
}

}  // namespace tamada
