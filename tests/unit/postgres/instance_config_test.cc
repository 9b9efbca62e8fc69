#include "postgres/instance_config.h"

#include <gtest/gtest.h>

#include "base/yaml.h"
#include "model/settings_validate.h"

namespace tamada {
namespace {

const Machine kMachine{"node1", "10.0.0.1"};

RunningInstance instance() {
  RunningInstance i;
  i.settings = {{"cluster_name", "batman"},         {"data_directory", "/data"}, {"hba_file", "/data/pg_hba.conf"},
                {"listen_addresses", "localhost"},  {"max_connections", "150"},  {"port", "5433"},
                {"primary_conninfo", "host=a"},     {"shared_buffers", "256MB"}, {"wal_level", "replica"},
                {"synchronous_standby_names", "x"}, {"TimeZone", "Etc/UTC"},     {"random_page_cost", "4"}};
  i.hba = {"local all all peer"};
  i.superuser = "postgres";
  i.bin_dir = "/usr/lib/postgresql/15/bin";
  return i;
}

TEST(InstanceConfig, what_runs_is_carried_over_and_what_the_daemon_decides_is_not) {
  const json::object config = config_of(instance(), kMachine);
  EXPECT_EQ(config.at("scope"), "batman");
  EXPECT_EQ(config.at("name"), "node1");
  const json::object& pg = config.at("postgresql").as_object();
  EXPECT_EQ(pg.at("connect_address"), "10.0.0.1:5433");
  EXPECT_EQ(pg.at("listen"), "0.0.0.0:5433") << "standbys have to reach it";
  EXPECT_EQ(pg.at("data_dir"), "/data");
  EXPECT_EQ(pg.at("pg_hba").as_array().size(), 1u);
  EXPECT_FALSE(pg.contains("pg_ident"));
  const json::object& own = pg.at("parameters").as_object();
  EXPECT_EQ(own.size(), 3u);
  EXPECT_EQ(own.at("shared_buffers"), "256MB");
  EXPECT_EQ(own.at("random_page_cost"), 4);
  const json::object& shared = config.at("bootstrap").at("dcs").at("postgresql").at("parameters").as_object();
  EXPECT_EQ(shared.at("max_connections"), 150);
  EXPECT_EQ(shared.at("wal_level"), "replica");
  EXPECT_EQ(shared.size(), 2u);
}

TEST(InstanceConfig, a_password_is_taken_from_the_connection_and_asked_for_otherwise) {
  RunningInstance i = instance();
  const auto password = [&] {
    return std::string(
        config_of(i, kMachine).at("postgresql").at("authentication").at("superuser").at("password").as_string());
  };
  EXPECT_TRUE(password().starts_with("#FIXME"));
  i.password = "secret";
  EXPECT_EQ(password(), "secret");
}

// What is generated can be read, and has no key that the schema does not know.
TEST(InstanceConfig, both_are_configurations_but_for_what_only_the_operator_knows) {
  for (json::object config : {sample_config(kMachine), config_of(instance(), kMachine)}) {
    auto read = parse_yaml(to_yaml(json::value(config), {.sort_keys = false}));
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(*read, json::value(config));
    for (const ConfigProblem& problem : validate_config(config, {}, {})) {
      const std::string line = problem.line();
      const bool known = line.find("FIXME") != std::string::npos || line.find("bin_dir") != std::string::npos ||
                         line.find("data_dir") != std::string::npos || line.find("listen") != std::string::npos;
      EXPECT_TRUE(known) << line;
    }
  }
}

TEST(InstanceConfig, comments_and_empty_lines_are_left_out) {
  EXPECT_EQ(meaningful_lines("# a\n\n  local all all peer  \n\t#b\nhost x\n"),
            (std::vector<std::string>{"local all all peer", "host x"}));
}

}  // namespace
}  // namespace tamada
