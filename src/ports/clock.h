// Time as the engine sees it. Implementations: host/system_clock.h, and the simulator's virtual one.
#pragma once

#include <functional>
#include <memory>

#include "base/task.h"
#include "base/time.h"

namespace tamada {

// Something that will happen at its time, unless this is destroyed before.
class Alarm {
 public:
  virtual ~Alarm() = default;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual WallTime wall_now() const = 0;
  // Calls `then` from `executor` at `when`, or soon if that has passed; never from inside this call. Belongs to the
  // executor's thread. `then` may destroy the alarm.
  virtual std::unique_ptr<Alarm> alarm(const Executor& executor, Instant when, std::function<void()> then) = 0;

  // Returns at `when` or at once if it has passed. Cancellable.
  Task<void> sleep_until(Instant when);
  Task<void> sleep_for(Duration d) { return sleep_until(now() + d); }
};

class Random {
 public:
  virtual ~Random() = default;
  // Uniform in [0, bound); bound > 0.
  virtual std::uint64_t below(std::uint64_t bound) = 0;
};

}  // namespace tamada
