#include "model/settings_build.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "base/yaml.h"
#include "model/settings_merge.h"
#include "model/settings_schema.h"

namespace tamada {
namespace {

constexpr std::string_view kLocal = R"(
name: n1
scope: batman
restapi: {listen: 10.0.0.1:8008}
etcd3: {hosts: 'a:2379,b'}
postgresql:
  listen: 10.0.0.1,127.0.0.1:5433
  data_dir: /data
  authentication:
    superuser: {username: postgres, password: s, bogus: x}
    replication: {username: rep, password: r}
)";

json::object yaml(std::string_view text) {
  return parse_yaml(text)->as_object();
}

json::object with(std::string_view more) {
  json::object out = yaml(kLocal);
  for (const auto& [key, value] : yaml(more)) {
    if (value.is_object() && out.contains(key)) {
      for (const auto& [inner, item] : value.get_object()) out[key].as_object()[inner] = item;
    } else {
      out[key] = value;
    }
  }
  return out;
}

BuiltSettings build(const json::object& local, std::string_view dynamic = "{}", const Settings* previous = nullptr) {
  BuildInput input;
  input.local = local;
  record_origins(input.local_origins, "", local, "file");
  input.dynamic = yaml(dynamic);
  input.previous = previous;
  auto built = build_settings(input);
  EXPECT_TRUE(built) << built.error().text();
  return *built;
}

bool warned(const BuiltSettings& built, std::string_view part) {
  for (const std::string& text : built.warnings) {
    if (text.find(part) != text.npos) return true;
  }
  return false;
}

TEST(SettingsBuild, a_plain_configuration_has_no_warnings_and_the_documented_defaults) {
  const auto built = build(yaml(R"(
name: n1
scope: batman
restapi: {listen: '10.0.0.1:8008'}
etcd3: {host: 'a:2379'}
postgresql: {listen: '10.0.0.1:5432', data_dir: /data}
)"));
  EXPECT_TRUE(built.warnings.empty()) << built.warnings.front();
  const Settings& s = built.settings;
  const Settings defaults;
  EXPECT_EQ(s.key_prefix(), "/service/batman/");
  EXPECT_EQ(s.dynamic.ttl, defaults.dynamic.ttl);
  EXPECT_EQ(s.dynamic.loop_wait, defaults.dynamic.loop_wait);
  EXPECT_EQ(s.dynamic.retry_timeout, defaults.dynamic.retry_timeout);
  EXPECT_EQ(s.dynamic.maximum_lag_on_failover, defaults.dynamic.maximum_lag_on_failover);
  EXPECT_EQ(s.dynamic.maximum_lag_on_syncnode, defaults.dynamic.maximum_lag_on_syncnode);
  EXPECT_EQ(s.dynamic.primary_start_timeout, defaults.dynamic.primary_start_timeout);
  EXPECT_EQ(s.dynamic.synchronous_node_count, defaults.dynamic.synchronous_node_count);
  EXPECT_EQ(s.dynamic.member_slots_ttl, defaults.dynamic.member_slots_ttl);
  EXPECT_EQ(s.postgresql.database, defaults.postgresql.database);
  EXPECT_EQ(s.postgresql.pg_ctl_timeout, defaults.postgresql.pg_ctl_timeout);
  EXPECT_EQ(s.postgresql.use_slots, defaults.postgresql.use_slots);
  EXPECT_EQ(s.postgresql.config_base_name, defaults.postgresql.config_base_name);
  EXPECT_EQ(s.postgresql.config_dir, "/data");
  EXPECT_EQ(s.watchdog.mode, defaults.watchdog.mode);
  EXPECT_EQ(s.watchdog.device, defaults.watchdog.device);
  EXPECT_EQ(s.watchdog.safety_margin, defaults.watchdog.safety_margin);
  EXPECT_EQ(s.watchdog.driver, defaults.watchdog.driver);
  EXPECT_EQ(s.log.level, defaults.log.level);
  EXPECT_EQ(s.log.type, defaults.log.type);
  EXPECT_EQ(s.log.max_queue_size, defaults.log.max_queue_size);
  EXPECT_EQ(s.log.file_num, defaults.log.file_num);
  EXPECT_EQ(s.log.file_size, defaults.log.file_size);
  EXPECT_EQ(s.restapi.request_queue_size, defaults.restapi.request_queue_size);
  EXPECT_EQ(s.restapi.server_tokens, defaults.restapi.server_tokens);
  EXPECT_EQ(s.bootstrap.method, defaults.bootstrap.method);
  EXPECT_EQ(s.compatibility, defaults.compatibility);
  EXPECT_EQ(s.etcd3.protocol, defaults.etcd3.protocol);
  EXPECT_TRUE(check_daemon_settings(s));
  EXPECT_EQ(built.origins.at("ttl"), "default");
}

TEST(SettingsBuild, local_values_are_typed) {
  const auto built =
      build(with("tags: {clonefrom: true, dc: x}\nlog: {level: debug, mode: 0640, loggers: {a: INFO}}\nwatchdog: "
                 "{mode: on, safety_margin: -1}"));
  const Settings& s = built.settings;
  EXPECT_EQ(s.postgresql.listen_addresses, "10.0.0.1,127.0.0.1");
  EXPECT_EQ(s.postgresql.port, 5433);
  EXPECT_EQ(s.postgresql.connect_address, "localhost:5433");
  EXPECT_EQ(s.etcd3.hosts, (std::vector<std::string>{"a:2379", "b:2379"}));
  EXPECT_EQ(s.postgresql.superuser, (Credentials{{"username", "postgres"}, {"password", "s"}}));
  EXPECT_EQ(s.postgresql.rewind, s.postgresql.superuser);
  EXPECT_FALSE(s.postgresql.rewind_configured);
  EXPECT_EQ(s.log.level, "DEBUG");
  EXPECT_EQ(s.log.mode, 0640);
  EXPECT_EQ(s.watchdog.mode, WatchdogSettings::Mode::Required);
  EXPECT_TRUE(s.tags.clonefrom());
  EXPECT_TRUE(warned(built, "postgresql.authentication.superuser.bogus is not a known setting"));
}

TEST(SettingsBuild, health_policies_have_safe_defaults_and_off_is_a_word) {
  using enum HealthCheck;
  const HealthSettings defaults = build(with("tags: {}")).settings.postgresql.health;
  EXPECT_EQ(defaults.interval, 10s);
  EXPECT_EQ(defaults.checks[Connection].policy, HealthPolicy::Failover);
  EXPECT_EQ(defaults.checks[Connection].after, 30s);
  EXPECT_EQ(defaults.checks[Storage].after, 60s);
  const auto built =
      build(with("postgresql: {health: {interval: 5, storage: {policy: off, after: 2min}, full: {policy: "
                 "Report}, process: {policy: never}}}"));
  const HealthSettings& health = built.settings.postgresql.health;
  EXPECT_EQ(health.interval, 5s);
  EXPECT_EQ(health.checks[Storage].policy, HealthPolicy::Off);
  EXPECT_EQ(health.checks[Storage].after, 120s);
  EXPECT_EQ(health.checks[Full].policy, HealthPolicy::Report);
  EXPECT_EQ(health.checks[Process].policy, HealthPolicy::Failover);
  EXPECT_TRUE(warned(built, "postgresql.health.process.policy: expected one of off, report, failover"));
}

TEST(SettingsBuild, dynamic_only_and_local_only_keys_have_no_effect_in_the_wrong_place) {
  const auto built = build(with("ttl: 5\npostgresql: {use_slots: false}"),
                           "{ttl: 40, restapi: {listen: 'x:1'}, postgresql: {listen: 'y:1', data_dir: /other}}");
  EXPECT_EQ(built.settings.dynamic.ttl, std::chrono::seconds(40));
  EXPECT_TRUE(built.settings.postgresql.use_slots);
  EXPECT_EQ(built.settings.restapi.listen, "10.0.0.1:8008");
  EXPECT_EQ(built.settings.postgresql.data_dir, "/data");
  for (const char* path : {"ttl has no effect", "postgresql.use_slots has no effect", "restapi.listen has no effect",
                           "postgresql.listen has no effect", "postgresql.data_dir has no effect"}) {
    EXPECT_TRUE(warned(built, path)) << path;
  }
}

// A document with one value at a dotted path.
json::object document_of(std::string_view path, const json::value& value) {
  const std::size_t dot = path.find('.');
  json::object out;
  out[path.substr(0, dot)] = dot == path.npos ? value : json::value(document_of(path.substr(dot + 1), value));
  return out;
}

std::vector<std::string> warnings_of(const SettingRow& row, const json::value& value) {
  const json::object document = document_of(row.path, value);
  const bool local = row.place != SettingPlace::Dynamic;
  return merge_documents(local ? document : json::object(), {}, local ? json::object() : document, "/config").warnings;
}

TEST(SettingsBuild, a_setting_that_does_not_act_says_so_unless_it_says_what_holds_anyway) {
  int told = 0;
  for (const SettingRow& row : settings_schema()) {
    const std::string section(row.path.substr(0, row.path.find('.')));
    const auto stores = store_sections();
    const bool refused = section == "citus" || std::find(stores.begin(), stores.end(), section) != stores.end();
    if (refused && section != "etcd3") continue;  // as a whole
    if (row.path.find('<') != row.path.npos) continue;
    const bool acts = row.acts && row.lacks.empty();
    const auto warnings = warnings_of(row, "something else");
    EXPECT_EQ(warnings.empty(), acts) << row.path << ": " << join(warnings, "; ");
    if (acts) continue;
    ++told;
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_NE(warnings[0].find(std::string(row.path)), std::string::npos) << warnings[0];
    if (!row.fallback.empty()) EXPECT_TRUE(warnings_of(row, json::string(row.fallback)).empty()) << row.path;
    EXPECT_TRUE(warnings_of(row, nullptr).empty()) << row.path;
  }
  EXPECT_GE(told, 5);
  EXPECT_TRUE(warned(build(with("{}"), "{failsafe_mode: true}"), "failsafe_mode: a member whose daemon starts"));
  EXPECT_FALSE(warned(build(with("{}"), "{synchronous_mode: true}"), "synchronous_mode"));
}

TEST(SettingsBuild, a_local_list_hides_the_dynamic_one) {
  const auto built = build(with("postgresql: {pg_hba: [local all all trust]}"),
                           "{postgresql: {pg_hba: [a, b], use_pg_rewind: true, callbacks: {on_start: x}}}");
  EXPECT_EQ(built.settings.postgresql.pg_hba, std::vector<std::string>{"local all all trust"});
  EXPECT_TRUE(built.settings.postgresql.use_pg_rewind);
  EXPECT_EQ(built.settings.postgresql.callbacks.at("on_start"), "x");
  EXPECT_EQ(built.origins.at("postgresql.pg_hba"), "file");
  EXPECT_EQ(built.origins.at("postgresql.use_pg_rewind"), "dynamic configuration");
}

TEST(SettingsBuild, controlled_parameters_come_from_the_dynamic_configuration_within_their_limits) {
  const auto built =
      build(with("postgresql: {parameters: {max_connections: 500, Work_Mem: 8MB, gone: null}}"),
            R"({postgresql: {parameters: {max_connections: '0x64', max_wal_senders: 1, wal_level: Logical, port: 1,
                               work_mem: 1MB, gone: 1, hot_standby: off, wal_keep_segments: 64, max_worker_processes: abc, ssl: on}}})");
  const auto& p = built.settings.postgresql.parameters;
  EXPECT_EQ(p.at("max_connections"), "100");
  EXPECT_EQ(p.at("max_wal_senders"), "10");
  EXPECT_EQ(p.at("wal_level"), "Logical");
  EXPECT_EQ(p.at("port"), "5433");
  EXPECT_EQ(p.at("listen_addresses"), "10.0.0.1,127.0.0.1");
  EXPECT_EQ(p.at("cluster_name"), "batman");
  EXPECT_EQ(p.at("hot_standby"), "on");
  EXPECT_EQ(p.at("Work_Mem"), "8MB");
  EXPECT_FALSE(p.contains("work_mem"));
  EXPECT_FALSE(p.contains("gone"));
  EXPECT_EQ(p.at("wal_keep_segments"), "64");
  EXPECT_EQ(p.at("wal_keep_size"), "1024MB");
  EXPECT_EQ(p.at("max_worker_processes"), "8");
  EXPECT_EQ(p.at("ssl"), "True");
  EXPECT_TRUE(warned(built, "postgresql parameter max_wal_senders=1 failed validation, defaulting to 10"));
  EXPECT_TRUE(warned(built, "postgresql.parameters.max_connections has no effect"));
  EXPECT_EQ(built.origins.at("postgresql.parameters.Work_Mem"), "file");
  EXPECT_EQ(built.origins.at("postgresql.parameters.port"), "forced");
}

