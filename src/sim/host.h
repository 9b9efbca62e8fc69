// A simulated machine and its clocks. SimTime is the true time that no simulated process can read.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace tamada::sim {

using SimTime = Duration;  // since the world began
constexpr SimTime kSimNever = SimTime::max();

struct SimHost {
  int id = 0;
  std::string name;
  bool frozen = false;
  std::uint64_t boot = 1;  // changes with every loss of power

  // The host's monotonic clock: anchor_host at anchor_world, then `rate_ppm` of true time; stands still when stopped.
  SimTime anchor_world{0};
  Instant anchor_host{};
  std::int64_t rate_ppm = 1000000;
  bool clock_stopped = false;
  Duration wall_offset{0};  // wall clock minus the true calendar

  Instant clock(SimTime now) const {
    if (clock_stopped) return anchor_host;
    return anchor_host + scale(now - anchor_world, rate_ppm, 1000000);
  }
  // The true time at which the host's clock shows `when` if nothing changes; kSimNever when it never will.
  SimTime world_time(Instant when, SimTime now) const {
    if (when <= clock(now)) return now;
    if (clock_stopped || when == kNever) return kSimNever;
    return anchor_world + scale(when - anchor_host, 1000000, rate_ppm) + Duration(1);
  }
  void move_anchor(SimTime now) {
    anchor_host = clock(now);
    anchor_world = now;
  }

 private:
  static Duration scale(Duration d, std::int64_t numerator, std::int64_t denominator) {
    return Duration(static_cast<std::int64_t>(static_cast<__int128>(d.count()) * numerator / denominator));
  }
};

}  // namespace tamada::sim
