#include "model/settings_origins.h"

#include <gtest/gtest.h>

#include "base/yaml.h"
#include "model/settings_change.h"

namespace tamada {
namespace {

constexpr std::string_view kBase = R"(name: n1
scope: batman
ttl: 25
restapi: {listen: 10.0.0.1:8008, authentication: {username: admin, password: geheim}}
etcd3: {url: 'https://root:topf@a:2379'}
postgresql:
  listen: 10.0.0.1:5433
  data_dir: /data
  callbacks: {on_start: /bin/here}
  parameters:
    Work_Mem: 8MB
    max_connections: 300
)";

constexpr std::string_view kMore = R"(log:
  level: DEBUG
postgresql:
  parameters: {work_mem: 16MB}
)";

json::object yaml(std::string_view text) {
  return parse_yaml(text)->as_object();
}

SettingsInputs inputs(std::string_view dynamic, SettingsVariables variables = {}) {
  LocalSources sources;
  sources.from_path = true;
  sources.files = {{"/etc/p/0.yml", std::string(kBase)}, {"/etc/p/1.yml", std::string(kMore)}};
  sources.environment = std::move(variables);
  const auto local = load_local_document(sources);
  EXPECT_TRUE(local) << local.error().text();
  SettingsInputs out;
  out.build.local = local->document;
  out.build.local_origins = local->origins;
  out.build.dynamic = yaml(dynamic);
  out.layers = local->layers;
  return out;
}

SettingOrigin origin(const SettingsInputs& from, std::string_view path) {
  const auto all = settings_origins(from);
  EXPECT_TRUE(all) << all.error().text();
  const SettingOrigin* found = find_origin(*all, path);
  EXPECT_NE(found, nullptr) << path;
  return found == nullptr ? SettingOrigin() : *found;
}

TEST(SettingsOrigins, TheWinnerAndWhatItOverrodeStrongestFirst) {
  const auto from = inputs("{}", {{"PATRONI_LOG_LEVEL", "ERROR"}});
  const SettingOrigin level = origin(from, "log.level");
  EXPECT_EQ(level.value, "ERROR");
  EXPECT_EQ(level.source, "environment PATRONI_LOG_LEVEL");
  ASSERT_EQ(level.overrode.size(), 2u);
  EXPECT_EQ(level.overrode[0].source, "/etc/p/1.yml line 2");
  EXPECT_EQ(level.overrode[0].value, "DEBUG");
  EXPECT_EQ(level.overrode[1].source, "default");
  EXPECT_EQ(level.overrode[1].value, "INFO");
}

TEST(SettingsOrigins, ADefaultOverridesNothing) {
  const SettingOrigin ttl = origin(inputs("{}"), "loop_wait");
  EXPECT_EQ(ttl.value, 10);
  EXPECT_EQ(ttl.source, "default");
  EXPECT_TRUE(ttl.overrode.empty());
}

TEST(SettingsOrigins, WhatOnlyTheDynamicConfigurationSetsIgnoresTheFile) {
  const SettingOrigin ttl = origin(inputs("ttl: 40"), "ttl");
  EXPECT_EQ(ttl.value, 40);
  EXPECT_EQ(ttl.source, "dynamic configuration");
  ASSERT_EQ(ttl.overrode.size(), 2u);
  EXPECT_EQ(ttl.overrode[0].source, "/etc/p/0.yml line 3");
  EXPECT_EQ(ttl.overrode[0].why, "only the dynamic configuration sets it");
}

TEST(SettingsOrigins, ParametersInAnySpelling) {
  const SettingOrigin memory =
      origin(inputs("postgresql: {parameters: {WORK_MEM: 1MB}}"), "postgresql.parameters.work_mem");
  EXPECT_EQ(memory.value, "16MB");
  EXPECT_EQ(memory.source, "/etc/p/1.yml line 4");
  ASSERT_EQ(memory.overrode.size(), 2u);
  EXPECT_EQ(memory.overrode[0].source, "/etc/p/0.yml line 11");
  EXPECT_EQ(memory.overrode[1].source, "dynamic configuration");
  EXPECT_EQ(memory.overrode[1].value, "1MB");
}

TEST(SettingsOrigins, ControlledParameters) {
  const auto from = inputs("postgresql: {parameters: {max_connections: 5, port: 1}}");
  const SettingOrigin connections = origin(from, "postgresql.parameters.max_connections");
  EXPECT_EQ(connections.value, "100");
  EXPECT_EQ(connections.source, "default");
  EXPECT_NE(connections.note.find("at least 25"), std::string::npos) << connections.note;
  EXPECT_EQ(connections.overrode.size(), 2u);  // the file's and the refused one
  const SettingOrigin port = origin(from, "postgresql.parameters.port");
  EXPECT_EQ(port.value, "5433");
  EXPECT_EQ(port.source, "forced");
  EXPECT_EQ(port.note, "follows postgresql.listen");
}

