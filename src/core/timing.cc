#include "core/timing.h"

#include <algorithm>

#include <fmt/format.h>

namespace tamada {

namespace {
constexpr Duration kShortTtl = 10s;
constexpr Duration kKillBound = 1s;
constexpr Duration kShortKillBound = 500ms;
constexpr Duration kTripAllowance = 500ms;  // a stalled thread and one round trip to the store
}  // namespace

Timing compute_timing(const DynamicSettings& settings) {
  const Duration ttl = settings.ttl;
  Timing t;
  t.kill_only = ttl < kShortTtl;
  t.renew_interval = t.kill_only ? ttl / 6 : std::min<Duration>(ttl / 3, settings.loop_wait);
  t.clock_allowance = ttl / 100;
  t.kill_bound = t.kill_only ? kShortKillBound : kKillBound;
  // A sixth of the ttl for a stop that clients notice least, 5 s at the default of 30 s.
  t.stop_margin = t.clock_allowance + t.kill_bound + (t.kill_only ? Duration(0) : ttl / 6 - t.kill_bound);
  t.promote_allowance = std::min<Duration>(ttl / 6, 5s);
  return t;
}

Duration promise_length(std::chrono::seconds longest_ttl) {
  return Duration(longest_ttl) + Duration(longest_ttl) / 100;
}

Result<void> check_timing(const DynamicSettings& settings, Duration granted_ttl) {
  const Timing t = compute_timing(settings);
  const Duration need = t.renew_interval + kTripAllowance + t.stop_margin;
  if (need <= granted_ttl) return {};
  return Error(ErrorCode::Invalid,
               fmt::format("a lock of {} s cannot be kept: renewal every {} s and a stop margin of {} s do not fit",
                           to_seconds(granted_ttl), to_seconds(t.renew_interval), to_seconds(t.stop_margin)),
               "raise ttl, or lower loop_wait");
}

}  // namespace tamada
