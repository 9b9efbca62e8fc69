#include "model/compatibility.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

constexpr Compatibility kLevels[] = {Compatibility::V1_5, Compatibility::V3_0, Compatibility::V4_1};

TEST(Compatibility, every_level_reads_the_words_of_every_level) {
  for (Compatibility level : kLevels) {
    for (int i = 0; i < static_cast<int>(Role::Unknown); ++i) {
      const Role role = static_cast<Role>(i);
      EXPECT_EQ(parse_role(role_word(role, level)), role);
    }
    for (int i = 0; i < static_cast<int>(PgState::Unknown); ++i) {
      const PgState state = static_cast<PgState>(i);
      if (level != Compatibility::V4_1 && state == PgState::StartingAfterCustomBootstrap) continue;
      if (level == Compatibility::V1_5 && state == PgState::Crashed) continue;
      EXPECT_EQ(parse_state(state_word(state, level, PgState::Starting)), state);
    }
    EXPECT_EQ(*parse_compatibility(to_string(level)), level);
  }
}

TEST(Compatibility, the_levels_write_their_own_words) {
  EXPECT_EQ(role_word(Role::Primary, Compatibility::V1_5), "master");
  EXPECT_EQ(role_word(Role::Primary, Compatibility::V3_0), "master");
  EXPECT_EQ(role_word(Role::Primary, Compatibility::V4_1), "primary");
  EXPECT_EQ(state_word(PgState::InitializingNewCluster, Compatibility::V1_5), "initalizing new cluster");
  EXPECT_EQ(state_word(PgState::InitializingNewCluster, Compatibility::V3_0), "initializing new cluster");
  EXPECT_EQ(state_word(PgState::RestartFailed, Compatibility::V3_0, PgState::Starting), "restart failed (starting)");
  EXPECT_EQ(state_word(PgState::RestartFailed, Compatibility::V4_1, PgState::Starting), "restart failed");
  EXPECT_EQ(state_word(PgState::StartingAfterCustomBootstrap, Compatibility::V3_0), "starting");
  EXPECT_EQ(state_word(PgState::Crashed, Compatibility::V1_5), "stopped");
  EXPECT_EQ(peer_version(Compatibility::V1_5), "");
  EXPECT_EQ(peer_version(Compatibility::V3_0), "3.0.2");
  EXPECT_EQ(peer_version(Compatibility::V4_1), "4.1.4");
}

TEST(Compatibility, other_levels_are_refused) {
  EXPECT_FALSE(parse_compatibility("2.1"));
  EXPECT_FALSE(parse_compatibility(""));
}

}  // namespace
}  // namespace tamada
