#include "core/timing.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

DynamicSettings profile(int ttl, int loop_wait, int retry_timeout) {
  DynamicSettings settings;
  settings.ttl = std::chrono::seconds(ttl);
  settings.loop_wait = std::chrono::seconds(loop_wait);
  settings.retry_timeout = std::chrono::seconds(retry_timeout);
  return settings;
}

TEST(Timing, EveryProfileThatTheSettingsAllowFits) {
  for (int ttl = 3; ttl <= 120; ++ttl) {
    for (int retry = 1; 2 * retry < ttl; ++retry) {
      for (int loop = 1; loop + 2 * retry <= ttl; ++loop) {
        const DynamicSettings settings = profile(ttl, loop, retry);
        ASSERT_TRUE(check_timing(settings, settings.ttl)) << ttl << " " << loop << " " << retry;
        const Timing timing = compute_timing(settings);
        // Two renewals may fail before the demotion begins, and a fresh lock is good for a promotion.
        EXPECT_LE(2 * timing.renew_interval + timing.stop_margin, Duration(settings.ttl)) << ttl;
        EXPECT_LE(timing.renew_interval + timing.promote_allowance + timing.stop_margin, Duration(settings.ttl)) << ttl;
        EXPECT_GE(timing.stop_margin, timing.kill_bound + timing.clock_allowance) << ttl;
        EXPECT_GE(timing.clock_allowance * 100, Duration(settings.ttl)) << ttl;
      }
    }
  }
}

TEST(Timing, RenewsByTheThirdOfTheTtlAndByTheSixthWhenItIsShort) {
  EXPECT_EQ(compute_timing(profile(30, 10, 10)).renew_interval, 10s);
  EXPECT_EQ(compute_timing(profile(30, 2, 10)).renew_interval, 2s);
  EXPECT_EQ(compute_timing(profile(6, 1, 2)).renew_interval, 1s);
  EXPECT_TRUE(compute_timing(profile(9, 1, 2)).kill_only);
  EXPECT_FALSE(compute_timing(profile(10, 1, 2)).kill_only);
}

TEST(Timing, ALockThatIsGrantedTooShortIsRefusedWithTheNumbers) {
  const Result<void> fits = check_timing(profile(30, 10, 10), 10s);
  ASSERT_FALSE(fits);
  EXPECT_EQ(fits.error().code, ErrorCode::Invalid);
  EXPECT_NE(fits.error().message.find("10 s"), std::string::npos) << fits.error().message;
  EXPECT_FALSE(fits.error().hint.empty());
}

}  // namespace
}  // namespace tamada
