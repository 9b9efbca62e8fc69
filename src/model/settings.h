// The effective settings: typed values after all layers were merged (defaults < dynamic < local < environment; forced
// PostgreSQL parameters last). A value is immutable; a reload or a new /config makes another one.
// Built by model/settings_build.h from the documents; the schema (model/settings_schema.h) knows every key.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "model/compatibility.h"
#include "model/health.h"
#include "model/tags.h"

namespace tamada {

enum class SynchronousMode { Off, On, Quorum };

struct StandbyClusterSettings {
  std::string host;  // may be a comma-separated list
  std::string port;
  std::optional<std::string> primary_slot_name;
  std::vector<std::string> create_replica_methods;
  std::string restore_command;
  std::string archive_cleanup_command;
  std::string recovery_min_apply_delay;
};

// From /config (or what stands in for it). Times after the correction of C3.
struct DynamicSettings {
  std::chrono::seconds ttl{30};
  std::chrono::seconds loop_wait{10};
  std::chrono::seconds retry_timeout{10};
  std::uint64_t maximum_lag_on_failover = 1048576;  // bytes
  std::int64_t maximum_lag_on_syncnode = -1;
  int max_timelines_history = 0;
  bool check_timeline = false;
  std::chrono::seconds primary_start_timeout{300};
  std::chrono::seconds primary_stop_timeout{0};
  SynchronousMode synchronous_mode = SynchronousMode::Off;
  bool synchronous_mode_strict = false;
  int synchronous_node_count = 1;
  bool failsafe_mode = false;
  bool pause = false;
  std::chrono::seconds member_slots_ttl{1800};
  std::optional<StandbyClusterSettings> standby_cluster;
  json::object slots;  // permanent slots, as written
  json::array ignore_slots;
};

// Connection options of one authentication entry: username, password, sslmode ... by libpq's key.
using Credentials = std::map<std::string, std::string>;

struct PostgresSettings {
  std::string listen;            // "h1,h2:port"
  std::string listen_addresses;  // parsed from listen
  int port = 5432;
  std::string connect_address;  // host:port that is advertised
  std::string proxy_address;
  std::string database = "postgres";
  bool use_unix_socket = false;
  bool use_unix_socket_repl = false;
  std::string pgpass;
  std::string krbsrvname;
  Credentials superuser;
  Credentials replication;
  Credentials rewind;  // = superuser when absent
  bool rewind_configured = false;
  std::string data_dir;
  std::string config_dir;  // = data_dir when absent
  std::string config_base_name = "postgresql";
  std::string bin_dir;  // empty = PATH
  std::map<std::string, std::string> bin_name;
  std::string custom_conf;
  std::map<std::string, std::string> parameters;  // all, forced ones included; names as spelled; values as text
  std::map<std::string, std::string> recovery_conf;
  std::optional<std::vector<std::string>> pg_hba;
  std::optional<std::vector<std::string>> pg_ident;
  bool use_pg_rewind = false;
  bool use_slots = true;
  bool remove_data_directory_on_rewind_failure = false;
  bool remove_data_directory_on_diverged_timelines = false;
  std::chrono::seconds pg_ctl_timeout{60};
  std::map<std::string, std::string> callbacks;  // event -> command
  std::string pre_promote;
  std::string before_stop;
  std::vector<std::string> create_replica_methods;  // empty = basebackup
  json::object methods;                             // sections of replica methods by name, basebackup included
  HealthSettings health;
};

struct BootstrapSettings {
  bool present = false;
  json::object dcs;
  std::string method = "initdb";
  json::value initdb;  // list or mapping
  std::vector<std::string> pg_hba;
  json::object users;
  std::string post_bootstrap;  // post_bootstrap, else post_init
  json::object methods;        // custom method sections by name
};

struct WatchdogSettings {
  enum class Mode { Off, Automatic, Required };
  Mode mode = Mode::Automatic;
  std::string device = "/dev/watchdog";
  int safety_margin = 5;           // seconds; -1 = ttl / 2
  std::string driver = "default";  // or "testing"
};

struct RestApiSettings {
  std::string listen;  // host:port
  std::string connect_address;
  std::string username;
  std::string password;
  std::string certfile;
  std::string keyfile;
  std::string keyfile_password;
  std::string cafile;
  std::string ciphers;
  enum class VerifyClient { None, Optional, Required };
  VerifyClient verify_client = VerifyClient::None;
  std::vector<std::string> allowlist;
  bool allowlist_include_members = false;
  std::map<std::string, std::string> http_extra_headers;
  std::map<std::string, std::string> https_extra_headers;
  int request_queue_size = 5;
  std::string server_tokens = "original";
  bool open_writes = false;  // E5; true by default at compatibility 1.5 and 3.0
};

struct CtlSettings {
  bool insecure = false;
  std::string cacert;
  std::string certfile;
  std::string keyfile;
  std::string keyfile_password;
  std::string username;
  std::string password;
};

struct LogSettings {
  std::string type = "plain";
  std::string level = "INFO";
  std::string traceback_level = "ERROR";
  json::value format;  // string, or a list for json
  std::string dateformat;
  json::object static_fields;
  int max_queue_size = 1000;
  std::string dir;  // empty = stderr
  std::optional<int> mode;
  int file_num = 4;
  std::int64_t file_size = 25000000;
  std::map<std::string, std::string> loggers;
  bool deduplicate_heartbeat_logs = false;
};

struct EtcdSettings {
  std::vector<std::string> hosts;  // host:port each
  std::string protocol = "http";
  std::string srv;
  std::string srv_suffix;
  std::string proxy;
  bool use_proxies = false;
  std::string username;
  std::string password;
  std::string cacert;
  std::string cert;
  std::string key;
};

struct Settings {
  std::string name;
  std::string scope;
  std::string namespace_ = "service";
  Compatibility compatibility = Compatibility::V4_1;
  DynamicSettings dynamic;
  PostgresSettings postgresql;
  BootstrapSettings bootstrap;
  WatchdogSettings watchdog;
  RestApiSettings restapi;
  CtlSettings ctl;
  LogSettings log;
  Tags tags;
  std::string store;  // the section that was chosen: "etcd3", ...; empty = none
  EtcdSettings etcd;  // the v2 API
  EtcdSettings etcd3;
  json::object dynamic_document;  // raw, as stored
  json::object local_document;    // raw, file and environment merged

  // "/service/batman/" : base path of the cluster's keys, with both slashes.
  std::string key_prefix() const;
  // What the member publishes: http(s)://connect_address/patroni and postgres://connect_address/database.
  std::string api_url() const;
  std::string conn_url() const;
};

}  // namespace tamada
