// The small ports of one simulated daemon: state on its host's disk, settings, callbacks, the watchdog device.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "ports/local_state.h"
#include "ports/settings_source.h"
#include "ports/watchdog.h"
#include "sim/clock.h"
#include "sim/postgres.h"

namespace tamada::sim {

// What survives daemons and losses of power.
struct SimDisk {
  std::optional<AdoptionRecord> adoption;
  std::optional<PromotionNote> promotion;
  std::optional<WorkNote> work;
  std::optional<PromiseRecord> promise;
  std::optional<SoundSlots> sound_slots;
  std::optional<StoreMark> store_mark;
  std::optional<ScheduledRestart> scheduled_restart;
};

class SimLocalState final : public LocalState {
 public:
  SimLocalState(SimProcess& process, SimDisk& disk, SimPostgres& postgres)
      : process_(process), disk_(disk), postgres_(postgres) {}
  Task<Result<std::optional<AdoptionRecord>>> load_adoption() override;
  Task<Result<void>> save_adoption(std::optional<AdoptionRecord> record) override;
  Task<Result<std::optional<PromotionNote>>> load_promotion_note() override;
  Task<Result<void>> save_promotion_note(std::optional<PromotionNote> note) override;
  Task<Result<std::optional<WorkNote>>> load_work_note() override;
  Task<Result<void>> save_work_note(std::optional<WorkNote> note) override;
  Task<Result<std::optional<PromiseRecord>>> load_promise() override;
  Task<Result<void>> save_promise(PromiseRecord record) override;
  Task<Result<std::optional<SoundSlots>>> load_sound_slots() override;
  Task<Result<void>> save_sound_slots(SoundSlots slots) override;
  Task<Result<std::optional<StoreMark>>> load_store_mark() override;
  Task<Result<void>> save_store_mark(StoreMark mark) override;
  Task<Result<std::optional<ScheduledRestart>>> load_scheduled_restart() override;
  Task<Result<void>> save_scheduled_restart(std::optional<ScheduledRestart> restart) override;
  Task<Result<std::optional<json::object>>> load_dynamic_cache() override;
  Task<Result<void>> save_dynamic_cache(json::object document) override;
  std::string boot_id() const override;

 private:
  Task<void> write(std::function<void()> rename);
  SimProcess& process_;
  SimDisk& disk_;
  SimPostgres& postgres_;
};

// The local settings of one member, with the dynamic document over them, built as the daemon builds them.
class SimSettingsSource final : public SettingsSource {
 public:
  explicit SimSettingsSource(json::object local);
  std::shared_ptr<const Settings> current() const override { return current_; }
  Task<Result<std::shared_ptr<const Settings>>> reload_local() override { co_return current_; }
  Result<std::shared_ptr<const Settings>> apply_dynamic(const json::object& document) override;
  SettingsInputs inputs() const override;
  void set_peer_minima(bool hold) override { peer_minima_ = hold; }

 private:
  BuildInput input_of(const json::object& dynamic) const;
  json::object local_;
  json::object dynamic_;
  bool peer_minima_ = false;
  std::shared_ptr<const Settings> current_;
};

class SimCallbacks final : public Callbacks {
 public:
  void update_settings(const Settings&) override {}
  void call(Event, Role) override { ++calls_; }
  int calls() const { return calls_; }

 private:
  int calls_ = 0;
};

// A watchdog device of a host: resets it when nobody keeps it alive in time.
struct WatchdogDevice {
  bool present = false;
  bool armed = false;
  SimTime deadline{0};
  std::uint64_t generation = 0;
  std::function<void()> reset;
};

class SimWatchdog final : public Watchdog {
 public:
  SimWatchdog(SimProcess& process, WatchdogDevice& device) : process_(process), device_(device) {}
  void update_settings(const WatchdogSettings& settings, std::chrono::seconds ttl,
                       std::chrono::seconds loop_wait) override;
  Task<Result<bool>> activate() override;
  void keepalive() override;
  Task<void> disable() override;
  bool running() const override { return active_ && device_.armed; }
  bool healthy() const override;

 private:
  void feed();
  SimProcess& process_;
  WatchdogDevice& device_;
  WatchdogSettings settings_;
  Duration timeout_{25s};
  bool fits_ = true;
  bool active_ = false;
};

}  // namespace tamada::sim
