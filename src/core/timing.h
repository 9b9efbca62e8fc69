// All arithmetic of the lock's time in one place (safety.md 1.7). Pure.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "model/settings.h"

namespace tamada {

struct Timing {
  Duration renew_interval{0};     // min(ttl/3, loop_wait); ttl/6 below 10 s
  Duration clock_allowance{0};    // rates of two clocks may differ: at least 1 % of ttl
  Duration kill_bound{0};         // killing everything in the data directory is over by then
  Duration stop_margin{0};        // demotion begins at the latest this long before validity ends; kill_bound included
  Duration promote_allowance{0};  // validity beyond the stop margin that becoming writable needs
  bool kill_only = false;         // ttl below 10 s: no time for a fast stop
};

Timing compute_timing(const DynamicSettings& settings);

// How long a member that lets a primary go on without the store does not race: the longest ttl in force, as its own
// clock counts it (safety.md 6.3).
Duration promise_length(std::chrono::seconds longest_ttl);

// Error Invalid with the numbers when renewals cannot keep the lock within the ttl that the store grants.
Result<void> check_timing(const DynamicSettings& settings, Duration granted_ttl);

}  // namespace tamada
