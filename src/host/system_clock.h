// The real clock (CLOCK_BOOTTIME, which goes on during suspend) and the kernel's random numbers.
#pragma once

#include "ports/clock.h"

namespace tamada {

// Safe from any thread but for sleep_until, which belongs to the executor of the calling coroutine. A sleep wakes at
// the latest kResumeCheck after the machine resumed from suspend, which the clock counts.
class SystemClock final : public Clock {
 public:
  static constexpr Duration kResumeCheck = 1s;
  Instant now() const override;
  WallTime wall_now() const override;
  Task<void> sleep_until(Instant when) override;
};

class SystemRandom final : public Random {
 public:
  std::uint64_t below(std::uint64_t bound) override;
};

}  // namespace tamada
