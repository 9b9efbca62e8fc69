#include <algorithm>
#include <array>

#include "base/python_text.h"
#include "base/text.h"
#include "model/address.h"
#include "model/settings_merge.h"
#include "model/settings_sections.h"

namespace tamada {

namespace {

constexpr int kDefaultPort = 5432;

constexpr std::array<std::string_view, 12> kConnectionKeys{
    "username", "password",    "sslmode",   "sslcert",    "sslkey",          "sslrootcert",
    "sslcrl",   "sslpassword", "sslcrldir", "gssencmode", "channel_binding", "sslnegotiation"};

Credentials credentials(SettingReader& in, const std::string& user) {
  Credentials out;
  for (std::string_view key : kConnectionKeys) {
    const std::string path = "postgresql.authentication." + user + "." + std::string(key);
    const auto value = in.optional_text(path);
    if (value && !value->empty()) out[std::string(key)] = *value;
  }
  return out;
}

std::string listen_text(SettingReader& in, const Settings* previous) {
  const std::string text = in.text("postgresql.listen");
  if (text.empty() || parse_hosts_and_port(text)) return text;
  const bool known = previous != nullptr && !previous->postgresql.listen.empty();
  in.refuse("postgresql.listen", "host1,host2:port", known ? "using " + previous->postgresql.listen : "it is ignored");
  if (known) in.note_value("postgresql.listen", json::value(previous->postgresql.listen));
  return known ? previous->postgresql.listen : "";
}

// Where this host reaches its own server.
std::string local_host(const std::vector<std::string>& hosts) {
  for (const std::string& host : hosts) {
    if (is_wildcard_host(host) || host == "127.0.0.1" || host == "localhost") return "localhost";
  }
  return hosts.empty() ? "localhost" : hosts.front();
}

std::string advertised(SettingReader& in, std::string_view path, int port) {
  const std::string text = in.text(path);
  if (text.empty()) return text;
  const auto address = parse_host_port(text, port);
  if (address) return format_host_port(address->host, address->port);
  in.refuse(path, "host:port", "it is ignored");
  return "";
}

void addresses(SettingReader& in, const Settings* previous, PostgresSettings& out) {
  out.listen = listen_text(in, previous);
  const auto listen = parse_hosts_and_port(out.listen);
  std::vector<std::string> hosts;
  if (listen && !out.listen.empty()) hosts = listen->hosts;
  out.port = listen ? listen->port.value_or(kDefaultPort) : kDefaultPort;
  out.listen_addresses = join(hosts, ",");
  out.connect_address = advertised(in, "postgresql.connect_address", out.port);
  if (out.connect_address.empty()) {
    out.connect_address = format_host_port(local_host(hosts), out.port);
    in.note_origin("postgresql.connect_address", "derived from postgresql.listen");
    in.note_value("postgresql.connect_address", json::value(out.connect_address));
  }
  out.proxy_address = advertised(in, "postgresql.proxy_address", out.port);
}

std::optional<std::vector<std::string>> lines(SettingReader& in, std::string_view path) {
  const json::value* value = in.raw(path);
  if (value == nullptr || !is_truthy(*value)) return std::nullopt;
  // One block of text is taken line by line; commas belong to the lines.
  if (value->is_string()) {
    std::vector<std::string> out;
    for (const std::string& line : split(std::string_view(value->get_string()), '\n')) {
      if (!trim(line).empty()) out.push_back(line);
    }
    return out;
  }
  if (!value->is_array()) {
    in.refuse(path, "a list of lines", "it is ignored");
    return std::nullopt;
  }
  return in.text_list(path);
}

std::vector<std::string> replica_methods(SettingReader& in) {
  for (const char* path : {"postgresql.create_replica_methods", "postgresql.create_replica_method"}) {
    const json::value* value = in.raw(path);
    if (value != nullptr && is_truthy(*value)) return in.text_list(path);
  }
  in.note_origin("postgresql.create_replica_methods", "default");
  in.note_value("postgresql.create_replica_methods", json::array{"basebackup"});
  return {};
}

json::object method_sections(SettingReader& in, const std::set<std::string>& methods) {
  json::object out;
  for (const std::string& name : methods) {
    const json::value* section = in.raw("postgresql." + name);
    if (section != nullptr && section->is_structured()) out[name] = *section;
  }
  return out;
}

std::map<std::string, std::string> filled(SettingReader& in, std::string_view prefix,
                                          std::initializer_list<std::string_view> names) {
  std::map<std::string, std::string> out;
  for (std::string_view name : names) {
    const auto value = in.optional_text(join_key(prefix, name));
    if (value && !value->empty()) out[std::string(name)] = *value;
  }
  return out;
}

void files(SettingReader& in, PostgresSettings& out) {
  out.data_dir = in.text("postgresql.data_dir");
  out.config_dir = in.text("postgresql.config_dir");
  if (out.config_dir.empty()) {
    out.config_dir = out.data_dir;
    in.note_origin("postgresql.config_dir", "derived from postgresql.data_dir");
    in.note_value("postgresql.config_dir", json::value(out.config_dir));
  }
  out.config_base_name = in.text("postgresql.config_base_name");
  out.bin_dir = in.text("postgresql.bin_dir");
  out.bin_name = filled(in, "postgresql.bin_name",
                        {"pg_ctl", "initdb", "pg_controldata", "pg_basebackup", "postgres", "pg_isready", "pg_rewind"});
  out.custom_conf = in.text("postgresql.custom_conf");
  out.recovery_conf = in.text_mapping("postgresql.recovery_conf");
  out.pg_hba = lines(in, "postgresql.pg_hba");
  out.pg_ident = lines(in, "postgresql.pg_ident");
  out.pgpass = in.text("postgresql.pgpass");
}

void users(SettingReader& in, PostgresSettings& out) {
  out.krbsrvname = in.text("postgresql.krbsrvname");
  out.superuser = credentials(in, "superuser");
  out.replication = credentials(in, "replication");
  out.rewind = credentials(in, "rewind");
  out.rewind_configured = !out.rewind.empty();
  if (!out.rewind_configured) out.rewind = out.superuser;
}

HealthPolicy health_policy(const std::string& word) {
  if (word == "off") return HealthPolicy::Off;
  return word == "report" ? HealthPolicy::Report : HealthPolicy::Failover;
}

HealthSettings health(SettingReader& in) {
  HealthSettings out;
  out.interval = in.seconds("postgresql.health.interval");
  out.free_space_percent = static_cast<int>(in.integer("postgresql.health.free_space_percent"));
  for (const HealthCheck check : kHealthChecks) {
    const std::string path = "postgresql.health." + std::string(to_string(check));
    out.checks[check] = {health_policy(in.choice(path + ".policy")), in.seconds(path + ".after")};
  }
  return out;
}

}  // namespace

PostgresSettings build_postgresql(SettingReader& in, const Settings* previous, const std::set<std::string>& methods) {
  PostgresSettings out;
  addresses(in, previous, out);
  files(in, out);
  users(in, out);
  out.database = in.text("postgresql.database");
  out.use_unix_socket = in.boolean("postgresql.use_unix_socket");
  out.use_unix_socket_repl = in.boolean("postgresql.use_unix_socket_repl");
  out.use_pg_rewind = in.boolean("postgresql.use_pg_rewind");
  out.use_slots = in.boolean("postgresql.use_slots");
  out.remove_data_directory_on_rewind_failure = in.boolean("postgresql.remove_data_directory_on_rewind_failure");
  out.remove_data_directory_on_diverged_timelines =
      in.boolean("postgresql.remove_data_directory_on_diverged_timelines");
  out.pg_ctl_timeout = in.seconds("postgresql.pg_ctl_timeout");
  out.callbacks =
      filled(in, "postgresql.callbacks", {"on_start", "on_stop", "on_restart", "on_reload", "on_role_change"});
  out.pre_promote = in.text("postgresql.pre_promote");
  out.before_stop = in.text("postgresql.before_stop");
  out.create_replica_methods = replica_methods(in);
  out.methods = method_sections(in, methods);
  out.health = health(in);
  return out;
}

BootstrapSettings build_bootstrap(SettingReader& in) {
  BootstrapSettings out;
  out.present = in.has("bootstrap");
  out.dcs = in.mapping("bootstrap.dcs");
  out.method = in.text("bootstrap.method");
  if (const json::value* initdb = in.raw("bootstrap.initdb")) out.initdb = *initdb;
  out.pg_hba = lines(in, "bootstrap.pg_hba").value_or(std::vector<std::string>());
  out.users = in.mapping("bootstrap.users");
  out.post_bootstrap = in.text("bootstrap.post_bootstrap");
  if (out.post_bootstrap.empty()) out.post_bootstrap = in.text("bootstrap.post_init");
  const json::value* section = in.raw("bootstrap");
  const json::object* keys = section == nullptr ? nullptr : section->if_object();
  if (keys == nullptr) return out;
  constexpr std::array<std::string_view, 3> kOwn{"dcs", "initdb", "users"};
  for (const auto& [key, value] : *keys) {
    const bool own = std::find(kOwn.begin(), kOwn.end(), key) != kOwn.end();
    if (!own && value.is_object()) out.methods[key] = value;
  }
  return out;
}

}  // namespace tamada
