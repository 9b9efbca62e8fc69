#include "core/health_judgement.h"

#include <algorithm>

#include <fmt/format.h>

namespace tamada {

namespace {

void worsen(HealthVerdict& verdict, HealthVerdict::Level level, const std::string& because) {
  if (level <= verdict.level) return;
  verdict.level = level;
  verdict.because = because;
}

}  // namespace

HealthVerdict judge_health(const HealthReport& report, const HealthSettings& settings, Instant now) {
  using Level = HealthVerdict::Level;
  HealthVerdict verdict;
  for (const HealthCheck check : kHealthChecks) {
    const CheckState& state = report.checks[check];
    const HealthCheckSettings& policy = settings.checks[check];
    if (policy.policy == HealthPolicy::Off || state.kind == CheckState::Kind::Unknown) continue;
    if (state.kind == CheckState::Kind::Good) {
      worsen(verdict, Level::Good, "");
      continue;
    }
    const bool acts = policy.policy == HealthPolicy::Failover;
    const Instant due = state.since + policy.after;
    const double lasts = std::max(0.0, to_seconds(now - state.since));
    std::string line = fmt::format("{}: {} (for {:.0f} s; {})", to_string(check), state.text, lasts,
                                   acts ? fmt::format("failover after {} s", policy.after.count()) : "only reported");
    worsen(verdict, acts && now >= due ? Level::Sick : Level::Suspect, line);
    if (acts && now < due) verdict.look_again = std::min(verdict.look_again, due);
    verdict.details.push_back(std::move(line));
  }
  return verdict;
}

}  // namespace tamada
