#include "sim/daemon_ports.h"

#include <algorithm>

namespace tamada::sim {

// Written aside, flushed, renamed: before the rename the old content is there, after it the new one.
Task<void> SimLocalState::write(std::function<void()> rename) {
  co_await process_.point("local.save", CallPhase::Before);
  co_await process_.sleep_for(postgres_.takes(200us, 30ms));
  rename();
  co_await process_.point("local.save", CallPhase::Between);
}

Task<Result<std::optional<AdoptionRecord>>> SimLocalState::load_adoption() {
  co_await process_.point("local.load", CallPhase::Before);
  co_return disk_.adoption;
}

Task<Result<void>> SimLocalState::save_adoption(std::optional<AdoptionRecord> record) {
  co_await write([this, &record] { disk_.adoption = std::move(record); });
  co_return Result<void>();
}

Task<Result<std::optional<PromotionNote>>> SimLocalState::load_promotion_note() {
  co_await process_.point("local.load", CallPhase::Before);
  co_return disk_.promotion;
}

Task<Result<void>> SimLocalState::save_promotion_note(std::optional<PromotionNote> note) {
  co_await write([this, &note] { disk_.promotion = note; });
  co_return Result<void>();
}

Task<Result<std::optional<WorkNote>>> SimLocalState::load_work_note() {
  co_await process_.point("local.load", CallPhase::Before);
  co_return disk_.work;
}

Task<Result<void>> SimLocalState::save_work_note(std::optional<WorkNote> note) {
  co_await write([this, &note] { disk_.work = note; });
  co_return Result<void>();
}

Task<Result<std::optional<json::object>>> SimLocalState::load_dynamic_cache() {
  co_await process_.point("local.load", CallPhase::Before);
  co_return postgres_.directory().dynamic_cache;
}

Task<Result<void>> SimLocalState::save_dynamic_cache(json::object document) {
  co_await write([this, &document] {
    if (postgres_.directory().has_control) postgres_.directory().dynamic_cache = std::move(document);
  });
  co_return Result<void>();
}

std::string SimLocalState::boot_id() const {
  return process_.host().name + "-boot-" + std::to_string(process_.host().boot);
}

namespace {

std::optional<std::int64_t> number_of(const json::object& document, std::string_view name) {
  const json::value* v = document.if_contains(name);
  if (v == nullptr) return std::nullopt;
  if (v->is_int64()) return v->get_int64();
  if (v->is_uint64()) return static_cast<std::int64_t>(v->get_uint64());
  return std::nullopt;
}

void take_seconds(const json::object& document, std::string_view name, std::int64_t least, std::chrono::seconds& into) {
  if (auto n = number_of(document, name); n && *n >= least) into = std::chrono::seconds(*n);
}

void take_flag(const json::object& document, std::string_view name, bool& into) {
  const json::value* v = document.if_contains(name);
  if (v != nullptr && v->is_bool()) into = v->get_bool();
}

}  // namespace

DynamicSettings dynamic_settings_from(const json::object& document) {
  DynamicSettings d;
  take_seconds(document, "ttl", 3, d.ttl);
  take_seconds(document, "loop_wait", 1, d.loop_wait);
  take_seconds(document, "retry_timeout", 1, d.retry_timeout);
  take_seconds(document, "primary_start_timeout", 0, d.primary_start_timeout);
  take_seconds(document, "primary_stop_timeout", 0, d.primary_stop_timeout);
  if (auto n = number_of(document, "maximum_lag_on_failover")) d.maximum_lag_on_failover = static_cast<std::uint64_t>(*n);
  take_flag(document, "check_timeline", d.check_timeline);
  take_flag(document, "failsafe_mode", d.failsafe_mode);
  take_flag(document, "pause", d.pause);
  take_flag(document, "synchronous_mode_strict", d.synchronous_mode_strict);
  if (const json::value* v = document.if_contains("synchronous_mode")) {
    if (v->is_bool() && v->get_bool()) d.synchronous_mode = SynchronousMode::On;
    if (v->is_string() && v->get_string() == "quorum") d.synchronous_mode = SynchronousMode::Quorum;
  }
  if (auto n = number_of(document, "synchronous_node_count"); n && *n > 0) d.synchronous_node_count = static_cast<int>(*n);
  // configuration.md, C3: loop_wait + 2 * retry_timeout <= ttl.
  if (d.loop_wait + 2 * d.retry_timeout > d.ttl) {
    d.retry_timeout = std::max(std::chrono::seconds(1), std::min(d.retry_timeout, (d.ttl - std::chrono::seconds(1)) / 2));
    d.loop_wait = std::max(std::chrono::seconds(1), d.ttl - 2 * d.retry_timeout);
  }
  return d;
}

Result<std::shared_ptr<const Settings>> SimSettingsSource::apply_dynamic(const json::object& document) {
  auto next = std::make_shared<Settings>(*local_);
  next->dynamic = dynamic_settings_from(document);
  next->dynamic_document = document;
  current_ = std::move(next);
  return current_;
}

void SimWatchdog::update_settings(const WatchdogSettings& settings, std::chrono::seconds ttl, std::chrono::seconds loop_wait) {
  settings_ = settings;
  const auto margin = settings.safety_margin < 0 ? ttl / 2 : std::chrono::seconds(std::min<std::int64_t>(settings.safety_margin, ttl.count() / 2));
  timeout_ = ttl - margin;
  fits_ = timeout_ >= Duration(loop_wait);
}

bool SimWatchdog::healthy() const {
  return settings_.mode != WatchdogSettings::Mode::Required || (device_.present && fits_);
}

Task<Result<bool>> SimWatchdog::activate() {
  co_await process_.point("watchdog.activate", CallPhase::Before);
  const bool usable = settings_.mode != WatchdogSettings::Mode::Off && device_.present && fits_;
  if (usable) {
    device_.armed = true;
    active_ = true;
    feed();
  }
  co_await process_.point("watchdog.activate", CallPhase::Between);
  if (!usable && settings_.mode == WatchdogSettings::Mode::Required) co_return Error(ErrorCode::Io, "the watchdog device cannot be used");
  co_return usable;
}

void SimWatchdog::keepalive() {
  if (active_ && device_.armed && !process_.doomed()) feed();
}

void SimWatchdog::feed() {
  device_.deadline = process_.world().now() + timeout_;
  const std::uint64_t generation = ++device_.generation;
  // A hardware timer: it runs whatever the processes do.
  process_.world().at(device_.deadline, -1, [&device = device_, generation] {
    if (!device.armed || device.generation != generation) return;
    device.armed = false;
    if (device.reset) device.reset();
  });
}

Task<void> SimWatchdog::disable() {
  co_await process_.point("watchdog.disable", CallPhase::Before);
  if (active_) device_.armed = false;
  active_ = false;
  co_await process_.point("watchdog.disable", CallPhase::Between);
}

}  // namespace tamada::sim