TEST(SettingsBuild, timing_is_corrected_with_a_warning) {
  struct Case {
    const char* dynamic;
    int ttl, loop_wait, retry_timeout;
  };
  const Case cases[] = {{"{ttl: 30, loop_wait: 10, retry_timeout: 10}", 30, 10, 10},
                        {"{ttl: 10, loop_wait: 10, retry_timeout: 10}", 10, 1, 4},
                        {"{ttl: 30, loop_wait: 20, retry_timeout: 10}", 30, 10, 10},
                        {"{ttl: 1, loop_wait: 0, retry_timeout: 0}", 3, 1, 1},
                        {"{ttl: 3, loop_wait: 1, retry_timeout: 1}", 3, 1, 1},
                        {"{ttl: abc, loop_wait: null, retry_timeout: [1]}", 30, 10, 10}};
  for (const Case& c : cases) {
    const auto built = build(yaml(kLocal), c.dynamic);
    const DynamicSettings& d = built.settings.dynamic;
    EXPECT_EQ(d.ttl.count(), c.ttl) << c.dynamic;
    EXPECT_EQ(d.loop_wait.count(), c.loop_wait) << c.dynamic;
    EXPECT_EQ(d.retry_timeout.count(), c.retry_timeout) << c.dynamic;
  }
  EXPECT_TRUE(warned(build(yaml(kLocal), "{ttl: 10}"), "Violated the rule \"loop_wait + 2*retry_timeout <= ttl\""));
}

