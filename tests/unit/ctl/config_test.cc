#include <gtest/gtest.h>

#include "ctl/config_edit.h"
#include "ctl/config_preview.h"
#include "support.h"

namespace tamada::ctl {
namespace {

std::string after(std::string_view document, const std::vector<std::string>& settings) {
  json::object object = parse_json(document)->as_object();
  for (const std::string& setting : settings) {
    const auto set = set_by_path(object, setting);
    if (!set) return set.error().message;
  }
  return to_json(object, JsonStyle::Compact);
}

TEST(ConfigSetting, everything_below_postgresql_parameters_is_one_key) {
  EXPECT_EQ(after("{}", {"postgresql.parameters.a.b.c=on", "postgresql.parameters.d=8MB"}),
            R"({"postgresql":{"parameters":{"a.b.c":true,"d":"8MB"}}})");
}

TEST(ConfigSetting, values_are_yaml_and_null_removes_with_parents_left_empty) {
  EXPECT_EQ(after("{}", {"x={a: [1, 2], b: null}"}), R"({"x":{"a":[1,2],"b":null}})");
  EXPECT_EQ(after(R"({"a":{"b":{"c":1}},"d":2})", {"a.b.c=null"}), R"({"d":2})");
  EXPECT_EQ(after(R"({"a":{"b":1,"c":2}})", {"a.b="}), R"({"a":{"c":2}})");
  EXPECT_EQ(after(R"({"a":1})", {"x.y.z=null"}), R"({"a":1})");
  EXPECT_EQ(after(R"({"ttl":30})", {"ttl.x=5"}), R"({"ttl":{"x":5}})");
  EXPECT_EQ(after("{}", {"postgresql.parameters.a=1=2"}), R"({"postgresql":{"parameters":{"a":"1=2"}}})");
}

TEST(ConfigSetting, a_pair_without_an_equals_sign_is_refused) {
  EXPECT_EQ(after("{}", {"foo"}), "Invalid parameter setting foo");
}

TEST(Diff, has_the_form_that_operators_read) {
  EXPECT_EQ(unified_diff("a\nb\nc\nd\ne\nf\ng\n", "a\nb\nc\nX\ne\nf\ng\n"),
            "--- \n+++ \n@@ -1,7 +1,7 @@\n a\n b\n c\n-d\n+X\n e\n f\n g\n");
  EXPECT_EQ(unified_diff("same\n", "same\n"), "");
  EXPECT_EQ(unified_diff("a\n", "b\n"), "--- \n+++ \n@@ -1 +1 @@\n-a\n+b\n");
}

TEST(Diff, an_empty_side_names_line_zero) {
  EXPECT_EQ(unified_diff("", "a\nb\n"), "--- \n+++ \n@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(unified_diff("a\n", ""), "--- \n+++ \n@@ -1 +0,0 @@\n-a\n");
}

TEST(EditConfig, shows_the_difference_asks_and_writes_only_what_was_read) {
  Bench bench(Compatibility::V4_1, {"y"});
  bench.store.view = three_members();
  EXPECT_EQ(bench.run({"edit-config", "-p", "work_mem=8MB", "-p", "max_connections=120"}), 0);
  EXPECT_EQ(bench.console.shown, R"(--- 
+++ 
@@ -1,6 +1,9 @@
 loop_wait: 10
 maximum_lag_on_failover: 1048576
 postgresql:
+  parameters:
+    max_connections: 120
+    work_mem: 8MB
   use_pg_rewind: true
 retry_timeout: 10
 ttl: 30
Apply these changes? [y/N]: Configuration changed
)");
  ASSERT_EQ(bench.store.writes.size(), 1U);
  EXPECT_EQ(bench.store.writes[0].key, StoreKey::Config);
  EXPECT_EQ(bench.store.writes[0].condition.kind, WriteCondition::Kind::Revision);
  EXPECT_EQ(bench.store.writes[0].condition.revision, 7);
  EXPECT_NE(bench.store.writes[0].value->find(R"("parameters":{"work_mem":"8MB","max_connections":120})"),
            std::string::npos);
}

TEST(EditConfig, a_dry_run_asks_every_member_and_writes_nothing) {
  Bench bench;
  bench.store.view = three_members();
  const auto answer = [](std::string_view more) {
    return HttpResponse{200,
                        "{\"changes\": [{\"path\": \"postgresql.parameters.max_connections\", \"from\": null, "
                        "\"to\": 200, \"effect\": \"restart\", \"direction\": \"raised\"}" +
                            std::string(more) + "]}",
                        {}};
  };
  bench.http.answers["POST http://127.0.0.1:8000/settings"] =
      answer(R"(, {"path": "ttl", "from": 30, "to": 40, "effect": "reload"})");
  bench.http.answers["POST http://127.0.0.1:8001/settings"] =
      answer(R"(, {"path": "ttl", "from": 30, "to": 40, "effect": "reload"})");
  bench.http.answers["POST http://127.0.0.1:8002/settings"] = {501, "Unsupported method ('POST')", {}};
  EXPECT_EQ(bench.run({"edit-config", "--dry-run", "-p", "max_connections=200", "-s", "ttl=40"}), 0);
  const std::string& shown = bench.console.shown;
  EXPECT_NE(shown.find("| postgresql.parameters.max_connections | -    | 200 | restart | all     |"), std::string::npos)
      << shown;
  EXPECT_NE(shown.find("| ttl                                   | 30   | 40  | reload  | all     |"), std::string::npos)
      << shown;
  EXPECT_NE(shown.find("standbys first"), std::string::npos) << shown;
  EXPECT_NE(shown.find("Not asked: "), std::string::npos) << shown;
  EXPECT_NE(shown.find("no Tamada member"), std::string::npos) << shown;
  EXPECT_TRUE(bench.store.writes.empty());
  ASSERT_EQ(bench.http.sent.size(), 3U);
  EXPECT_NE(bench.http.sent[0].find(R"("parameters": {"max_connections": 200})"), std::string::npos)
      << bench.http.sent[0];
}

TEST(EditConfig, a_dry_run_fails_for_a_refused_value_and_where_nobody_answers) {
  Bench bench;
  bench.store.view = three_members();
  EXPECT_EQ(bench.run({"edit-config", "--dry-run", "-s", "ttl=x"}), 1);
  EXPECT_EQ(bench.console.errors, "Error: no member could be asked what it would do\n");
  bench.http.answers["POST http://127.0.0.1:8000/settings"] = {
      200,
      R"({"changes": [{"path": "ttl", "from": 30, "to": "x", "effect": "refused", "because": "expected a number"}]})",
      {}};
  bench.console.errors.clear();
  EXPECT_EQ(bench.run({"edit-config", "--dry-run", "-s", "ttl=x", "-f", "json"}), 1);
  EXPECT_NE(bench.console.shown.find(R"("because": "expected a number", "members": ["postgresql0"])"),
            std::string::npos)
      << bench.console.shown;
  EXPECT_EQ(bench.console.errors, "Error: a value would be refused\n");
}

json::array restart_of(std::string_view direction) {
  json::object change{{"path", "x"}, {"effect", "restart"}};
  if (!direction.empty()) change["direction"] = direction;
  return {change};
}

TEST(RestartOrder, standbys_never_have_less_than_their_primary) {
  using Names = std::vector<std::string>;
  const auto order = [](std::vector<std::string_view> directions) {
    json::array changes;
    for (std::string_view direction : directions) changes.push_back(restart_of(direction).front());
    return restart_order({{"a", true, "", changes}, {"b", false, "", changes}, {"c", false, "gone", {}}});
  };
  EXPECT_EQ(order({}), Names{});
  EXPECT_EQ(order({""}), (Names{"b", "a"}));
  EXPECT_EQ(order({"raised"}), (Names{"b", "a"}));
  EXPECT_EQ(order({"lowered"}), (Names{"a", "b"}));
  EXPECT_EQ(order({"raised", "lowered"}), (Names{"b", "a", "b"}));
}

TEST(ShowConfig, tells_where_members_have_their_settings_from) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.answers["GET http://127.0.0.1:8000/settings"] = {
      200,
      R"({"member": "postgresql0", "settings": [{"path": "ttl", "value": 40, "source": "dynamic configuration",)"
      R"( "overrode": [{"source": "p.yml line 3", "value": 25, "why": "only the dynamic configuration sets it"}]}]})",
      {}};
  EXPECT_EQ(bench.run({"config", "show", "--origin", "-m", "postgresql0", "-f", "tsv", "batman"}), 0);
  EXPECT_EQ(bench.console.shown,
            "member\tpath\tvalue\tsource\toverrode\tnote\n"
            "postgresql0\tttl\t40\tdynamic configuration\t"
            "p.yml line 3: 25 (only the dynamic configuration sets it)\t\n");
  bench.http.answers["GET http://127.0.0.1:8001/settings"] = {503, "{\"state\": \"running\"}", {}};
  EXPECT_EQ(bench.run({"show-config", "--origin", "batman"}), 1);
  EXPECT_NE(bench.console.errors.find("it is no Tamada member"), std::string::npos) << bench.console.errors;
  EXPECT_EQ(bench.run({"show-config", "-m", "x", "batman"}), 1);
}

TEST(EditConfig, a_no_writes_nothing_and_is_silent) {
  Bench bench(Compatibility::V4_1, {""});
  bench.store.view = three_members();
  EXPECT_EQ(bench.run({"edit-config", "-q", "-s", "ttl=40"}), 0);
  EXPECT_EQ(bench.console.shown, "Apply these changes? [y/N]: ");
  EXPECT_TRUE(bench.store.writes.empty());
}

TEST(EditConfig, a_lost_race_is_an_error) {
  Bench bench;
  bench.store.view = three_members();
  bench.store.outcome = WriteKind::Refused;
  EXPECT_EQ(bench.run({"edit-config", "-q", "-s", "ttl=40", "--force"}), 1);
  EXPECT_EQ(bench.console.errors, "Error: Config modification aborted due to concurrent changes\n");
}

TEST(EditConfig, input_from_stdin_needs_force) {
  Bench bench;
  bench.store.view = three_members();
  bench.console.input = "ttl: 40\n";
  EXPECT_EQ(bench.run({"edit-config", "-q", "--apply", "-"}), 0);
  EXPECT_EQ(bench.console.shown, "Use --force option to apply changes\n");
  EXPECT_TRUE(bench.store.writes.empty());
  EXPECT_EQ(bench.run({"edit-config", "-q", "--apply", "-", "--force"}), 0);
  ASSERT_EQ(bench.store.writes.size(), 1U);
}

TEST(EditConfig, replace_apply_and_settings_work_in_this_order) {
  Bench bench;
  bench.store.view = three_members();
  bench.programs.files = {{"r.yml", "ttl: 1\nx: 1\n"}, {"a.yml", "ttl: 2\nx: null\n"}};
  EXPECT_EQ(bench.run({"edit-config", "-q", "--apply", "a.yml", "--replace", "r.yml", "-s", "ttl=3", "--force"}), 0);
  ASSERT_EQ(bench.store.writes.size(), 1U);
  EXPECT_EQ(bench.store.writes[0].value, R"({"ttl":3})");
}

TEST(EditConfig, without_options_the_editor_is_opened_and_an_unchanged_text_changes_nothing) {
  Bench bench;
  bench.store.view = three_members();
  bench.programs.installed = {{"vi", "/usr/bin/vi"}};
  bench.programs.edited = config_text(bench.store.view.config->value);
  bench.context.settings.scope = "a/b";
  EXPECT_EQ(bench.run({"edit-config"}), 0);
  EXPECT_EQ(bench.console.shown, "Not changed\n");
  EXPECT_EQ(bench.programs.ran, (std::vector<std::string>{"/usr/bin/vi", "a_b-config-"}));
  bench.programs.edited = Error(ErrorCode::Failed, "Editor exited with return code 1");
  EXPECT_EQ(bench.run({"edit-config"}), 1);
  EXPECT_EQ(bench.console.errors, "Error: Editor exited with return code 1\n");
}

TEST(EditConfig, broken_text_is_refused_with_its_place) {
  Bench bench;
  bench.store.view = three_members();
  bench.programs.files = {{"bad.yml", "[1]"}};
  EXPECT_EQ(bench.run({"edit-config", "--apply", "bad.yml"}), 1);
  EXPECT_EQ(bench.run({"edit-config", "-s", "x={"}), 1);
  EXPECT_TRUE(bench.store.writes.empty());
}

TEST(EditConfig, on_a_terminal_the_coloured_difference_goes_through_the_pager) {
  Bench bench;
  bench.store.view = three_members();
  bench.console.terminal = true;
  EXPECT_EQ(bench.run({"edit-config", "-s", "ttl=40", "--force"}), 1);
  EXPECT_NE(bench.console.errors.find("No pager could be found. Either set PAGER"), std::string::npos);
  bench.programs.installed = {{"less", "/usr/bin/less"}};
  EXPECT_EQ(bench.run({"edit-config", "-s", "ttl=40", "--force"}), 0);
  EXPECT_NE(bench.programs.piped.find("\x1b[31m-ttl: 30\x1b[0m\n"), std::string::npos);
}

TEST(ShowConfig, prints_sorted_yaml_and_a_blank_line_and_nothing_without_a_key) {
  Bench bench;
  EXPECT_EQ(bench.run({"show-config"}), 0);
  EXPECT_EQ(bench.console.shown, "");
  bench.store.view = three_members();
  EXPECT_EQ(bench.run({"show-config"}), 0);
  EXPECT_EQ(bench.console.shown,
            "loop_wait: 10\nmaximum_lag_on_failover: 1048576\npostgresql:\n  use_pg_rewind: true\n"
            "retry_timeout: 10\nttl: 30\n\n");
}

}  // namespace
}  // namespace tamada::ctl
