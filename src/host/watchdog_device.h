// The few operations on a watchdog device, so that a test can record them (ha_behaviour.md 10.2).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace tamada {

class WatchdogDevice {
 public:
  virtual ~WatchdogDevice() = default;
  struct Support {
    bool set_timeout = false;
    bool magic_close = false;  // the timer can be stopped
    std::string identity;
  };
  virtual Result<void> open(const std::string& path) = 0;
  virtual Result<Support> support() = 0;
  virtual Result<void> set_timeout(int seconds) = 0;
  virtual Result<int> timeout() = 0;
  virtual Result<void> keepalive() = 0;
  // `disarm` writes the magic character first.
  virtual Result<void> close(bool disarm) = 0;
  virtual bool writable(const std::string& path) const = 0;
};

// driver "default": the Linux watchdog API. driver "testing": a FIFO or file that records what is written to it.
std::unique_ptr<WatchdogDevice> make_watchdog_device(const std::string& driver);

}  // namespace tamada
