#include "host/linux_watchdog.h"

#include <algorithm>
#include <atomic>

namespace tamada {

LinuxWatchdog::LinuxWatchdog(Clock& clock, BlockingPool& pool, Logger log, MakeDevice make)
    : clock_(clock), pool_(pool), log_(std::move(log)), make_(std::move(make)) {}

LinuxWatchdog::~LinuxWatchdog() = default;  // not disarmed: a daemon that crashes must let it fire

void LinuxWatchdog::update_settings(const WatchdogSettings& settings, std::chrono::seconds ttl,
                                    std::chrono::seconds loop_wait) {
  const int seconds = static_cast<int>(ttl.count());
  const int half = seconds / 2;
  Wanted wanted;
  wanted.driver = settings.driver;
  wanted.path = settings.device;
  // safety.md 1.7: with a small ttl the margin may not eat all of it.
  wanted.timeout = seconds - (settings.safety_margin < 0 ? seconds - half : std::min(settings.safety_margin, half));
  wanted.loop_wait = static_cast<int>(loop_wait.count());
  if (wanted != wanted_ || settings.mode != settings_.mode) failed_ = false;
  wanted_ = wanted;
  settings_ = settings;
}

Result<bool> LinuxWatchdog::refuse(const std::string& why) {
  if (required()) return Error(ErrorCode::Unavailable, "watchdog is required but not usable: " + why);
  log_.warning("Could not activate watchdog: {}", why);
  return false;
}

Result<LinuxWatchdog::Opened> LinuxWatchdog::open_device(std::shared_ptr<WatchdogDevice> device, const Wanted& wanted) {
  if (auto opened = device->open(wanted.path); !opened) return opened.error();
  const auto give_up = [&](const Error& error) {
    // Opening armed it; without this the host would be reset.
    (void)device->close(true);
    return error;
  };
  auto support = device->support();
  if (!support) return give_up(support.error());
  if (support->set_timeout)
    if (auto set = device->set_timeout(wanted.timeout); !set) return give_up(set.error());
  auto timeout = device->timeout();
  if (!timeout) return give_up(timeout.error());
  return Opened{std::move(device), *support, *timeout};
}

Result<void> LinuxWatchdog::check_timeout(int actual) const {
  if (actual < wanted_.loop_wait)
    return Error(ErrorCode::Invalid,
                 fmt::format("its timeout of {} s is shorter than loop_wait {} s", actual, wanted_.loop_wait));
  if (actual > wanted_.timeout && required())
    return Error(ErrorCode::Invalid,
                 fmt::format("its timeout of {} s does not end the host within {} s", actual, wanted_.timeout));
  return {};
}

Task<Result<bool>> LinuxWatchdog::activate() {
  if (settings_.mode == WatchdogSettings::Mode::Off) co_return false;
  if (device_) co_return true;
  if (failed_) {
    if (!required()) co_return false;  // told when it failed
    co_return refuse("it failed before and its configuration did not change");
  }
  const int slack = wanted_.timeout - wanted_.loop_wait;
  if (slack < 0 && required())
    co_return refuse(
        fmt::format("its timeout of {} s is shorter than loop_wait {} s", wanted_.timeout, wanted_.loop_wait));

  // An open that hung and was given up must not leave an armed device that nobody feeds.
  struct Waiting {
    std::shared_ptr<std::atomic<bool>> flag = std::make_shared<std::atomic<bool>>(true);
    ~Waiting() { *flag = false; }
  } waiting;
  auto work = [device = std::shared_ptr<WatchdogDevice>(make_(wanted_.driver)), wanted = wanted_,
               somebody_waits = waiting.flag]() -> Result<Opened> {
    auto result = open_device(device, wanted);
    if (result && !*somebody_waits) (void)device->close(true);
    return result;
  };
  auto opened = co_await pool_.run("opening watchdog " + wanted_.path, work, clock_.now() + kLimit);
  if (!opened) {
    failed_ = true;
    co_return refuse(opened.error().text());
  }
  if (auto fits = check_timeout(opened->timeout); !fits) {
    failed_ = true;
    if (auto closed = opened->device->close(opened->support.magic_close); !closed || !opened->support.magic_close)
      log_.warning("watchdog {} could not be stopped, the host may be reset", wanted_.path);
    co_return refuse(fits.error().text());
  }
  if (opened->timeout > wanted_.timeout)
    log_.warning("Watchdog timeout {} seconds does not ensure safe termination within {} seconds", opened->timeout,
                 wanted_.timeout);
  device_ = opened->device;
  support_ = opened->support;
  applied_ = wanted_;
  log_.info("{} activated with {} second timeout, timing slack {} seconds", support_.identity, opened->timeout,
            opened->timeout - wanted_.loop_wait);
  if (auto kept = device_->keepalive(); !kept) {
    device_.reset();
    failed_ = true;
    co_return refuse(kept.error().text());
  }
  co_return true;
}

void LinuxWatchdog::apply_pending() {
  if (wanted_ == applied_) return;
  if (wanted_.path == applied_.path && wanted_.driver == applied_.driver) {
    if (support_.set_timeout)
      if (auto set = device_->set_timeout(wanted_.timeout); !set) log_.warning("{}", set.error().text());
    applied_ = wanted_;
    return;
  }
  // Another device: the next activation opens it.
  (void)device_->close(support_.magic_close);
  device_.reset();
}

void LinuxWatchdog::keepalive() {
  if (!device_) return;
  apply_pending();
  if (!device_) return;
  if (auto kept = device_->keepalive(); !kept) log_.error("watchdog keepalive failed: {}", kept.error().text());
}

Task<void> LinuxWatchdog::disable() {
  if (!device_) co_return;
  auto device = std::exchange(device_, nullptr);
  auto work = [device, magic = support_.magic_close]() -> Result<void> {
    if (!magic) (void)device->keepalive();  // as much time as can be had
    return device->close(magic);
  };
  auto closed = co_await pool_.run("closing watchdog " + applied_.path, work, clock_.now() + kLimit);
  if (!support_.magic_close)
    log_.warning("Watchdog implementation can't be disabled. Host will be reset when its timeout passes");
  else if (!closed)
    log_.error("cannot disable the watchdog: {}", closed.error().text());
}

bool LinuxWatchdog::healthy() const {
  if (!required()) return true;
  if (failed_ || wanted_.timeout < wanted_.loop_wait) return false;
  return device_ != nullptr || make_(wanted_.driver)->writable(wanted_.path);
}

}  // namespace tamada
