#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/text.h"
#include "host/files.h"
#include "host/heartbeat_filter.h"
#include "host/log_file.h"
#include "host/log_format.h"
#include "host/log_levels.h"
#include "host/log_sink.h"
#include "support/temporary_directory.h"

namespace tamada {
namespace {

LogRecord record(std::string text, LogLevel level = LogLevel::Info) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  LogRecord r;
  r.time = WallTime(Duration(1714567890789000));
  r.started = r.time - 1500ms;
  r.level = level;
  r.component = "postgresql";
  r.text = std::move(text);
  r.process = 42;
  return r;
}

std::string render(const std::string& pattern, const std::string& date_format = "") {
  auto format = LogFormat::plain(pattern, date_format);
  return format ? format->render(record("hello")) : format.error().message;
}

TEST(LogFormat, the_default_line_is_pythons) {
  EXPECT_EQ(LogFormat().render(record("hello", LogLevel::Warning)), "2024-05-01 12:51:30,789 WARNING: hello");
}

TEST(LogFormat, a_date_format_shows_no_milliseconds) {
  EXPECT_EQ(render("%(asctime)s|%(message)s", "%d/%H"), "01/12|hello");
}

TEST(LogFormat, follows_width_flags_and_precision) {
  EXPECT_EQ(render("[%(levelname)-8s][%(levelname)8s][%(levelname).2s]"), "[INFO    ][    INFO][IN]");
  EXPECT_EQ(render("%(msecs)05d %(process)d %(levelno)x 100%%"), "00789 42 14 100%");
  EXPECT_EQ(render("%(created).3f %(relativeCreated)d %(name)s"), "1714567890.789 1500 tamada.postgresql");
}

TEST(LogFormat, refuses_what_python_would_refuse) {
  EXPECT_NE(render("%(nosuch)s").find("unknown field 'nosuch'"), std::string::npos);
  EXPECT_FALSE(LogFormat::plain("%(message)", ""));
  EXPECT_FALSE(LogFormat::plain("%s", ""));
  EXPECT_FALSE(LogFormat::plain("%(message", ""));
  EXPECT_FALSE(LogFormat::plain("%(message)99999s", ""));
}

TEST(LogFormat, json_takes_fields_from_a_pattern_or_a_list_with_new_names) {
  json::object fixed;
  fixed["app"] = "tamada";
  auto pattern = LogFormat::as_json(json::value("%(levelname)s: %(message)s"), "", fixed);
  ASSERT_TRUE(pattern);
  EXPECT_EQ(pattern->render(record("a \"b\"")), R"({"levelname": "INFO", "message": "a \"b\"", "app": "tamada"})");
  auto list = LogFormat::as_json(*parse_json(R"(["message", {"levelname": "severity", "process": "pid"}])"), "", {});
  ASSERT_TRUE(list);
  EXPECT_EQ(list->render(record("x")), R"({"message": "x", "severity": "INFO", "pid": 42})");
  EXPECT_FALSE(LogFormat::as_json(*parse_json(R"(["nosuch"])"), "", {}));
  EXPECT_FALSE(LogFormat::as_json(json::value(3), "", {}));
}

TEST(LogLevels, names_are_upper_case_only_and_numbers_count) {
  EXPECT_EQ(*parse_log_level("WARN"), LogLevel::Warning);
  EXPECT_EQ(*parse_log_level("FATAL"), LogLevel::Critical);
  EXPECT_EQ(*parse_log_level("15"), LogLevel::Info);
  EXPECT_FALSE(parse_log_level("info"));
  EXPECT_FALSE(parse_log_level(""));
}

TEST(LogLevels, children_inherit_and_pythons_names_are_mapped) {
  auto levels = LogLevels::make("INFO", {{"patroni.dcs", "ERROR"}, {"store.etcd3", "DEBUG"}, {"urllib3", "WARNING"}});
  ASSERT_TRUE(levels);
  EXPECT_EQ(levels->level_of("engine"), LogLevel::Info);
  EXPECT_EQ(levels->level_of("store.consul"), LogLevel::Error);
  EXPECT_EQ(levels->level_of("store.etcd3.watch"), LogLevel::Debug);
  EXPECT_EQ(levels->level_of("peers"), LogLevel::Warning);
  EXPECT_EQ(component_of_logger("patroni.postgresql.sync"), "postgresql");
  EXPECT_FALSE(LogLevels::make("INFO", {{"a", "loud"}}));
}

TEST(LogFile, rotates_with_pythons_names_and_keeps_the_given_number) {
  testing::TemporaryDirectory directory;
  LogFile file(directory.path());
  file.set_limits({.size = 20, .files = 2, .mode = 0640});
  for (const char* line : {"first line 1\n", "second line\n", "third line..\n", "fourth line.\n"})
    ASSERT_TRUE(file.write(line));
  EXPECT_EQ(*read_file(directory / "patroni.log"), "fourth line.\n");
  EXPECT_EQ(*read_file(directory / "patroni.log.1"), "third line..\n");
  EXPECT_EQ(*read_file(directory / "patroni.log.2"), "second line\n");
  EXPECT_FALSE(path_exists(directory / "patroni.log.3"));
  struct stat info{};
  ASSERT_EQ(::stat((directory / "patroni.log").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
}

TEST(HeartbeatFilter, one_quiet_cycle_gives_one_line_or_none) {
  HeartbeatFilter filter;
  EXPECT_TRUE(filter.pass(record("Lock owner: n1; I am n1"), true, false).empty());
  EXPECT_EQ(filter.pass(record("no action. I am (n1)"), true, false).size(), 1u);
  EXPECT_TRUE(filter.pass(record("Lock owner: n1; I am n1"), true, true).empty());
  EXPECT_TRUE(filter.pass(record("no action. I am (n1)"), true, true).empty());
  EXPECT_TRUE(filter.pass(record("Lock owner: n2; I am n1"), true, true).empty());
  auto two = filter.pass(record("demoting self"), true, true);
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].text, "Lock owner: n2; I am n1");
}

TEST(LogSink, writes_to_the_file_of_the_settings_and_keeps_old_ones_on_a_bad_reload) {
  testing::TemporaryDirectory directory;
  QueuedLogSink sink;
  LogSettings settings;
  settings.dir = directory.path();
  settings.format = "%(levelname)s %(message)s";
  settings.loggers = {{"store", "ERROR"}};
  ASSERT_TRUE(sink.update_settings(settings));
  Logger log(sink, "engine");
  log.info("one {}", 1);
  log.named("store").info("unseen");
  log.debug("unseen");
  settings.level = "loud";
  EXPECT_FALSE(sink.update_settings(settings));
  log.error("two");
  ASSERT_TRUE(sink.flush());
  EXPECT_EQ(*read_file(directory / "patroni.log"), "INFO one 1\nERROR two\n");
}

TEST(LogSink, a_full_queue_drops_and_says_how_many) {
  testing::TemporaryDirectory directory;
  LogSettings settings;
  settings.dir = directory.path();
  settings.format = "%(message)s";
  settings.max_queue_size = 1;
  QueuedLogSink sink;
  ASSERT_TRUE(sink.update_settings(settings));
  Logger log(sink, "engine");
  for (int i = 0; i < 5000; ++i) log.info("line");
  ASSERT_TRUE(sink.flush());
  log.info("after");
  ASSERT_TRUE(sink.flush());
  const std::string text = *read_file(directory / "patroni.log");
  EXPECT_NE(text.find("QueueHandler has lost "), std::string::npos);
}

}  // namespace
}  // namespace tamada
