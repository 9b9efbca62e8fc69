#include <gtest/gtest.h>

#include "ctl/cli_help.h"
#include "ctl/cli_parser.h"
#include "ctl/dcs_url.h"
#include "ctl/schedule_input.h"
#include "support.h"

namespace tamada::ctl {
namespace {

std::string usage_error(const std::vector<std::string>& words) {
  return parse_line(words).usage_error.value_or("");
}

TEST(CommandLine, global_options_stand_before_the_command_and_the_same_letters_mean_other_things_after_it) {
  const ParsedLine line = parse_line({"-c", "f.yml", "-k", "list", "-f", "json", "a", "-e", "b"});
  ASSERT_FALSE(line.usage_error) << *line.usage_error;
  EXPECT_EQ(line.global.value("config-file"), "f.yml");
  EXPECT_TRUE(line.global.has("insecure"));
  EXPECT_EQ(line.arguments.command, "list");
  EXPECT_EQ(line.arguments.value("format"), "json");
  EXPECT_TRUE(line.arguments.has("extended"));
  EXPECT_EQ(line.arguments.words, (std::vector<std::string>{"a", "b"}));
}

TEST(CommandLine, repeated_options_keep_all_values_and_a_single_dash_is_a_value) {
  const ParsedLine line = parse_line({"edit-config", "-s", "a=1", "-s", "b=2", "--apply", "-", "-p", "x=y", "batman"});
  ASSERT_FALSE(line.usage_error) << *line.usage_error;
  EXPECT_EQ(line.arguments.values("set"), (std::vector<std::string>{"a=1", "b=2"}));
  EXPECT_EQ(line.arguments.value("apply"), "-");
  EXPECT_EQ(line.arguments.value("pg"), "x=y");
  EXPECT_EQ(line.arguments.words, std::vector<std::string>{"batman"});
}

TEST(CommandLine, values_may_be_joined_to_their_option) {
  const ParsedLine line = parse_line({"list", "-fjson", "--watch=1.5", "-et"});
  ASSERT_FALSE(line.usage_error) << *line.usage_error;
  EXPECT_EQ(line.arguments.value("format"), "json");
  EXPECT_EQ(line.arguments.value("watch"), "1.5");
  EXPECT_TRUE(line.arguments.has("extended"));
  EXPECT_TRUE(line.arguments.has("timestamp"));
}

TEST(CommandLine, names_of_all_levels_are_accepted) {
  EXPECT_EQ(parse_line({"switchover", "--master", "a"}).arguments.value("leader"), "a");
  EXPECT_EQ(parse_line({"failover", "--primary", "a"}).arguments.value("leader"), "a");
  EXPECT_EQ(usage_error({"restart", "batman", "-r", "master"}), "");
  EXPECT_EQ(parse_line({"--dcs", "etcd3://h", "list"}).global.value("dcs-url"), "etcd3://h");
}

TEST(CommandLine, usage_errors_are_worded_as_scripts_know_them) {
  EXPECT_EQ(usage_error({"list", "-x"}), "No such option: -x");
  EXPECT_EQ(usage_error({"list", "--forma"}), "No such option: --forma Did you mean --format?");
  EXPECT_EQ(usage_error({"-x", "list"}), "No such option: -x");
  EXPECT_EQ(usage_error({"restart"}), "Missing argument 'CLUSTER_NAME'.");
  EXPECT_EQ(usage_error({"foo"}), "No such command 'foo'.");
  EXPECT_EQ(usage_error({"-k"}), "Missing command.");
  EXPECT_EQ(usage_error({"show-config", "a", "b", "c"}), "Got unexpected extra arguments (b c)");
  EXPECT_EQ(usage_error({"show-config", "a", "b"}), "Got unexpected extra argument (b)");
  EXPECT_EQ(usage_error({"list", "-w", "x"}), "Invalid value for '-w' / '--watch': 'x' is not a valid float.");
  EXPECT_EQ(usage_error({"list", "--group", "x"}), "Invalid value for '--group': 'x' is not a valid integer.");
  EXPECT_EQ(usage_error({"list", "-f", "foo"}),
            "Invalid value for '--format' / '-f': 'foo' is not one of 'pretty', 'tsv', 'json', 'yaml', 'yml'.");
  EXPECT_EQ(usage_error({"switchover", "--candidate"}), "Option '--candidate' requires an argument.");
  EXPECT_EQ(usage_error({"-c"}), "Option '-c' requires an argument.");
  EXPECT_EQ(usage_error({"flush", "batman", "foo"}),
            "Invalid value for '{restart|switchover}': 'foo' is not one of 'restart', 'switchover'.");
}

TEST(CommandLine, usage_errors_go_to_stderr_with_code_2_and_help_to_stdout_with_0) {
  Bench bench;
  EXPECT_EQ(bench.run({"list", "-x"}), 2);
  EXPECT_EQ(bench.console.errors,
            "Usage: tamadactl list [OPTIONS] [CLUSTER_NAMES]...\n"
            "Try 'tamadactl list --help' for help.\n\n"
            "Error: No such option: -x\n");
  EXPECT_EQ(bench.console.shown, "");
  EXPECT_EQ(bench.run({}), 0);
  EXPECT_EQ(bench.console.shown.substr(0, 48), "Usage: tamadactl [OPTIONS] COMMAND [ARGS]...\n\nOp");
  EXPECT_EQ(bench.run({"restart", "--help"}), 0);
}

TEST(CommandLine, help_wraps_texts_beside_options_and_below_long_ones) {
  const std::string page = help_page("tamadactl", find_command("restart"));
  EXPECT_NE(page.find("  -r, --role [leader|primary|standby-leader|replica|standby|any]\n"
                      "                                  Only members with this role\n"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find("  --any                           Only one member\n"), std::string::npos) << page;
  EXPECT_EQ(usage_line("tamadactl", find_command("flush")),
            "Usage: tamadactl flush [OPTIONS] CLUSTER_NAME [MEMBER_NAMES]...\n"
            "                       {restart|switchover}\n");
}

TEST(CommandLine, citus_groups_are_refused_with_what_to_do_instead) {
  Bench bench;
  EXPECT_EQ(bench.run({"list", "--group", "0"}), 1);
  EXPECT_NE(bench.console.errors.find("Citus clusters are not managed"), std::string::npos);
}

TEST(DcsUrl, missing_parts_are_filled_in) {
  const auto url = [](std::string_view text) {
    const auto parsed = parse_dcs_url(text);
    return parsed ? parsed->scheme + " " + parsed->host + " " + std::to_string(parsed->port) + " " + parsed->namespace_
                  : parsed.error().message;
  };
  EXPECT_EQ(url("etcd3://random.com:2399/customnamespace"), "etcd3 random.com 2399 customnamespace");
  EXPECT_EQ(url("etcd://:2399"), "etcd localhost 2399 ");
  EXPECT_EQ(url("127.0.0.1:8500"), "consul 127.0.0.1 8500 ");
  EXPECT_EQ(url("localhost"), "etcd localhost 2379 ");
  EXPECT_EQ(url("etcd3://[::1]:2379"), "etcd3 [::1] 2379 ");
  EXPECT_EQ(url("zookeeper://z"), "zookeeper z 2181 ");
  EXPECT_EQ(url("foo://h"), "Unknown dcs scheme: foo");
  EXPECT_EQ(url("etcd3://h:x"), "the store address 'etcd3://h:x' has no usable port");
}

TEST(DcsUrl, replaces_every_store_section) {
  json::object document{{"etcd", json::object{{"host", "a"}}}, {"consul", json::object()}, {"scope", "batman"}};
  use_dcs_url(document, *parse_dcs_url("etcd3://h:1/ns"));
  EXPECT_EQ(to_json(document, JsonStyle::Compact).find("consul"), std::string::npos);
  EXPECT_FALSE(document.contains("etcd"));
  EXPECT_EQ(to_json(document.at("etcd3"), JsonStyle::Compact), R"({"hosts":["h:1"]})");
  EXPECT_EQ(document.at("namespace"), "ns");
}

TEST(Schedule, now_and_nothing_mean_at_once_and_a_zone_is_kept) {
  const WallTime now{};
  EXPECT_FALSE(parse_schedule("now", now)->has_value());
  EXPECT_FALSE(parse_schedule("", now)->has_value());
  const auto at = parse_schedule("2027-01-01T10:00+02:00", now);
  ASSERT_TRUE(at && at->has_value());
  EXPECT_EQ((*at)->iso(), "2027-01-01T10:00:00+02:00");
  EXPECT_EQ((*at)->spaced(), "2027-01-01 10:00:00+02:00");
}

TEST(Schedule, without_a_zone_the_local_one_is_assumed) {
  setenv("TZ", "EST5", 1);
  tzset();
  EXPECT_EQ((*parse_schedule("2027-01-01T10:00", WallTime{}))->iso(), "2027-01-01T10:00:00-05:00");
  EXPECT_EQ((*parse_schedule("10:00", WallTime(std::chrono::hours(24 * 365))))->iso(), "1970-12-31T10:00:00-05:00");
  unsetenv("TZ");
  tzset();
}

TEST(Schedule, nonsense_is_refused_with_the_documented_text) {
  const auto parsed = parse_schedule("junk", WallTime{});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message,
            "Unable to parse scheduled timestamp (junk). It should be in an unambiguous format (e.g. ISO 8601)");
}

}  // namespace
}  // namespace tamada::ctl
