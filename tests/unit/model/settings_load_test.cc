#include "model/settings_load.h"

#include <gtest/gtest.h>

#include "model/settings_schema.h"

namespace tamada {
namespace {

LocalDocument load(std::vector<ConfigFile> files, SettingsVariables environment = {}) {
  LocalSources sources;
  sources.from_path = !files.empty();
  sources.files = std::move(files);
  sources.environment = std::move(environment);
  auto out = load_local_document(sources);
  EXPECT_TRUE(out) << out.error().text();
  return out ? *out : LocalDocument();
}

std::string text(const json::value& value) {
  return to_json(value, JsonStyle::Compact);
}

std::string loaded(SettingsVariables environment, std::string_view file = "") {
  std::vector<ConfigFile> files;
  if (!file.empty()) files.push_back({"a.yml", std::string(file)});
  return text(load(files, std::move(environment)).document);
}

TEST(SettingsLoad, later_files_win_and_null_removes) {
  const auto out = load(
      {{"a.yml", "name: a\nlog: {level: DEBUG, dir: /x}\ntags: {x: 1}"}, {"b.yml", "log: {dir: null}\ntags: {y: 2}"}});
  EXPECT_EQ(text(out.document), R"({"name":"a","log":{"level":"DEBUG"},"tags":{"x":1,"y":2}})");
  EXPECT_EQ(out.origins.at("tags.y"), "b.yml");
  EXPECT_EQ(out.origins.at("log.level"), "a.yml");
  EXPECT_FALSE(out.origins.contains("log.dir"));
}

TEST(SettingsLoad, the_environment_wins_over_files) {
  const auto out = load({{"a.yml", "name: a\nrestapi: {listen: 'h:1', certfile: /c}"}},
                        {{"PATRONI_NAME", "b"}, {"PATRONI_RESTAPI_LISTEN", "x:2"}, {"PATRONI_SCOPE", ""}});
  EXPECT_EQ(text(out.document), R"({"name":"b","restapi":{"listen":"x:2","certfile":"/c"}})");
  EXPECT_EQ(out.origins.at("name"), "environment PATRONI_NAME");
  EXPECT_EQ(out.origins.at("restapi.certfile"), "a.yml");
}

TEST(SettingsLoad, one_variable_can_hold_everything_and_then_no_other_counts) {
  EXPECT_EQ(loaded({{"PATRONI_CONFIGURATION", "{name: a, scope: b}"}, {"PATRONI_NAME", "c"}}),
            R"({"name":"a","scope":"b"})");
  EXPECT_EQ(loaded({{"PATRONI_CONFIGURATION", "{name: a}"}, {"PATRONI_NAME", "c"}}, "scope: s"),
            R"({"scope":"s","name":"c"})");
}

TEST(SettingsLoad, lists_mappings_booleans_and_integers_are_parsed) {
  EXPECT_EQ(loaded({{"PATRONI_ETCD3_HOSTS", "a:1,b:2"}}), R"({"etcd3":{"hosts":["a:1","b:2"]}})");
  EXPECT_EQ(loaded({{"PATRONI_ETCD3_HOSTS", "- a:1\n- b:2"}}), R"({"etcd3":{"hosts":["a:1","b:2"]}})");
  EXPECT_EQ(loaded({{"PATRONI_ETCD3_HOSTS", "['a:1']"}}), R"({"etcd3":{"hosts":["a:1"]}})");
  EXPECT_EQ(loaded({{"PATRONI_LOG_LOGGERS", "a: INFO, b: DEBUG"}}), R"({"log":{"loggers":{"a":"INFO","b":"DEBUG"}}})");
  EXPECT_EQ(loaded({{"PATRONI_LOG_MODE", "0644"}}), R"({"log":{"mode":420}})");
  EXPECT_EQ(loaded({{"PATRONI_CTL_INSECURE", "ON"}}), R"({"ctl":{"insecure":true}})");
  EXPECT_EQ(loaded({{"PATRONI_LOG_FORMAT", "message, levelname"}}), R"({"log":{"format":["message","levelname"]}})");
  EXPECT_EQ(loaded({{"PATRONI_LOG_FORMAT", "%(message)s"}}), R"({"log":{"format":"%(message)s"}})");
}

TEST(SettingsLoad, bad_variables_are_dropped_with_a_warning) {
  const auto out = load({}, {{"PATRONI_NAME", "a"},
                             {"PATRONI_LOG_FILE_NUM", "x"},
                             {"PATRONI_CTL_INSECURE", "maybe"},
                             {"PATRONI_ETCD3_HOSTS", "[a"},
                             {"PATRONI_WHAT", "1"}});
  EXPECT_EQ(text(out.document), R"({"name":"a"})");
  EXPECT_EQ(out.warnings.size(), 4u);
}

TEST(SettingsLoad, old_names_count_when_the_new_one_is_not_set) {
  EXPECT_EQ(loaded({{"PATRONI_LOGLEVEL", "DEBUG"}}), R"({"log":{"level":"DEBUG"}})");
  EXPECT_EQ(loaded({{"PATRONI_LOGLEVEL", "DEBUG"}, {"PATRONI_LOG_LEVEL", "INFO"}}), R"({"log":{"level":"INFO"}})");
  EXPECT_EQ(loaded({{"PATRONI_REQUESTS_LOGLEVEL", "ERROR"}}), R"({"log":{"loggers":{"requests":"ERROR"}}})");
}

TEST(SettingsLoad, unknown_password_variables_make_users) {
  EXPECT_EQ(loaded({{"PATRONI_my_app_PASSWORD", "x"}, {"PATRONI_my_app_OPTIONS", "createdb,login"}}),
            R"({"bootstrap":{"users":{"my_app":{"options":["createdb","login"],"password":"x"}}}})");
  EXPECT_EQ(loaded({{"PATRONI_SUPERUSER_PASSWORD", "x"}}),
            R"({"postgresql":{"authentication":{"superuser":{"password":"x"}}}})");
}

TEST(SettingsLoad, credentials_alone_make_no_store) {
  EXPECT_EQ(loaded({{"PATRONI_ETCD3_PASSWORD", "x"}}), "{}");
  EXPECT_EQ(loaded({{"PATRONI_ETCD3_PASSWORD", "x"}, {"PATRONI_ETCD3_HOST", "h"}}),
            R"({"etcd3":{"host":"h","password":"x"}})");
  EXPECT_EQ(loaded({{"PATRONI_ETCD3_PASSWORD", "x"}}, "etcd3: {host: h}"), R"({"etcd3":{"host":"h","password":"x"}})");
}

TEST(SettingsLoad, a_file_without_a_mapping_is_an_error) {
  LocalSources sources;
  sources.from_path = true;
  sources.files = {{"a.yml", "- x"}};
  EXPECT_EQ(load_local_document(sources).error().message, "a.yml does not contain a mapping");
  sources.files = {{"a.yml", "a: ["}};
  EXPECT_NE(load_local_document(sources).error().message.find("in \"a.yml\", line"), std::string::npos);
}

// For every variable of the table: it reaches its path, and wins over a file that sets the same path.
TEST(SettingsLoad, every_variable_of_the_table_reaches_its_path) {
  for (const SettingRow& row : settings_schema()) {
    if (row.environment.empty()) continue;
    std::string value = "text-value";
    if (row.type == SettingType::Integer) value = "7";
    if (row.type == SettingType::Boolean) value = "on";
    if (row.type == SettingType::Mapping) value = "k: v";
    std::string file;
    std::string indent;
    for (std::size_t start = 0; start < row.path.size();) {
      const std::size_t dot = std::min(row.path.find('.', start), row.path.size());
      file += indent + std::string(row.path.substr(start, dot - start)) + ":" +
              (dot == row.path.size() ? " from-file\n" : "\n");
      indent += "  ";
      start = dot + 1;
    }
    const auto out = load({{"a.yml", file}}, {{std::string(row.environment), value}});
    EXPECT_TRUE(out.warnings.empty()) << row.environment << ": " << out.warnings.front();
    EXPECT_EQ(text(out.document).find("from-file"), std::string::npos) << row.environment;
    const std::string leaf = row.type == SettingType::Mapping ? std::string(row.path) + ".k" : std::string(row.path);
    ASSERT_TRUE(out.origins.contains(leaf)) << leaf;
    EXPECT_EQ(out.origins.at(leaf), "environment " + std::string(row.environment));
  }
}

}  // namespace
}  // namespace tamada
