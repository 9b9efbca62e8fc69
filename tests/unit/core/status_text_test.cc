#include "core/status_text.h"

#include <gtest/gtest.h>

#include "core/restart_conditions.h"

namespace tamada {
namespace {

TEST(StatusText, FillsPlaceholdersAndKeepsUnknownOnes) {
  StatusWords words;
  words.me = "n1";
  words.leader = "{me}";
  EXPECT_EQ(fill_text("{me} follows {leader} {what} {", words), "n1 follows {me} {what} {");
}

TEST(StatusText, SaysMasterOnlyWhere15Did) {
  EXPECT_EQ(localize_status("continue to run as primary without lock", Compatibility::V1_5),
            "continue to run as master without lock");
  EXPECT_EQ(localize_status("continue to run as primary without lock", Compatibility::V3_0),
            "continue to run as primary without lock");
  EXPECT_EQ(localize_status("starting as a secondary", Compatibility::V1_5), "starting as a secondary");
}

TEST(RestartConditions, CompareVersionsAsNumbers) {
  EXPECT_EQ(version_number("9.5.3"), 90503);
  EXPECT_EQ(version_number("13.4"), 130004);
  EXPECT_EQ(version_number("13"), 130000);
  EXPECT_EQ(version_number("x"), 0);
  EXPECT_EQ(version_number("1.2.3.4"), 0);
  EXPECT_EQ(version_number("13."), 0);
  EXPECT_EQ(version_number(""), 0);
}

TEST(RestartConditions, EachConditionCanRefuse) {
  PostgresStatus status;
  status.row = StatusRow{};
  status.row->server_version = 150002;
  EXPECT_FALSE(why_no_restart({}, status, Role::Replica));
  EXPECT_TRUE(why_no_restart({.role = "primary"}, status, Role::Replica));
  EXPECT_FALSE(why_no_restart({.role = "master"}, status, Role::Primary));
  EXPECT_FALSE(why_no_restart({.postgres_version = "15.3"}, status, Role::Replica));
  EXPECT_TRUE(why_no_restart({.postgres_version = "15.2"}, status, Role::Replica));
  EXPECT_TRUE(why_no_restart({.only_pending = true}, status, Role::Replica));
  status.row->pending_restart_parameters = {"shared_buffers"};
  EXPECT_FALSE(why_no_restart({.only_pending = true}, status, Role::Replica));
}

}  // namespace
}  // namespace tamada