TEST(SettingsOrigins, CorrectedTimesSayWhatTheyWere) {
  const SettingOrigin wait = origin(inputs("{ttl: 30, loop_wait: 20, retry_timeout: 10}"), "loop_wait");
  EXPECT_EQ(wait.value, 10);
  EXPECT_EQ(wait.source, "dynamic configuration");
  EXPECT_NE(wait.note.find("loop_wait=20"), std::string::npos) << wait.note;
}

TEST(SettingsOrigins, WhatHasNoEffectIsThereWithItsReason) {
  const auto from = inputs("{nonsense: 1, postgresql: {data_dir: /x, callbacks: {on_stop: /bin/there}}}");
  EXPECT_EQ(origin(from, "postgresql.callbacks.on_stop").note,
            "postgresql.callbacks is taken from /etc/p/0.yml as a whole");
  EXPECT_TRUE(origin(from, "postgresql.callbacks.on_stop").value.is_null());
  EXPECT_EQ(origin(from, "nonsense").note, "not a known setting, or an old name of one");
  const SettingOrigin data = origin(from, "postgresql.data_dir");
  EXPECT_EQ(data.value, "/data");
  ASSERT_EQ(data.overrode.size(), 1u);
  EXPECT_EQ(data.overrode[0].why, "only the local configuration sets it");
}

TEST(SettingsOrigins, NoSecretIsShown) {
  const auto all = settings_origins(inputs("postgresql: {recovery_conf: {restore_command: 'x password=geheim y'}}"));
  ASSERT_TRUE(all);
  const std::string text = to_json(origins_document(*all), JsonStyle::Compact);
  EXPECT_EQ(text.find("geheim"), std::string::npos) << text;
  EXPECT_EQ(text.find("topf"), std::string::npos) << text;
  EXPECT_NE(text.find("https://root:***@a:2379"), std::string::npos) << text;
  EXPECT_NE(text.find("password=*** y"), std::string::npos) << text;
}

TEST(SettingsOrigins, ShownConnectionStrings) {
  const auto shown = [](const char* text) { return shown_value("a.b", json::value(text)).as_string(); };
  EXPECT_EQ(shown("host=a password='p q' user=b"), "host=a password=*** user=b");
  EXPECT_EQ(shown("host=a password = secret user=b"), "host=a password = *** user=b");
  EXPECT_EQ(shown("PASSWORD=x"), "PASSWORD=***");
  EXPECT_EQ(shown("postgres://u@h/d,http://u:p:q@h"), "postgres://u@h/d,http://u:***@h");
  EXPECT_EQ(shown_value("a.password", json::value("")), "");
  EXPECT_EQ(shown_value("zookeeper.auth_data.digest", json::value("x")), "***");
}

ParameterOutlook outlook() {
  ParameterOutlook out;
  out.running = true;
  out.version = 150000;
  return out;
}

SettingChange change(std::string_view before, std::string_view after, std::string_view path,
                     const ParameterOutlook& server = outlook()) {
  const auto changes = preview_change(inputs(before), yaml(after), server);
  EXPECT_TRUE(changes) << changes.error().text();
  for (const SettingChange& one : *changes) {
    if (one.path == path) return one;
  }
  ADD_FAILURE() << "no change of " << path;
  return {};
}

TEST(SettingsChange, NothingForEqualDocuments) {
  const auto changes =
      preview_change(inputs("{ttl: 30, slots: {a: null}}"), yaml("{slots: {a: ~}, ttl: '30'}"), outlook());
  ASSERT_TRUE(changes);
  EXPECT_TRUE(changes->empty());
}

TEST(SettingsChange, OrdinarySettingsAreReloaded) {
  EXPECT_EQ(change("{}", "ttl: 40", "ttl").effect, ChangeEffect::Reload);
  EXPECT_EQ(change("ttl: 40", "{}", "ttl").effect, ChangeEffect::Reload);
  EXPECT_EQ(change("{}", "slots: {a: {type: physical}}", "slots.a.type").effect, ChangeEffect::Reload);
  EXPECT_EQ(change("{}", "postgresql: {use_pg_rewind: true}", "postgresql.use_pg_rewind").effect,
            ChangeEffect::NextUse);
  EXPECT_EQ(change("{}", "postgresql: {bin_dir: /x}", "postgresql.bin_dir").effect, ChangeEffect::RestartDaemon);
}

TEST(SettingsChange, WhatIsInForceAlreadyHasNoEffect) {
  EXPECT_EQ(change("{}", "ttl: 30", "ttl").effect, ChangeEffect::Nothing);
  EXPECT_EQ(change("ttl: 30", "{}", "ttl").effect, ChangeEffect::Nothing);
}

