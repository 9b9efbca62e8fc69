// The real clock (CLOCK_BOOTTIME, which goes on during suspend) and the kernel's random numbers.
#pragma once

#include "ports/clock.h"

namespace tamada {

// Safe from any thread but for alarms, which belong to the thread of their executor. All alarms of one io_context share
// one timer of the kernel that counts the time in suspend, and wake nobody before one of them is due.
class SystemClock final : public Clock {
 public:
  Instant now() const override;
  WallTime wall_now() const override;
  std::unique_ptr<Alarm> alarm(const Executor& executor, Instant when, std::function<void()> then) override;
};

class SystemRandom final : public Random {
 public:
  std::uint64_t below(std::uint64_t bound) override;
};

}  // namespace tamada
