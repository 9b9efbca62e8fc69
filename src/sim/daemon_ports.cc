#include "sim/daemon_ports.h"

#include <algorithm>

#include "model/settings_build.h"

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

Task<Result<std::optional<PromiseRecord>>> SimLocalState::load_promise() {
  co_await process_.point("local.load", CallPhase::Before);
  co_return disk_.promise;
}

Task<Result<void>> SimLocalState::save_promise(PromiseRecord record) {
  co_await write([this, &record] { disk_.promise = record; });
  co_return Result<void>();
}

Task<Result<std::optional<SoundSlots>>> SimLocalState::load_sound_slots() {
  co_await process_.point("local.load", CallPhase::Before);
  co_return disk_.sound_slots;
}

Task<Result<void>> SimLocalState::save_sound_slots(SoundSlots slots) {
  co_await write([this, &slots] { disk_.sound_slots = slots; });
  co_return Result<void>();
}

Task<Result<std::optional<StoreMark>>> SimLocalState::load_store_mark() {
  co_await process_.point("local.load", CallPhase::Before);
  co_return disk_.store_mark;
}

Task<Result<void>> SimLocalState::save_store_mark(StoreMark mark) {
  co_await write([this, &mark] { disk_.store_mark = mark; });
  co_return Result<void>();
}

Task<Result<std::optional<ScheduledRestart>>> SimLocalState::load_scheduled_restart() {
  co_await process_.point("local.load", CallPhase::Before);
  co_return disk_.scheduled_restart;
}

Task<Result<void>> SimLocalState::save_scheduled_restart(std::optional<ScheduledRestart> restart) {
  co_await write([this, &restart] { disk_.scheduled_restart = std::move(restart); });
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

SimSettingsSource::SimSettingsSource(json::object local) : local_(std::move(local)) {
  const json::value* bootstrap = local_.if_contains("bootstrap");
  const json::value* dcs =
      bootstrap != nullptr && bootstrap->is_object() ? bootstrap->get_object().if_contains("dcs") : nullptr;
  auto built = apply_dynamic(dcs != nullptr && dcs->is_object() ? dcs->get_object() : json::object());
  INVARIANT(built.has_value());
}

BuildInput SimSettingsSource::input_of(const json::object& dynamic) const {
  BuildInput input;
  input.local = local_;
  input.dynamic = dynamic;
  input.peer_minima = peer_minima_;
  input.previous = current_.get();
  return input;
}

SettingsInputs SimSettingsSource::inputs() const {
  return {input_of(dynamic_), {}};
}

Result<std::shared_ptr<const Settings>> SimSettingsSource::apply_dynamic(const json::object& document) {
  auto built = build_settings(input_of(document));
  if (!built) return built.error();
  dynamic_ = document;
  current_ = std::make_shared<const Settings>(std::move(built->settings));
  return current_;
}

void SimWatchdog::update_settings(const WatchdogSettings& settings, std::chrono::seconds ttl,
                                  std::chrono::seconds loop_wait) {
  settings_ = settings;
  const auto margin = settings.safety_margin < 0
                          ? ttl / 2
                          : std::chrono::seconds(std::min<std::int64_t>(settings.safety_margin, ttl.count() / 2));
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
  if (!usable && settings_.mode == WatchdogSettings::Mode::Required)
    co_return Error(ErrorCode::Io, "the watchdog device cannot be used");
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
