// The clock of one simulated process: its host's. Wall time is the true calendar plus the host's offset.
#pragma once

#include "ports/clock.h"
#include "sim/process.h"

namespace tamada::sim {

constexpr WallTime kCalendarStart{std::chrono::seconds(1767225600)};  // 2026-01-01
inline WallTime wall_time(const SimHost& host, SimTime now) {
  return kCalendarStart + now + host.wall_offset;
}

class SimClock final : public Clock {
 public:
  explicit SimClock(SimProcess& process) : process_(process) {}
  Instant now() const override { return process_.host().clock(process_.world().now()); }
  WallTime wall_now() const override;
  std::unique_ptr<Alarm> alarm(const Executor& executor, Instant when, std::function<void()> then) override;

 private:
  SimProcess& process_;
};

// The true time of a host's instant, as far as it can be told now.
inline SimTime world_time(SimProcess& process, Instant when) {
  return process.host().world_time(when, process.world().now());
}

class SimRandom final : public Random {
 public:
  explicit SimRandom(Prng random) : random_(random) {}
  std::uint64_t below(std::uint64_t bound) override { return random_.below(bound); }

 private:
  Prng random_;
};

}  // namespace tamada::sim
