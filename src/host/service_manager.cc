#include "host/service_manager.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "host/sd_notify.h"

namespace tamada {

namespace {

constexpr Duration kStatusEvery = 1s;
// sd_watchdog_enabled(3) recommends half of the time; a third leaves room for one that is late.
constexpr int kPingsPerInterval = 3;

std::optional<long long> number_of(const char* name) {
  const char* text = ::getenv(name);
  if (text == nullptr) return std::nullopt;
  long long number = 0;
  const char* end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, number);
  if (error != std::errc() || stopped != end || number <= 0) return std::nullopt;
  return number;
}

}  // namespace

std::optional<Duration> service_watchdog_interval() {
  const auto microseconds = number_of("WATCHDOG_USEC");
  if (!microseconds) return std::nullopt;
  if (::getenv("WATCHDOG_PID") != nullptr && number_of("WATCHDOG_PID") != ::getpid()) return std::nullopt;
  return std::chrono::microseconds(*microseconds);
}

ServiceManager::ServiceManager(Clock& clock, std::function<std::string()> status)
    : clock_(clock), status_(std::move(status)) {}

void ServiceManager::ready() {
  if (phase_ != Phase::Starting) return;
  phase_ = Phase::Ready;
  sd_notify("READY=1");
}

void ServiceManager::reloading() {
  if (phase_ == Phase::Ready) sd_notify_reloading();
}

void ServiceManager::reloaded() {
  if (phase_ == Phase::Ready) sd_notify("READY=1");
}

void ServiceManager::stopping() {
  if (phase_ == Phase::Stopping) return;
  phase_ = Phase::Stopping;
  sd_notify("STOPPING=1\nSTATUS=stopping");
}

void ServiceManager::tell_status() {
  if (phase_ == Phase::Stopping) return;
  std::string text = status_();
  // A line feed would begin another assignment.
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  if (text.empty()) return;
  ready();
  if (text == told_) return;
  told_ = text;
  sd_notify("STATUS=" + text);
}

Task<void> ServiceManager::keep_telling() {
  if (!sd_notify_wanted()) co_return;
  const auto watchdog = service_watchdog_interval();
  const Duration every = watchdog ? std::min(kStatusEvery, *watchdog / kPingsPerInterval) : kStatusEvery;
  while (true) {
    tell_status();
    if (watchdog) sd_notify("WATCHDOG=1");
    co_await clock_.sleep_for(every);
  }
}

}  // namespace tamada
