#include "model/settings_validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/yaml.h"
#include "model/settings_load.h"

namespace tamada {
namespace {

constexpr std::string_view kGood = R"(
name: n1
scope: batman
log: {level: INFO, mode: 0644}
restapi: {listen: '0.0.0.0:8008', connect_address: '10.0.0.1:8008'}
etcd3: {hosts: ['10.0.0.9:2379']}
bootstrap:
  dcs:
    ttl: 30
    synchronous_mode: quorum
    standby_cluster: {host: h, port: 5432}
    postgresql: {use_pg_rewind: true, parameters: {max_connections: 200}}
  initdb: [data-checksums, {encoding: UTF8}]
postgresql:
  listen: 0.0.0.0:5432
  connect_address: 10.0.0.1:5432
  data_dir: /data
  authentication: {superuser: {username: postgres}, replication: {username: rep}}
  pg_hba: [local all all trust]
watchdog: {mode: automatic}
tags: {clonefrom: true, failover_priority: 2, dc: x}
)";

std::vector<std::string> problems(std::string_view patch = "{}", const ValidationProbe& probe = {},
                                  bool ignore_port = false) {
  LocalSources sources;
  sources.from_path = true;
  sources.files = {{"good", std::string(kGood)}, {"patch", std::string(patch)}};
  std::vector<std::string> out;
  for (const auto& problem : validate_config(load_local_document(sources)->document, {ignore_port}, probe)) {
    out.push_back(problem.line());
  }
  return out;
}

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(SettingsValidate, a_good_configuration_has_no_problems) {
  EXPECT_THAT(problems(), IsEmpty());
}

TEST(SettingsValidate, every_problem_is_one_line) {
  EXPECT_THAT(problems("name: null"), ElementsAre("name  is not defined."));
  EXPECT_THAT(problems("name: 5"), ElementsAre("name 5 is not a string"));
  EXPECT_THAT(
      problems("restapi: {connect_address: 'localhost:8008'}"),
      ElementsAre("restapi.connect_address localhost:8008 didn't pass validation: must not contain \"127.0.0.1\", "
                  "\"0.0.0.0\", \"*\", \"::1\", \"localhost\""));
  EXPECT_THAT(problems("bootstrap: {dcs: {ttl: 1}}"),
              ElementsAre("bootstrap.dcs.ttl 1 didn't pass validation: expected an integer of at least 3"));
  EXPECT_THAT(problems("bootstrap: {dcs: {loop_wait: x}}"), ElementsAre("bootstrap.dcs.loop_wait x is not an integer"));
  EXPECT_THAT(problems("postgresql: {authentication: {superuser: {sslmode: 3}}}"),
              ElementsAre("postgresql.authentication.superuser.sslmode 3 is not a string"));
  EXPECT_THAT(problems("tags: {nofailover: true}"),
              ElementsAre("tags  Multiple of ('nofailover', 'failover_priority') provided"));
  EXPECT_THAT(problems("postgresql: {pg_hba: [1]}"), ElementsAre("postgresql.pg_hba.0 1 is not a string"));
  EXPECT_THAT(problems("log: {type: xml}"),
              ElementsAre("log.type xml didn't pass validation: expected one of plain, json"));
  EXPECT_THAT(problems("log: {mode: 1000}"),
              ElementsAre("log.mode 1000 didn't pass validation: expected an integer from 0 to 511"));
  EXPECT_THAT(problems("restapi: {listen: nonsense}"),
              ElementsAre("restapi.listen nonsense didn't pass validation: contains a wrong value"));
  EXPECT_THAT(problems("postgresql: {listen: '*,10.0.0.1:5432'}"),
              ElementsAre("postgresql.listen *,10.0.0.1:5432 didn't pass validation: expecting '*' alone"));
  EXPECT_THAT(problems("watchdog: {mode: perhaps}"),
              ElementsAre("watchdog.mode perhaps didn't pass validation: expected one of off, automatic, required"));
  EXPECT_THAT(problems("bootstrap: {initdb: x}"), ElementsAre("bootstrap.initdb x is not a list"));
  EXPECT_THAT(problems("bootstrap: {dcs: {postgresql: {parameters: {max_connections: 0}}}}"),
              ElementsAre("bootstrap.dcs.postgresql.parameters.max_connections 0 didn't pass validation: expected an "
                          "integer from 1 to 262143"));
  EXPECT_THAT(problems("restapi: x"), ElementsAre("restapi x is not a dictionary"));
}

TEST(SettingsValidate, a_missing_store_names_all_known_ones) {
  EXPECT_THAT(problems("etcd3: null"),
              ElementsAre("consul  is not defined.", "etcd  is not defined.", "etcd3  is not defined.",
                          "exhibitor  is not defined.", "kubernetes  is not defined.", "zookeeper  is not defined."));
  EXPECT_THAT(problems("etcd3: {hosts: null}"), Contains("etcd3.host  is not defined."));
}

TEST(SettingsValidate, refused_sections_are_named) {
  EXPECT_EQ(problems("citus: {group: 0, database: x}").size(), 1u);
  EXPECT_EQ(problems("raft: {self_addr: 'x:1'}").size(), 1u);
}

TEST(SettingsValidate, secrets_are_not_shown) {
  EXPECT_THAT(problems("ctl: {keyfile_password: 12345}"), ElementsAre("ctl.keyfile_password *** is not a string"));
}

TEST(SettingsValidate, an_empty_configuration_lists_what_is_missing) {
  const auto found = validate_config({}, {}, {});
  ASSERT_GE(found.size(), 4u);
  EXPECT_EQ(found.front().line(), "name  is not defined.");
}

ValidationProbe machine() {
  ValidationProbe probe;
  probe.connects = [](const std::string& host, int) { return host == "10.0.0.9"; };
  probe.exists = [](const std::string&) { return false; };
  probe.is_directory = [](const std::string&) { return true; };
  probe.is_empty_directory = [](const std::string&) { return false; };
  probe.read = [](const std::string&) { return std::optional<std::string>("15\n"); };
  probe.has_program = [](const std::string&, const std::string&) { return true; };
  probe.server_version = [](const std::string&, const std::string&) { return std::optional<std::string>("15"); };
  return probe;
}

TEST(SettingsValidate, the_machine_is_asked) {
  ValidationProbe probe = machine();
  EXPECT_THAT(problems("{}", probe), IsEmpty());
  EXPECT_THAT(problems("etcd3: {hosts: ['10.0.0.8:2379']}", probe),
              ElementsAre("etcd3.hosts 10.0.0.8:2379 didn't pass validation: 10.0.0.8:2379 is not reachable"));
  probe.connects = [](const std::string& host, int port) { return host == "10.0.0.9" || port == 5432; };
  EXPECT_THAT(problems("{}", probe),
              ElementsAre("postgresql.listen 0.0.0.0:5432 didn't pass validation: Port 5432 is already in use."));
  EXPECT_THAT(problems("{}", probe, true), IsEmpty());
}

TEST(SettingsValidate, data_directory_and_programs_are_looked_at) {
  ValidationProbe probe = machine();
  probe.has_program = [](const std::string&, const std::string& program) { return program != "pg_controldata"; };
  EXPECT_THAT(problems("{}", probe), ElementsAre("postgresql.bin_dir  does not contain 'pg_controldata' in '$PATH'"));
  probe = machine();
  probe.exists = [](const std::string&) { return true; };
  EXPECT_THAT(problems("{}", probe), IsEmpty());
  probe.server_version = [](const std::string&, const std::string&) { return std::optional<std::string>("16"); };
  EXPECT_EQ(problems("{}", probe).size(), 1u);
  probe.read = [](const std::string&) { return std::optional<std::string>(); };
  EXPECT_THAT(
      problems("{}", probe),
      ElementsAre("postgresql.data_dir /data didn't pass validation: doesn't look like a valid data directory"));
}

}  // namespace
}  // namespace tamada