TEST(SettingsBuild, timing_holds_for_all_small_values) {
  for (int ttl = 0; ttl < 40; ++ttl) {
    for (int loop = 0; loop < 24; ++loop) {
      for (int retry = 0; retry < 24; ++retry) {
        for (bool peers : {false, true}) {
          DynamicSettings d;
          d.ttl = std::chrono::seconds(ttl);
          d.loop_wait = std::chrono::seconds(loop);
          d.retry_timeout = std::chrono::seconds(retry);
          std::vector<std::string> warnings;
          correct_timing(d, peers, warnings);
          ASSERT_LE((d.loop_wait + 2 * d.retry_timeout).count(), d.ttl.count());
          ASSERT_GE(d.ttl.count(), peers ? 20 : 3);
          ASSERT_GE(d.loop_wait.count(), 1);
          ASSERT_GE(d.retry_timeout.count(), 1);
          ASSERT_EQ(warnings.empty(),
                    d.ttl.count() == ttl && d.loop_wait.count() == loop && d.retry_timeout.count() == retry);
        }
      }
    }
  }
}

TEST(SettingsBuild, peers_raise_the_minima) {
  BuildInput input;
  input.local = yaml(kLocal);
  input.dynamic = yaml("{ttl: 10, loop_wait: 2, retry_timeout: 2}");
  input.peer_minima = true;
  const auto built = build_settings(input);
  EXPECT_EQ(built->settings.dynamic.ttl.count(), 20);
  EXPECT_EQ(built->settings.dynamic.retry_timeout.count(), 3);
}

