// The Linux watchdog (ha_behaviour.md 10): second line of fencing. Calls are quick; the real one works on a helper
// thread.
#pragma once

#include <string>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "model/settings.h"

namespace tamada {

class Watchdog {
 public:
  virtual ~Watchdog() = default;
  virtual void update_settings(const WatchdogSettings& settings, std::chrono::seconds ttl,
                               std::chrono::seconds loop_wait) = 0;
  // Error only in mode required (10.4); otherwise a warning was logged and false comes back when it does not run.
  virtual Task<Result<bool>> activate() = 0;
  // Directly after a confirmed renewal, never by a timer.
  virtual void keepalive() = 0;
  virtual Task<void> disable() = 0;
  virtual bool running() const = 0;
  // Mode not required, or usable (10.5); what elections and watchdog_failed look at.
  virtual bool healthy() const = 0;
};

// Callback scripts (ha_behaviour.md 9.7): fire and forget, serialised, a running one is killed by the next.
class Callbacks {
 public:
  virtual ~Callbacks() = default;
  enum class Event { OnStart, OnStop, OnRestart, OnReload, OnRoleChange };
  virtual void update_settings(const Settings& settings) = 0;
  virtual void call(Event event, Role role) = 0;
};

}  // namespace tamada
