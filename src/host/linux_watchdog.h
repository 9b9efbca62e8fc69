// The Linux watchdog as second line of fencing (ports/watchdog.h, ha_behaviour.md 10). Engine thread. Opening and
// closing run on the pool; a keepalive is written at once, because one that waits in a queue could come after the lock
// was lost.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "host/blocking_pool.h"
#include "host/watchdog_device.h"
#include "ports/watchdog.h"

namespace tamada {

class LinuxWatchdog final : public Watchdog {
 public:
  using MakeDevice = std::function<std::unique_ptr<WatchdogDevice>(const std::string& driver)>;
  static constexpr Duration kLimit = 5s;  // of opening and closing

  LinuxWatchdog(Clock& clock, BlockingPool& pool, Logger log, MakeDevice make = make_watchdog_device);
  ~LinuxWatchdog() override;

  void update_settings(const WatchdogSettings& settings, std::chrono::seconds ttl,
                       std::chrono::seconds loop_wait) override;
  Task<Result<bool>> activate() override;
  void keepalive() override;
  Task<void> disable() override;
  bool running() const override { return device_ != nullptr; }
  bool healthy() const override;

 private:
  struct Wanted {
    std::string driver = "default";
    std::string path;
    int timeout = 0;
    int loop_wait = 0;
    bool operator==(const Wanted&) const = default;
  };
  struct Opened {
    std::shared_ptr<WatchdogDevice> device;
    WatchdogDevice::Support support;
    int timeout = 0;
  };

  static Result<Opened> open_device(std::shared_ptr<WatchdogDevice> device, const Wanted& wanted);
  bool required() const { return settings_.mode == WatchdogSettings::Mode::Required; }
  Result<bool> refuse(const std::string& why);
  Result<void> check_timeout(int actual) const;
  void apply_pending();

  Clock& clock_;
  BlockingPool& pool_;
  Logger log_;
  MakeDevice make_;
  WatchdogSettings settings_;
  Wanted wanted_;
  Wanted applied_;                          // of the running device
  std::shared_ptr<WatchdogDevice> device_;  // set while it runs
  WatchdogDevice::Support support_;
  bool failed_ = false;  // no further try until the configuration changes
};

}  // namespace tamada
