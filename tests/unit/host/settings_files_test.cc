#include "host/settings_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "host/system_clock.h"

namespace tamada {
namespace {

class Lines : public LogSink {
 public:
  bool enabled(LogLevel, std::string_view) const override { return true; }
  void write(LogLevel, std::string_view, std::string text) override { lines.push_back(std::move(text)); }
  bool has(std::string_view part) const {
    for (const std::string& line : lines) {
      if (line.find(part) != line.npos) return true;
    }
    return false;
  }
  std::vector<std::string> lines;
};

constexpr std::string_view kFile = R"(
name: n1
scope: batman
restapi: {listen: 10.0.0.1:8008}
etcd3: {host: 'a:2379'}
bootstrap: {dcs: {ttl: 50}}
postgresql: {listen: '10.0.0.1:5432', data_dir: /data}
)";

class SettingsFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/settings.XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  void TearDown() override { ASSERT_EQ(std::system(("rm -r '" + directory_ + "'").c_str()), 0); }

  std::string put(const std::string& name, std::string_view text) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  std::unique_ptr<FileSettingsSource> open(const std::string& path, SettingsVariables variables = {}) {
    FileSettingsSource::Options options;
    options.path = path;
    options.variables = std::move(variables);
    auto source = FileSettingsSource::open(std::move(options), Logger(log_, "settings"));
    EXPECT_TRUE(source) << source.error().text();
    return source ? std::move(*source) : nullptr;
  }
  Result<std::shared_ptr<const Settings>> reload(FileSettingsSource& source) {
    boost::asio::io_context io;
    Result<std::shared_ptr<const Settings>> out = Error(ErrorCode::Failed, "not run");
    auto body = [&]() -> Task<void> { out = co_await source.reload_local(); };
    boost::asio::co_spawn(io, body(), [](std::exception_ptr e) { EXPECT_EQ(e, nullptr); });
    io.run();
    return out;
  }

  std::string directory_;
  Lines log_;
};

TEST_F(SettingsFiles, the_dynamic_configuration_replaces_bootstrap_dcs) {
  const auto source = open(put("a.yml", kFile));
  EXPECT_EQ(source->current()->dynamic.ttl.count(), 50);
  EXPECT_EQ(source->origins().at("ttl"), "bootstrap.dcs");
  ASSERT_TRUE(source->apply_dynamic({{"ttl", 60}, {"loop_wait", "x"}}));
  EXPECT_EQ(source->current()->dynamic.ttl.count(), 60);
  EXPECT_EQ(source->current()->dynamic.loop_wait.count(), 10);
  EXPECT_TRUE(log_.has("loop_wait: expected an integer of at least 1, found \"x\"; using 10"));
}

TEST_F(SettingsFiles, a_directory_is_read_in_order_and_other_files_are_left_out) {
  put("b.yaml", "name: n2");
  put("a.yml", kFile);
  put("c.yml.bak", "name: n3");
  mkdir((directory_ + "/d.yml").c_str(), 0700);
  const auto source = open(directory_);
  EXPECT_EQ(source->current()->name, "n2");
  EXPECT_EQ(source->origins().at("name"), directory_ + "/b.yaml");
}

TEST_F(SettingsFiles, a_path_that_is_missing_leaves_the_environment) {
  const auto source = open(directory_ + "/missing.yml", {{"PATRONI_CONFIGURATION", std::string(kFile)}});
  EXPECT_EQ(source->current()->name, "n1");
  EXPECT_TRUE(reload(*source));
}

TEST_F(SettingsFiles, a_reload_takes_new_values_and_keeps_the_old_ones_on_an_error) {
  const std::string path = put("a.yml", kFile);
  const auto source = open(path);
  put("a.yml", std::string(kFile) + "tags: {clonefrom: true}\n");
  ASSERT_TRUE(reload(*source));
  EXPECT_TRUE(source->current()->tags.clonefrom());
  put("a.yml", "a: [");
  const auto broken = reload(*source);
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().text().find("line"), std::string::npos);
  EXPECT_TRUE(source->current()->tags.clonefrom());
  unlink(path.c_str());
  EXPECT_FALSE(reload(*source));
}

TEST_F(SettingsFiles, what_needs_a_restart_stays_and_is_said) {
  const auto source = open(put("a.yml", kFile));
  put("a.yml", std::string(kFile) + "namespace: other\n");
  ASSERT_TRUE(reload(*source));
  EXPECT_EQ(source->current()->namespace_, "service");
  EXPECT_EQ(source->waiting_for_restart(), std::vector<std::string>{"namespace"});
  EXPECT_TRUE(log_.has("waiting for a restart of the daemon: namespace"));
}

TEST_F(SettingsFiles, a_warning_is_logged_once) {
  const auto source = open(put("a.yml", std::string(kFile) + "nonsense: 1\n"));
  const std::size_t before = log_.lines.size();
  EXPECT_TRUE(log_.has("nonsense is not a known setting"));
  ASSERT_TRUE(source->apply_dynamic({{"ttl", 60}}));
  EXPECT_EQ(log_.lines.size(), before);
}

TEST_F(SettingsFiles, an_incomplete_configuration_is_refused) {
  FileSettingsSource::Options options;
  options.path = put("a.yml", "name: x");
  const auto source = FileSettingsSource::open(options, Logger(log_, "settings"));
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().message, "scope is not defined");
  EXPECT_TRUE(FileSettingsSource::open(options, Logger(log_, "settings"), false));
}

TEST_F(SettingsFiles, a_reload_can_read_on_the_pool) {
  boost::asio::io_context io;
  SystemClock clock;
  BlockingPool pool(clock);
  FileSettingsSource::Options options;
  options.path = put("a.yml", kFile);
  options.pool = &pool;
  options.clock = &clock;
  auto source = FileSettingsSource::open(options, Logger(log_, "settings"));
  ASSERT_TRUE(source);
  put("a.yml", std::string(kFile) + "tags: {nosync: true}\n");
  auto body = [&]() -> Task<void> { EXPECT_TRUE(co_await (*source)->reload_local()); };
  boost::asio::co_spawn(io, body(), [](std::exception_ptr e) { EXPECT_EQ(e, nullptr); });
  io.run();
  EXPECT_TRUE((*source)->current()->tags.nosync());
}

TEST(SettingsVariables, are_taken_out_of_the_process_environment) {
  setenv("PATRONI_NAME", "x", 1);
  setenv("TAMADA_COMPATIBILITY", "3.0", 1);
  setenv("PATRONICTL_CONFIG_FILE", "y", 1);
  const auto taken = take_settings_variables();
  EXPECT_EQ(taken.at("PATRONI_NAME"), "x");
  EXPECT_EQ(taken.at("TAMADA_COMPATIBILITY"), "3.0");
  EXPECT_EQ(getenv("PATRONI_NAME"), nullptr);
  EXPECT_EQ(getenv("TAMADA_COMPATIBILITY"), nullptr);
  EXPECT_STREQ(getenv("PATRONICTL_CONFIG_FILE"), "y");
  unsetenv("PATRONICTL_CONFIG_FILE");
}

}  // namespace
}  // namespace tamada
