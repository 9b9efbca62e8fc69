#include "api/restart_body.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

const WallTime kNow{std::chrono::seconds(1795410757)};  // 2026-11-23

std::variant<RestartBody, Refusal> read(const char* text, Compatibility level = Compatibility::V4_1) {
  return read_restart_body(parse_json(text)->get_object(), level, kNow);
}

struct Row {
  const char* body;
  Compatibility level;
  int status;
  const char* text;
};

const Row kRefusals[] = {
    {R"({"schedule": "junk"})", Compatibility::V4_1, 422,
     "Unable to parse scheduled timestamp. It should be in an unambiguous format, e.g. ISO 8601"},
    {R"({"schedule": "2027-01-01T10:00"})", Compatibility::V4_1, 400,
     "Timezone information is mandatory for the scheduled restart"},
    {R"({"schedule": "2020-01-01T10:00Z"})", Compatibility::V4_1, 422, "Cannot schedule restart in the past"},
    {R"({"role": "boss"})", Compatibility::V4_1, 400,
     "PostgreSQL role should be either primary, standby_leader, or replica"},
    {R"({"role": "boss"})", Compatibility::V3_0, 400, "PostgreSQL role should be either primary or replica"},
    {R"({"role": "boss"})", Compatibility::V1_5, 400, "PostgreSQL role should be either master or replica"},
    {R"({"postgres_version": "15"})", Compatibility::V4_1, 400,
     "Invalid PostgreSQL version format: X.Y or X.Y.Z is accepted: 15"},
    {R"({"postgres_version": "15.x"})", Compatibility::V4_1, 400, "Invalid PostgreSQL version: 15.x"},
    {R"({"postgres_version": "9.6"})", Compatibility::V4_1, 400,
     "Invalid PostgreSQL version format: X.Y or X.Y.Z is accepted: 9.6"},
    {R"({"postgres_version": "15.1.2"})", Compatibility::V4_1, 400, "Invalid PostgreSQL version: 15.1.2"},
    {R"({"timeout": 0})", Compatibility::V4_1, 400, "Timeout should be a positive number of seconds"},
    {R"({"timeout": "soon"})", Compatibility::V4_1, 400, "Timeout should be a positive number of seconds"},
    {R"({"timeout": true})", Compatibility::V4_1, 400, "Timeout should be a positive number of seconds"},
    {R"({"when": 1})", Compatibility::V4_1, 400, "Unknown filter for the scheduled restart: when"},
    {R"({"when": 1, "role": "boss"})", Compatibility::V4_1, 400, "Unknown filter for the scheduled restart: when"},
    {R"({"role": "boss", "when": 1})", Compatibility::V4_1, 400,
     "PostgreSQL role should be either primary, standby_leader, or replica"},
};

TEST(RestartBody, each_bad_key_is_refused_with_its_text) {
  for (const Row& row : kRefusals) {
    const auto result = read(row.body, row.level);
    ASSERT_TRUE(std::holds_alternative<Refusal>(result)) << row.body;
    EXPECT_EQ(std::get<Refusal>(result), (Refusal{row.status, row.text})) << row.body;
  }
}

TEST(RestartBody, conditions_are_read) {
  const auto all = std::get<RestartBody>(
      read(R"({"role": "master", "postgres_version": "15.4", "timeout": "1min", "restart_pending": false})"));
  EXPECT_EQ(all.request.role, "primary");
  EXPECT_EQ(all.request.postgres_version, "15.4");
  EXPECT_EQ(all.request.timeout, std::chrono::seconds(60));
  EXPECT_TRUE(all.request.only_pending) << "presence alone counts";
  EXPECT_EQ(std::get<RestartBody>(read(R"({"timeout": 20})")).request.timeout, std::chrono::seconds(20));
  EXPECT_EQ(std::get<RestartBody>(read(R"({"postgres_version": "9.6.24"})")).request.postgres_version, "9.6.24");
  EXPECT_FALSE(std::get<RestartBody>(read("{}")).schedule);
  EXPECT_TRUE(std::get<RestartBody>(read(R"({"schedule": "2027-01-01T10:00:00+00:00"})")).schedule);
}

TEST(ReinitializeBody, force_is_boolean_in_many_spellings) {
  for (const char* yes : {R"({"force": true})", R"({"force": "on"})", R"({"force": "Yes"})", R"({"force": 1})"}) {
    EXPECT_TRUE(read_reinitialize_body(parse_json(yes)->get_object()).force) << yes;
  }
  for (const char* no : {"{}", R"({"force": false})", R"({"force": "no"})", R"({"force": [1]})"}) {
    EXPECT_FALSE(read_reinitialize_body(parse_json(no)->get_object()).force) << no;
  }
  EXPECT_TRUE(read_reinitialize_body({{"from_leader", true}}).from_leader);
}

}  // namespace
}  // namespace tamada
