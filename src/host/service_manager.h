// What the service manager is told (systemd, Type=notify): that this member is ready, reloads or stops, what it does
// (STATUS=), and that the thread it lives on still turns (WATCHDOG=1, when $WATCHDOG_USEC asks for it). Without
// $NOTIFY_SOCKET nothing is sent. One thread, its executor's: for a watchdog that is to notice a hung engine, the
// engine's.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/task.h"
#include "base/time.h"
#include "ports/clock.h"

namespace tamada {

class ServiceManager {
 public:
  // `status` is asked about once a second: what this member does now, empty while there is nothing to tell.
  ServiceManager(Clock& clock, std::function<std::string()> status);

  // READY=1, once, however often it is called. A status is a sign of readiness, too: who waits for the store for ever
  // tells so, and is not to be given up because of it.
  void ready();
  // Around a reload; silent before READY=1, which the end of a reload would otherwise stand for.
  void reloading();
  void reloaded();
  // STOPPING=1; nothing counts as ready after it.
  void stopping();

  // Tells status and watchdog until it is cancelled; ends at once where nobody listens. Runs through the stop of
  // PostgreSQL, which may take long.
  Task<void> keep_telling();

 private:
  enum class Phase { Starting, Ready, Stopping };

  void tell_status();

  Clock& clock_;
  std::function<std::string()> status_;
  Phase phase_ = Phase::Starting;
  std::string told_;
};

// How often the manager wants to hear from this process; nullopt when it does not, or means another process.
std::optional<Duration> service_watchdog_interval();

}  // namespace tamada