TEST(SettingsBuild, old_dynamic_names_count_without_the_new_ones) {
  EXPECT_EQ(build(yaml(kLocal), "{master_start_timeout: 7}").settings.dynamic.primary_start_timeout.count(), 7);
  EXPECT_EQ(build(yaml(kLocal), "{master_start_timeout: 7, primary_start_timeout: 8}")
                .settings.dynamic.primary_start_timeout.count(),
            8);
  EXPECT_EQ(build(yaml(kLocal), "{permanent_slots: {a: null}, slots: {b: null}}").settings.dynamic.slots.count("a"),
            1u);
  EXPECT_EQ(build(yaml(kLocal), "{member_slots_ttl: 30min}").settings.dynamic.member_slots_ttl.count(), 1800);
}

TEST(SettingsBuild, a_standby_cluster_reads_hosts_and_ports_and_turns_failsafe_mode_off) {
  const auto remote = [](const std::string& section) {
    return build(yaml(kLocal), "{failsafe_mode: true, standby_cluster: " + section + "}");
  };
  const auto list = remote("{host: 'a, b', port: '5432, 5433'}");
  EXPECT_EQ(list.settings.dynamic.standby_cluster->host, "a,b");
  EXPECT_EQ(list.settings.dynamic.standby_cluster->port, "5432,5433");
  EXPECT_FALSE(list.settings.dynamic.failsafe_mode);
  EXPECT_EQ(remote("{port: 5433}").settings.dynamic.standby_cluster->host, "localhost");
  for (const char* port : {"x1", "'0'", "70000", "'1,'"}) {
    const auto bad = remote(std::string("{host: a, port: ") + port + "}");
    EXPECT_EQ(bad.settings.dynamic.standby_cluster->port, "5432") << port;
  }
}

