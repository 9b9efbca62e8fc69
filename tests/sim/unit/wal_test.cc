#include "sim/wal.h"

#include <gtest/gtest.h>

namespace tamada::sim {
namespace {

struct Wal : ::testing::Test {
  WalOrigins origins;
  WalContent begun() {
    WalContent c(origins);
    c.begin(origins.add({Timeline{1}, Lsn{}, 0}), Lsn{});
    c.grow(1000);
    return c;
  }
  WalContent promoted(WalContent c, int host, std::uint64_t bytes) {
    c.begin(origins.add({Timeline{c.timeline().id + 1}, c.end(), host}), c.end());
    c.grow(bytes);
    return c;
  }
};

TEST_F(Wal, a_standby_that_stopped_before_the_switch_may_follow_and_one_beyond_it_may_not) {
  auto before = begun();
  auto beyond = before;
  auto leader = promoted(before, 1, 50);
  EXPECT_EQ(streaming_refused(before, leader), std::nullopt);
  beyond.grow(10);
  EXPECT_TRUE(streaming_refused(beyond, leader).has_value());
  EXPECT_EQ(divergence_by_numbers(beyond, leader), Lsn{1000});
  EXPECT_EQ(beyond.common_with(leader), Lsn{1000});
}

TEST_F(Wal, equal_timelines_of_different_origin_stream_without_an_error_and_are_found_by_origin) {
  const auto base = begun();
  auto one = promoted(base, 1, 50);
  auto other = promoted(base, 2, 80);
  EXPECT_EQ(streaming_refused(one, other), std::nullopt);  // M5
  one.append_from(other);
  EXPECT_EQ(one.end(), other.end());
  EXPECT_FALSE(one.prefix_of(other));
  EXPECT_EQ(one.common_with(other), Lsn{1000});
}

TEST_F(Wal, a_standby_that_catches_up_becomes_a_prefix_of_its_leader) {
  auto standby = begun();
  auto leader = promoted(promoted(standby, 1, 50), 2, 70);
  standby.append_from(leader);
  EXPECT_TRUE(standby.prefix_of(leader));
  EXPECT_EQ(standby.timeline(), Timeline{3});
  ASSERT_EQ(leader.history().size(), 2u);
  EXPECT_EQ(leader.history()[1].end, Lsn{1050});
}

}  // namespace
}  // namespace tamada::sim
