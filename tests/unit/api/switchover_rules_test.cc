#include "api/switchover_rules.h"

#include <gtest/gtest.h>

#include "support/snapshot_builder.h"

namespace tamada {
namespace {

const WallTime kNow{std::chrono::seconds(1795410757)};  // 2026-11-23
constexpr const char* kFuture = "2027-01-01T10:00:00+00:00";

struct Row {
  const char* what;
  bool failover;
  const char* body;
  Compatibility level;
  bool paused;
  int status;  // 0 = accepted
  const char* text;
};

constexpr auto V15 = Compatibility::V1_5;
constexpr auto V30 = Compatibility::V3_0;
constexpr auto V41 = Compatibility::V4_1;

const Row kRows[] = {
    {"1", true, R"({"leader": "n1"})", V41, false, 400, "Failover could be performed only to a specific candidate"},
    {"2", false, R"({"candidate": "n2"})", V41, false, 400,
     "Switchover could be performed only from a specific leader"},
    {"3 at 3.0", true, R"({"candidate": "n2", "scheduled_at": "x"})", V30, false, 400,
     "Scheduled failover is possible only from a specific leader"},
    {"3 at 1.5", true, R"({"candidate": "n2", "scheduled_at": "x"})", V15, false, 400,
     "Scheduled failover is possible only from a specific leader"},
    {"3' at 4.1", true, R"({"leader": "n1", "candidate": "n2", "scheduled_at": "x"})", V41, false, 400,
     "Failover can't be scheduled"},
    {"4", false, R"({"leader": "n1", "scheduled_at": "x"})", V41, true, 400,
     "Can't schedule switchover in the paused state"},
    {"5", false, R"({"leader": "n1", "scheduled_at": "tomorrow"})", V41, false, 422,
     "Unable to parse scheduled timestamp. It should be in an unambiguous format, e.g. ISO 8601"},
    {"5 number", false, R"({"leader": "n1", "scheduled_at": 5})", V41, false, 422,
     "Unable to parse scheduled timestamp. It should be in an unambiguous format, e.g. ISO 8601"},
    {"6", false, R"({"leader": "n1", "scheduled_at": "2027-01-01T10:00:00"})", V41, false, 400,
     "Timezone information is mandatory for the scheduled switchover"},
    {"7", false, R"({"leader": "n1", "scheduled_at": "2020-01-01T10:00:00Z"})", V41, false, 422,
     "Cannot schedule switchover in the past"},
    {"8", false, R"({"leader": "n1"})", V41, true, 400,
     "Switchover is possible only to a specific candidate in a paused state"},
    {"9", false, R"({"leader": "n1", "candidate": "n1"})", V41, false, 400,
     "Switchover target and source are the same"},
    {"9 by failover", true, R"({"leader": "n1", "member": "n1"})", V41, false, 400,
     "Switchover target and source are the same"},
    {"falsy means not given", false, R"({"leader": "n1", "candidate": null, "scheduled_at": false})", V41, false, 0,
     ""},
    {"empty texts too", false, R"({"leader": "n1", "candidate": "", "scheduled_at": ""})", V41, false, 0, ""},
    {"unknown keys are ignored", false, R"({"leader": "n1", "other": [1]})", V41, false, 0, ""},
    {"paused to a candidate", false, R"({"leader": "n1", "candidate": "n2"})", V41, true, 0, ""},
    {"scheduled failover at 3.0", true,
     R"({"leader": "n1", "candidate": "n2", "scheduled_at": "2027-01-01T10:00:00+00:00"})", V30, false, 0, ""},
    {"failover", true, R"({"candidate": "n2"})", V41, false, 0, ""},
};

json::object object_of(const char* text) {
  return parse_json(text)->get_object();
}

TEST(SwitchoverRules, each_row_answers_with_its_code_and_text) {
  for (const Row& row : kRows) {
    const auto body = read_switchover_body(object_of(row.body), row.failover);
    const auto result = validate_switchover(body, {row.level, row.paused, kNow});
    const auto* refusal = std::get_if<Refusal>(&result);
    if (row.status == 0) {
      EXPECT_EQ(refusal, nullptr) << row.what << ": " << (refusal ? refusal->text : "");
      continue;
    }
    ASSERT_NE(refusal, nullptr) << row.what;
    EXPECT_EQ(refusal->status, row.status) << row.what;
    EXPECT_EQ(refusal->text, row.text) << row.what;
  }
}

TEST(SwitchoverRules, the_first_failing_row_answers) {
  const auto body = read_switchover_body(object_of(R"({"scheduled_at": "junk"})"), false);
  const auto result = validate_switchover(body, {V41, true, kNow});
  EXPECT_EQ(std::get<Refusal>(result).text, "Switchover could be performed only from a specific leader");
}

TEST(SwitchoverRules, a_failover_that_names_the_leader_becomes_a_switchover_at_4_1) {
  const auto body = read_switchover_body(object_of(R"({"leader": "n1", "member": "n2"})"), true);
  EXPECT_FALSE(std::get<SwitchoverRequest>(validate_switchover(body, {V41, false, kNow})).failover);
  const auto old = std::get<SwitchoverRequest>(validate_switchover(body, {V30, false, kNow}));
  EXPECT_TRUE(old.failover);
  EXPECT_EQ(old.candidate, "n2");
}

TEST(SwitchoverRules, pause_names_the_action_as_each_level_does) {
  SwitchoverBody body{true, "n1", "", ""};
  body.candidate.clear();
  body.failover = false;
  EXPECT_EQ(std::get<Refusal>(validate_switchover(body, {V30, true, kNow})).text,
            "Switchover is possible only to a specific candidate in a paused state");
}

TEST(SwitchoverRules, the_schedule_is_taken_in_its_zone) {
  const auto body =
      read_switchover_body(object_of(R"({"leader": "n1", "scheduled_at": "2027-01-01T12:00:00+02:00"})"), false);
  const auto request = std::get<SwitchoverRequest>(validate_switchover(body, {V41, false, kNow}));
  EXPECT_EQ(request.scheduled_at, std::get<ParsedTime>(read_schedule(kFuture, "switchover", kNow)).time);
}

ClusterView view_with(const char* leader, bool request_pending) {
  ClusterView view;
  if (leader != nullptr) view.leader = LeaderEntry{{leader, 1, "s"}, 1};
  if (request_pending) view.failover = FailoverRequest{"n1", "n2", std::nullopt, false, 1};
  return view;
}

struct OutcomeRow {
  bool failover;
  const char* candidate;
  const char* leader;  // null: nobody
  bool pending;
  int status;  // 0: open
  const char* text;
};

constexpr OutcomeRow kOutcomes[] = {
    {false, "n2", "n2", true, 200, "Successfully switched over to \"n2\""},
    {false, "", "n3", false, 200, "Successfully switched over to \"n3\""},
    {true, "n2", "n2", false, 200, "Successfully failed over to \"n2\""},
    {false, "n2", "n3", false, 200, "Switched over to \"n3\" instead of \"n2\""},
    {true, "n2", "n3", false, 200, "Failed over to \"n3\" instead of \"n2\""},
    {false, "n2", "n1", false, 503, "Switchover failed"},
    {true, "n2", nullptr, false, 503, "Failover failed"},
    {false, "n2", "n1", true, 0, ""},
    {false, "n2", nullptr, true, 0, ""},
};

TEST(SwitchoverOutcome, is_read_off_the_view) {
  for (const auto& row : kOutcomes) {
    const ExpectedSwitchover expected{row.failover, "n1", row.candidate};
    const auto outcome = switchover_outcome(expected, view_with(row.leader, row.pending));
    if (row.status == 0) {
      EXPECT_FALSE(outcome);
      continue;
    }
    ASSERT_TRUE(outcome) << row.text;
    EXPECT_EQ(outcome->status, row.status);
    EXPECT_EQ(outcome->body, row.text);
  }
  EXPECT_EQ(switchover_unknown({true, "", ""}).body, "Failover status unknown");
  EXPECT_EQ(switchover_unknown({false, "", ""}).status, 503);
}

}  // namespace
}  // namespace tamada
