// The checks of bootstrap, the stores and postgresql.
#include <algorithm>
#include <array>

#include "base/python_text.h"
#include "base/text.h"
#include "base/units.h"
#include "model/address.h"
#include "model/settings_load.h"
#include "model/settings_merge.h"
#include "model/settings_validator.h"

namespace tamada {

namespace {

struct ParameterRange {
  std::string_view name;
  std::int64_t least;
  std::int64_t most;
};
constexpr std::array<ParameterRange, 6> kParameterRanges{{
    {"max_connections", 1, 262143},
    {"max_locks_per_transaction", 10, 2147483647},
    {"max_prepared_transactions", 0, 262143},
    {"max_replication_slots", 0, 262143},
    {"max_wal_senders", 0, 262143},
    {"max_worker_processes", 0, 262143},
}};

// Without pg_rewind, which only some clusters use.
constexpr std::array<std::string_view, 6> kPrograms{"pg_ctl",        "initdb",   "pg_controldata",
                                                    "pg_basebackup", "postgres", "pg_isready"};

bool is_list_of_options(const json::value& value) {
  if (value.is_object()) return true;
  if (!value.is_array()) return false;
  return std::all_of(value.get_array().begin(), value.get_array().end(),
                     [](const json::value& item) { return item.is_string() || item.is_object(); });
}

std::string text_of(const json::object& section, std::string_view key) {
  const json::value* value = find_value(section, key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

}  // namespace

void ConfigValidator::check_parameters(const std::string& path, const json::object& postgresql) {
  const json::object* parameters = find_mapping(postgresql, "parameters");
  if (parameters == nullptr) return;
  for (const ParameterRange& range : kParameterRanges) {
    const json::value* value = find_value(*parameters, range.name);
    if (value == nullptr) continue;
    const std::string shown = path + ".parameters." + std::string(range.name);
    const auto number = value->is_bool() ? std::nullopt : parse_integer(python_text(*value));
    if (!number) {
      add(shown, value, "is not an integer");
    } else if (*number < range.least || *number > range.most) {
      failed(shown, value,
             "expected an integer from " + std::to_string(range.least) + " to " + std::to_string(range.most));
    }
  }
}

void ConfigValidator::check_bootstrap() {
  const json::object* bootstrap = find_mapping(local_, "bootstrap");
  if (bootstrap == nullptr) return;
  if (const json::value* initdb = find_value(*bootstrap, "initdb"); initdb != nullptr && !is_list_of_options(*initdb)) {
    add("bootstrap.initdb", initdb, "is not a list");
  }
  if (!required(*bootstrap, "bootstrap", "dcs")) return;
  const json::object* dcs = find_mapping(*bootstrap, "dcs");
  if (dcs == nullptr) return;
  check_table(*dcs, "", SettingPlace::Dynamic, "bootstrap.dcs");
  if (const json::value* mode = find_value(*dcs, "synchronous_mode"); mode != nullptr && !mode->is_bool()) {
    const bool quorum = mode->is_string() && equal_ignoring_case(std::string_view(mode->get_string()), "quorum");
    if (!quorum) failed("bootstrap.dcs.synchronous_mode", mode, "expected a boolean or quorum");
  }
  if (const json::object* postgresql = find_mapping(*dcs, "postgresql"))
    check_parameters("bootstrap.dcs.postgresql", *postgresql);
  const json::object* standby = find_mapping(*dcs, "standby_cluster");
  if (standby == nullptr) return;
  constexpr std::array kOneOf{"host", "port", "restore_command"};
  const bool any =
      std::any_of(kOneOf.begin(), kOneOf.end(), [&](auto key) { return find_value(*standby, key) != nullptr; });
  if (any) return;
  for (const char* key : kOneOf) required(*standby, "bootstrap.dcs.standby_cluster", key);
}

void ConfigValidator::check_store_hosts(const std::string& path, const json::object& section, int default_port) {
  for (const char* key : {"host", "hosts"}) {
    const json::value* value = find_value(section, key);
    if (value == nullptr) continue;
    std::vector<std::string> hosts;
    if (value->is_string()) hosts = split_list(std::string_view(value->get_string()));
    if (value->is_array()) {
      for (const json::value& item : value->get_array()) {
        if (item.is_string()) hosts.emplace_back(item.get_string());
      }
    }
    for (const std::string& text : hosts) {
      const json::value shown(text);
      const auto host = parse_host_port(text, default_port);
      if (!host || host->host.empty()) {
        failed(join_key(path, key), &shown, "contains a wrong value");
      } else if (probe_.connects && !probe_.connects(host->host, host->port)) {
        failed(join_key(path, key), &shown, format_host_port(host->host, host->port) + " is not reachable");
      }
    }
  }
}

void ConfigValidator::check_stores() {
  std::vector<std::string> present;
  for (std::string_view section : store_sections()) {
    if (local_.contains(section)) present.emplace_back(section);
  }
  if (present.empty()) {
    for (std::string_view section : store_sections()) {
      if (section != "raft") add(std::string(section), nullptr, "is not defined.");
    }
    return;
  }
  for (const std::string& section : present) {
    if (!store_is_served(section)) {
      failed(section, nullptr, "this version does not serve it, use one of " + served_stores_text());
      continue;
    }
    const json::object* keys = required_section(section);
    if (keys == nullptr) continue;
    constexpr std::array kOneOf{"host", "hosts", "srv", "srv_suffix", "url", "proxy"};
    const bool any =
        std::any_of(kOneOf.begin(), kOneOf.end(), [&](auto key) { return find_value(*keys, key) != nullptr; });
    if (!any) {
      for (const char* key : kOneOf) required(*keys, section, key);
    }
    check_store_hosts(section, *keys, 2379);
  }
}

void ConfigValidator::check_postgresql() {
  const json::object* postgresql = required_section("postgresql");
  if (postgresql == nullptr) return;
  check_listen("postgresql", *postgresql, false);
  required(*postgresql, "postgresql", "connect_address");
  check_connect_address("postgresql", *postgresql);
  const json::value* proxy = find_value(*postgresql, "proxy_address");
  if (proxy != nullptr && proxy->is_string() && !parse_host_port(std::string_view(proxy->get_string()), 1)) {
    failed("postgresql.proxy_address", proxy, "contains a wrong value");
  }
  for (const char* key : {"pg_hba", "pg_ident"}) {
    const json::value* lines = find_value(*postgresql, key);
    if (lines != nullptr) check_text_list(join_key("postgresql", key), *lines);
  }
  if (const json::object* parameters = find_mapping(*postgresql, "parameters")) {
    const json::value* sockets = find_value(*parameters, "unix_socket_directories");
    if (sockets != nullptr && !sockets->is_string()) {
      add("postgresql.parameters.unix_socket_directories", sockets, "is not a string");
    }
  }
  if (required(*postgresql, "postgresql", "data_dir")) check_data_directory(*postgresql);
  check_programs(*postgresql);
}

void ConfigValidator::check_data_directory(const json::object& postgresql) {
  const json::value* value = find_value(postgresql, "data_dir");
  const std::string directory = text_of(postgresql, "data_dir");
  if (value->is_string() && directory.empty()) return failed("postgresql.data_dir", value, "is an empty string");
  if (directory.empty() || !probe_.exists || !probe_.exists(directory)) return;
  if (!probe_.is_directory(directory)) return failed("postgresql.data_dir", value, "is not a directory");
  if (probe_.is_empty_directory(directory)) return;
  const auto version = probe_.read(directory + "/PG_VERSION");
  const bool wal = probe_.is_directory(directory + "/pg_wal") || probe_.is_directory(directory + "/pg_xlog");
  if (!version || !wal) return failed("postgresql.data_dir", value, "doesn't look like a valid data directory");
  const json::object* names = find_mapping(postgresql, "bin_name");
  const std::string program = names == nullptr ? "" : text_of(*names, "postgres");
  const auto server = probe_.server_version(text_of(postgresql, "bin_dir"), program.empty() ? "postgres" : program);
  if (server && *server != trim(*version)) {
    failed(
        "postgresql.data_dir", value,
        "data directory version " + std::string(trim(*version)) + " doesn't match the postgres program's " + *server);
  }
}

void ConfigValidator::check_programs(const json::object& postgresql) {
  if (!probe_.has_program) return;
  const std::string directory = text_of(postgresql, "bin_dir");
  const json::value* shown = find_value(postgresql, "bin_dir");
  if (!directory.empty() && !probe_.is_directory(directory)) {
    return failed("postgresql.bin_dir", shown, "is not a directory");
  }
  const json::object* names = find_mapping(postgresql, "bin_name");
  for (std::string_view program : kPrograms) {
    std::string name = names == nullptr ? "" : text_of(*names, program);
    if (name.empty()) name = program;
    if (probe_.has_program(directory, name)) continue;
    add("postgresql.bin_dir", shown,
        "does not contain '" + name + "' in '" + (directory.empty() ? "$PATH" : directory) + "'");
  }
}

}  // namespace tamada
