#include "model/restart_request.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

json::object object_of(std::string_view text) {
  return parse_json(text)->as_object();
}

TEST(ScheduledRestart, is_written_as_in_the_member_key) {
  ScheduledRestart restart;
  restart.at = WallTime(std::chrono::seconds(1798797600));
  restart.offset_minutes = 120;
  restart.postmaster_start_time = "2026-11-23 05:20:13.398298+00:00";
  EXPECT_EQ(to_json(format_scheduled_restart(restart, Compatibility::V4_1), JsonStyle::Compact),
            R"({"schedule":"2027-01-01T12:00:00+02:00","postmaster_start_time":"2026-11-23 05:20:13.398298+00:00"})");
  restart.request = {"primary", "16.1", true, std::chrono::seconds(30)};
  EXPECT_EQ(to_json(format_scheduled_restart(restart, Compatibility::V3_0), JsonStyle::Compact),
            R"({"restart_pending":true,"postgres_version":"16.1","role":"master",)"
            R"("schedule":"2027-01-01T12:00:00+02:00","timeout":30,)"
            R"("postmaster_start_time":"2026-11-23 05:20:13.398298+00:00"})");
  const auto again = read_scheduled_restart(format_scheduled_restart(restart, Compatibility::V3_0));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->at, restart.at);
  EXPECT_EQ(again->offset_minutes, 120);
  EXPECT_EQ(again->postmaster_start_time, restart.postmaster_start_time);
  EXPECT_EQ(again->request.role, "primary");
  EXPECT_EQ(again->request.postgres_version, "16.1");
  EXPECT_TRUE(again->request.only_pending);
  EXPECT_EQ(again->request.timeout, std::chrono::seconds(30));
}

TEST(ScheduledRestart, a_broken_record_is_an_error) {
  for (const char* text :
       {R"({})", R"({"schedule":"2027-01-01T10:00:00+00:00"})", R"({"schedule":5,"postmaster_start_time":"x"})",
        R"({"schedule":"2027-01-01T10:00:00","postmaster_start_time":"x"})",
        R"({"schedule":"2027-01-01T10:00:00Z","postmaster_start_time":"x","role":"boss"})",
        R"({"schedule":"2027-01-01T10:00:00Z","postmaster_start_time":"x","timeout":0})",
        R"({"schedule":"2027-01-01T10:00:00Z","postmaster_start_time":"x","postgres_version":16})"}) {
    EXPECT_FALSE(read_scheduled_restart(object_of(text))) << text;
  }
}

}  // namespace
}  // namespace tamada
