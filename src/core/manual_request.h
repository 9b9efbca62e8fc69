// What a switchover or failover request in the store means for the member that holds the lock (ha_behaviour.md 1.14).
// Pure.
#pragma once

#include <optional>
#include <string>

#include "core/election.h"

namespace tamada {

struct RequestResult {
  fact::Request request = fact::Request::None;
  std::string because;
};
RequestResult judge_request_as_leader(const ElectionInput& in);

// A scheduled request is due from its time until so long after it (safety.md 5.3).
Duration schedule_tolerance(const DynamicSettings& settings);
// How long until it is due, by the wall clock; nullopt when it has no schedule.
std::optional<Duration> time_until_due(const FailoverRequest& request, WallTime wall);

}  // namespace tamada
