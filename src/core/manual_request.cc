#include "core/manual_request.h"

#include <algorithm>

#include <fmt/format.h>

namespace tamada {

Duration schedule_tolerance(const DynamicSettings& settings) {
  return std::max<Duration>(Duration(settings.loop_wait) * 3 / 2, 15s);
}

std::optional<Duration> time_until_due(const FailoverRequest& request, WallTime wall) {
  if (!request.scheduled_at) return std::nullopt;
  return *request.scheduled_at - wall;
}

RequestResult judge_request_as_leader(const ElectionInput& in) {
  using enum fact::Request;
  const auto& request = in.view.failover;
  if (!request || request->empty()) return {None, ""};
  const bool paused = in.settings.dynamic.pause;
  const std::string& me = in.observation.my_name;
  if (request->schedule_invalid) return {Stale, "its time has no zone or cannot be read"};
  if (const auto until = time_until_due(*request, in.wall)) {
    if (paused) return {Awaited, "scheduled requests are never due in pause"};
    if (*until > Duration(0)) return {Awaited, fmt::format("it is due in {:.0f} s", to_seconds(*until))};
    if (-*until > schedule_tolerance(in.settings.dynamic)) {
      return {Stale, fmt::format("it was due {:.0f} s ago", -to_seconds(*until))};
    }
  }
  if (!request->leader.empty() && request->leader != me) {
    return {OtherLeader, fmt::format("it names '{}' as leader, but '{}' leads", request->leader, me)};
  }
  if (request->candidate == me) return {NamesMe, fmt::format("'{}' is the leader already", me)};
  if (request->candidate.empty() && paused) return {NeedsCandidate, "in pause a request needs a candidate"};
  if (successors(in, request).empty()) {
    return {NoCandidate, request->candidate.empty()
                             ? "no member may take over"
                             : fmt::format("'{}' is no member that may take over", request->candidate)};
  }
  return {request->leader.empty() ? Failover : Switchover, ""};
}

}  // namespace tamada