TEST(SettingsBuild, synchronous_mode_has_three_values_and_none_in_a_standby_cluster) {
  EXPECT_EQ(build(yaml(kLocal), "{synchronous_mode: Quorum}").settings.dynamic.synchronous_mode,
            SynchronousMode::Quorum);
  EXPECT_EQ(build(yaml(kLocal), "{synchronous_mode: 'on'}").settings.dynamic.synchronous_mode, SynchronousMode::On);
  EXPECT_EQ(build(yaml(kLocal), "{synchronous_mode: maybe}").settings.dynamic.synchronous_mode, SynchronousMode::Off);
  const auto standby = build(yaml(kLocal), "{synchronous_mode: true, standby_cluster: {host: h, port: 5432}}");
  EXPECT_EQ(standby.settings.dynamic.synchronous_mode, SynchronousMode::Off);
  EXPECT_EQ(standby.settings.dynamic.standby_cluster->port, "5432");
  EXPECT_FALSE(standby.settings.dynamic.standby_cluster->primary_slot_name);
  EXPECT_FALSE(
      build(yaml(kLocal), "{standby_cluster: {host: '', primary_slot_name: x}}").settings.dynamic.standby_cluster);
}

TEST(SettingsBuild, refused_sections_name_the_alternative) {
  BuildInput input;
  input.local = with("citus: {group: 0, database: x}");
  EXPECT_EQ(build_settings(input).error().code, ErrorCode::Unsupported);
  input.local = with("raft: {self_addr: x}");
  EXPECT_NE(build_settings(input).error().hint.find("etcd3"), std::string::npos);
  input.local = {};
  EXPECT_EQ(build_settings(input).error().message, "Config is empty.");
}

