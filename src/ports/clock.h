// Time as the engine sees it. Implementations: host/system_clock.h, and the simulator's virtual one.
#pragma once

#include "base/task.h"
#include "base/time.h"

namespace tamada {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual WallTime wall_now() const = 0;
  // Returns at `when` or at once if it has passed. Cancellable.
  virtual Task<void> sleep_until(Instant when) = 0;
  Task<void> sleep_for(Duration d) { return sleep_until(now() + d); }
};

class Random {
 public:
  virtual ~Random() = default;
  // Uniform in [0, bound); bound > 0.
  virtual std::uint64_t below(std::uint64_t bound) = 0;
};

}  // namespace tamada