TEST(SettingsChange, RefusedValuesSayWhy) {
  const SettingChange lag = change("{}", "maximum_lag_on_failover: much", "maximum_lag_on_failover");
  EXPECT_EQ(lag.effect, ChangeEffect::Refused);
  EXPECT_NE(lag.because.find("expected an integer"), std::string::npos) << lag.because;
  const SettingChange fewer =
      change("postgresql: {parameters: {max_connections: 200}}", "postgresql: {parameters: {max_connections: 5}}",
             "postgresql.parameters.max_connections");
  EXPECT_EQ(fewer.effect, ChangeEffect::Refused);
  EXPECT_NE(fewer.because.find("at least 25"), std::string::npos) << fewer.because;
}

TEST(SettingsChange, CorrectedTimesTakeEffectAndSayHow) {
  const SettingChange wait = change("loop_wait: 5", "loop_wait: 20", "loop_wait");
  EXPECT_EQ(wait.effect, ChangeEffect::Reload);
  EXPECT_NE(wait.because.find("Violated the rule"), std::string::npos) << wait.because;
}

TEST(SettingsChange, LocalSettingsWinAndAreNamed) {
  const SettingChange memory =
      change("{}", "postgresql: {parameters: {work_mem: 1GB}}", "postgresql.parameters.work_mem");
  EXPECT_EQ(memory.effect, ChangeEffect::Overridden);
  EXPECT_EQ(memory.because, "/etc/p/1.yml line 4 sets it to 16MB");
  EXPECT_EQ(change("postgresql: {parameters: {work_mem: 1GB}}", "{}", "postgresql.parameters.work_mem").effect,
            ChangeEffect::Overridden);
  EXPECT_EQ(change("{}", "postgresql: {callbacks: {on_stop: /x}}", "postgresql.callbacks.on_stop").effect,
            ChangeEffect::Overridden);
  const SettingChange port = change("{}", "postgresql: {parameters: {port: 1}}", "postgresql.parameters.port");
  EXPECT_EQ(port.effect, ChangeEffect::Overridden);
  EXPECT_NE(port.because.find("postgresql.listen"), std::string::npos) << port.because;
}

TEST(SettingsChange, WhatNobodyReadsHasNoEffect) {
  EXPECT_EQ(change("{}", "postgresql: {data_dir: /x}", "postgresql.data_dir").effect, ChangeEffect::Nothing);
  EXPECT_EQ(change("{}", "nonsense: 1", "nonsense").effect, ChangeEffect::Nothing);
}

TEST(SettingsChange, ParametersByWhatPostgresSays) {
  using Effect = ParameterOutlook::Effect;
  ParameterOutlook server = outlook();
  server.parameters["max_connections"] = {Effect::Restart, "100", "200"};
  server.parameters["log_statement"] = {Effect::Reload, "none", "all"};
  server.parameters["no_such"] = {Effect::Unknown, "", ""};
  const char* after =
      "postgresql: {parameters: {max_connections: 200, log_statement: all, no_such: 1, wal_level: logical}}";
  const SettingChange more = change("{}", after, "postgresql.parameters.max_connections", server);
  EXPECT_EQ(more.effect, ChangeEffect::RestartPostgres);
  EXPECT_EQ(more.direction, RestartDirection::Raised);
  EXPECT_EQ(change("{}", after, "postgresql.parameters.log_statement", server).effect, ChangeEffect::Reload);
  EXPECT_EQ(change("{}", after, "postgresql.parameters.no_such", server).effect, ChangeEffect::Refused);
  EXPECT_EQ(change("{}", after, "postgresql.parameters.wal_level", server).because,
            "PostgreSQL runs with it already; only its file is written");
  server.parameters["max_connections"] = {Effect::Restart, "200", "100"};
  EXPECT_EQ(
      change("postgresql: {parameters: {max_connections: 200}}", "{}", "postgresql.parameters.max_connections", server)
          .direction,
      RestartDirection::Lowered);
  server.running = false;
  EXPECT_EQ(change("{}", after, "postgresql.parameters.max_connections", server).effect, ChangeEffect::NextStart);
}

TEST(SettingsChange, RecoverySettingsByVersion) {
  ParameterOutlook server = outlook();
  const char* after = "postgresql: {recovery_conf: {restore_command: cp}}";
  const char* path = "postgresql.recovery_conf.restore_command";
  server.recovery = {"restore_command"};
  EXPECT_EQ(change("{}", after, path, server).effect, ChangeEffect::Reload);
  server.recovery_restart = true;
  EXPECT_EQ(change("{}", after, path, server).effect, ChangeEffect::RestartPostgres);
}

}  // namespace
}  // namespace tamada
