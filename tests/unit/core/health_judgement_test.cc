#include "core/health_judgement.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

using enum HealthCheck;
using Level = HealthVerdict::Level;

constexpr Instant kNow = Instant(1000s);

struct Case {
  HealthReport report;
  HealthSettings settings;
  Case() { settings.checks[Storage] = settings.checks[Connection] = {HealthPolicy::Failover, 30s}; }
  void trouble(HealthCheck check, Duration lasts) {
    report.checks[check] = {CheckState::Kind::Trouble, kNow - lasts, "it hangs"};
  }
  HealthVerdict judge() const { return judge_health(report, settings, kNow); }
};

TEST(HealthJudgement, knows_nothing_before_the_first_answer) {
  EXPECT_EQ(Case().judge().level, Level::Unknown);
}

TEST(HealthJudgement, trouble_makes_suspect_at_once_and_sick_after_its_time) {
  Case c;
  c.report.checks[Connection].kind = CheckState::Kind::Good;
  EXPECT_EQ(c.judge().level, Level::Good);
  c.trouble(Storage, 29s);
  EXPECT_EQ(c.judge().level, Level::Suspect);
  EXPECT_EQ(c.judge().look_again, kNow + 1s);
  c.trouble(Storage, 30s);
  EXPECT_EQ(c.judge().level, Level::Sick);
  EXPECT_EQ(c.judge().look_again, kNever);
  EXPECT_EQ(c.judge().because, "storage: it hangs (for 30 s; failover after 30 s)");
}

TEST(HealthJudgement, what_is_only_reported_never_makes_sick_and_what_is_off_does_not_count) {
  Case c;
  c.trouble(Storage, 1h);
  c.settings.checks[Storage].policy = HealthPolicy::Report;
  EXPECT_EQ(c.judge().level, Level::Suspect);
  EXPECT_EQ(c.judge().look_again, kNever);
  c.settings.checks[Storage].policy = HealthPolicy::Off;
  EXPECT_EQ(c.judge().level, Level::Unknown);
  EXPECT_TRUE(c.judge().details.empty());
}

TEST(HealthJudgement, the_gravest_trouble_is_the_reason) {
  Case c;
  c.trouble(Connection, 5s);
  c.trouble(Storage, 31s);
  EXPECT_TRUE(c.judge().sick());
  EXPECT_TRUE(c.judge().because.starts_with("storage")) << c.judge().because;
  EXPECT_EQ(c.judge().details.size(), 2u);
}

}  // namespace
}  // namespace tamada