TEST(SettingsBuild, layouts_from_before_1_0_are_read) {
  const auto built = build(yaml(R"(
etcd3: {scope: batman, ttl: 30, host: 'h:2379'}
restapi: {listen: '1.2.3.4:8008', auth: 'u:p:w'}
postgresql:
  name: old
  listen: 1.2.3.4:5432
  data_dir: /d
  replication: {username: rep, password: r, network: 127.0.0.1/32}
  superuser: {password: s}
  pg_rewind: {username: postgres, password: s}
)"));
  const Settings& s = built.settings;
  EXPECT_EQ(s.name, "old");
  EXPECT_EQ(s.scope, "batman");
  EXPECT_EQ(s.restapi.username, "u");
  EXPECT_EQ(s.restapi.password, "p:w");
  EXPECT_EQ(s.postgresql.replication, (Credentials{{"username", "rep"}, {"password", "r"}}));
  EXPECT_EQ(s.postgresql.superuser, (Credentials{{"password", "s"}}));
  EXPECT_TRUE(s.postgresql.use_pg_rewind);
  EXPECT_TRUE(check_daemon_settings(s));
}

TEST(SettingsBuild, the_first_store_in_order_is_chosen_and_must_be_served) {
  json::object local = with("consul: {host: x}");
  const auto built = build(local);
  EXPECT_EQ(built.settings.store, "consul");
  EXPECT_EQ(check_daemon_settings(built.settings).error().code, ErrorCode::Unsupported);
}

TEST(SettingsBuild, a_required_setting_of_a_wrong_type_is_not_called_missing) {
  const auto told = [](const char* key, const char* changed) {
    json::object local = yaml(kLocal);
    local[key] = yaml(changed).at("x");
    const auto ok = check_daemon_settings(build(local).settings);
    return ok ? std::string("accepted") : ok.error().message;
  };
  EXPECT_EQ(told("postgresql", "x: 3"), "postgresql: expected a mapping, found \"3\"");
  EXPECT_EQ(told("postgresql", "x: {listen: [a]}"), "postgresql.listen: expected text, found a list");
  EXPECT_EQ(told("postgresql", "x: {data_dir: /d}"), "postgresql.listen is not defined");
  EXPECT_EQ(told("restapi", "x: {listen: {a: 1}}"), "restapi.listen: expected text, found a mapping");
  EXPECT_EQ(told("etcd3", "x: {hosts: {a: 1}}"), "etcd3.hosts: expected a list, found a mapping");
  EXPECT_EQ(told("etcd3", "x: {url: [a]}"), "etcd3.url: expected text, found a list");
  EXPECT_EQ(told("etcd3", "x: 7"), "etcd3: expected a mapping, found \"7\"");
  EXPECT_EQ(told("etcd3", "x: {}"), "etcd3.hosts is not defined");
}

TEST(SettingsBuild, open_writes_follow_the_level) {
  EXPECT_FALSE(build(yaml(kLocal)).settings.restapi.open_writes);
  const auto old = build(with("compatibility: 3.0"));
  EXPECT_TRUE(old.settings.restapi.open_writes);
  EXPECT_TRUE(warned(old, "restapi.open_writes is on"));
  EXPECT_FALSE(build(with("compatibility: 3.0\nrestapi: {open_writes: false}")).settings.restapi.open_writes);
  EXPECT_TRUE(build(with("restapi: {open_writes: true}")).settings.restapi.open_writes);
}

TEST(SettingsBuild, an_unusable_listen_address_keeps_the_one_in_force) {
  const auto before = build(yaml(kLocal));
  const auto after = build(with("restapi: {listen: 'nonsense'}\npostgresql: {listen: 'h:x'}"), "{}", &before.settings);
  EXPECT_EQ(after.settings.restapi.listen, "10.0.0.1:8008");
  EXPECT_EQ(after.settings.postgresql.listen, "10.0.0.1,127.0.0.1:5433");
  EXPECT_TRUE(warned(after, "Invalid \"restapi\" config: expected <HOST>:<PORT> for \"listen\", but got \"nonsense\""));
}

TEST(SettingsBuild, a_url_decides_about_credentials) {
  const auto built = build(with("etcd3: {hosts: ['x:1'], url: 'https://h', username: u, password: p}"));
  EXPECT_EQ(built.settings.etcd3.hosts, std::vector<std::string>{"h:2379"});
  EXPECT_EQ(built.settings.etcd3.protocol, "https");
  EXPECT_EQ(built.settings.etcd3.username, "");
}

TEST(SettingsBuild, passwords_never_reach_a_warning) {
  const auto built =
      build(with("restapi: {authentication: {username: u, password: {hidden-secret: 1}}}\nctl: {keyfile_password: "
                 "[hidden-secret]}"));
  EXPECT_FALSE(built.warnings.empty());
  EXPECT_FALSE(warned(built, "hidden-secret"));
}

json::object nested(std::string_view path, const json::value& value) {
  const std::size_t dot = path.find('.');
  json::object out;
  if (dot == path.npos) {
    out[path] = value;
  } else {
    out[path.substr(0, dot)] = nested(path.substr(dot + 1), value);
  }
  return out;
}

void overlay(json::object& target, const json::object& more) {
  for (const auto& [key, value] : more) {
    json::value& old = target[key];
    if (old.is_object() && value.is_object()) {
      overlay(old.get_object(), value.get_object());
    } else {
      old = value;
    }
  }
}

// What must stay as it is, whichever other setting is broken.
void expect_the_rest(const Settings& s, std::string_view broken) {
  const auto other = [broken](std::string_view path) { return path != broken; };
  if (other("name")) EXPECT_EQ(s.name, "n1") << broken;
  if (other("scope")) EXPECT_EQ(s.scope, "batman") << broken;
  if (other("postgresql.data_dir")) EXPECT_EQ(s.postgresql.data_dir, "/data") << broken;
  if (other("postgresql.listen")) EXPECT_EQ(s.postgresql.port, 5433) << broken;
  if (other("restapi.listen")) EXPECT_EQ(s.restapi.listen, "10.0.0.1:8008") << broken;
  if (other("ttl")) EXPECT_EQ(s.dynamic.ttl.count(), 77) << broken;
  if (other("maximum_lag_on_failover")) EXPECT_EQ(s.dynamic.maximum_lag_on_failover, 5u) << broken;
  if (other("log.level")) EXPECT_EQ(s.log.level, "DEBUG") << broken;
  if (other("tags.clonefrom")) EXPECT_TRUE(s.tags.clonefrom()) << broken;
  if (other("postgresql.parameters")) EXPECT_EQ(s.postgresql.parameters.at("work_mem"), "8MB") << broken;
  if (other("postgresql.authentication.replication.username"))
    EXPECT_EQ(s.postgresql.replication.at("username"), "rep") << broken;
}

TEST(SettingsBuild, one_bad_value_never_voids_the_rest) {
  const json::value bad_values[] = {json::value("zzz"),
                                    json::value(-99999999999999),
                                    json::value(1.5),
                                    json::value(json::array{json::value(json::array{})}),
                                    json::value(json::object{{"x", json::object{{"y", 1}}}}),
                                    json::value(true),
                                    json::value(nullptr),
                                    json::value("")};
  int builds = 0;
  for (const SettingRow& row : settings_schema()) {
    const std::string path = replace_all(
        replace_all(replace_all(replace_all(row.path, "<method>", "m"), "<option>", "o"), "<tag>", "t"), "<user>", "u");
    if (path.starts_with("citus") || path.starts_with("raft") || path == "bootstrap.dcs") continue;
    // These change other settings by their meaning.
    if (path == "retry_timeout" || path == "loop_wait" || path == "postgresql.name" || path == "postgresql.scope")
      continue;
    for (const json::value& bad : bad_values) {
      json::object local =
          with("tags: {clonefrom: true}\nlog: {level: DEBUG}\npostgresql: {parameters: {work_mem: 8MB}}");
      json::object dynamic = yaml("{ttl: 77, maximum_lag_on_failover: 5}");
      overlay(row.place == SettingPlace::Dynamic ? dynamic : local, nested(path, bad));
      BuildInput input;
      input.local = local;
      input.dynamic = dynamic;
      const auto built = build_settings(input);
      ASSERT_TRUE(built) << path << ": " << built.error().text();
      expect_the_rest(built->settings, path);
      if (HasFailure()) return;
      ++builds;
    }
  }
  EXPECT_GT(builds, 1000);
}

// Who wins, for every row of the table: dynamic < local where both may set it, else only the one that may.
TEST(SettingsBuild, precedence_follows_the_table) {
  for (const SettingRow& row : settings_schema()) {
    if (row.path.find('<') != row.path.npos || row.path == "postgresql.parameters") continue;
    const auto merged =
        merge_documents(nested(row.path, "from-local"), {}, nested(row.path, "from-dynamic"), "dynamic");
    const std::string text = to_json(merged.document, JsonStyle::Compact);
    const bool local_wins = row.place != SettingPlace::Dynamic;
    EXPECT_NE(text.find(local_wins ? "from-local" : "from-dynamic"), text.npos) << row.path << text;
    EXPECT_EQ(text.find(local_wins ? "from-dynamic" : "from-local"), text.npos) << row.path << text;
    const auto alone = merge_documents(json::object{{"name", "x"}}, {}, nested(row.path, "from-dynamic"), "dynamic");
    const bool seen = to_json(alone.document, JsonStyle::Compact).find("from-dynamic") != std::string::npos;
    EXPECT_EQ(seen, row.place != SettingPlace::Local) << row.path;
    const bool said = !alone.warnings.empty();
    EXPECT_TRUE(seen || said) << row.path << " is ignored silently";
  }
}

}  // namespace
}  // namespace tamada
