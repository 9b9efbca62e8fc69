// What the parts of the engine share. Owned by the engine, touched only on its thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "core/memory.h"
#include "core/plan.h"
#include "engine/engine.h"
#include "engine/failsafe_maps.h"
#include "engine/slot_report.h"
#include "engine/sync_report.h"

namespace tamada {

// Where the slots stand of a primary that goes on without the store, while it has our promise.
struct FailsafeSlots {
  SlotPositions positions;
  Instant until = kLongAgo;
};

struct EngineState {
  EnginePorts ports;
  Logger log;
  std::shared_ptr<const Settings> settings;
  Memory memory;
  PostgresStatus postgres;
  std::optional<PgState> shown;      // set by procedures, outranks what PostgreSQL itself shows
  PgState state = PgState::Unknown;  // the one published last
  PgState state_before = PgState::Unknown;
  Plan plan;
  Explanation explanation;
  std::string status;
  json::object pending_restart_reason;
  bool shutting_down = false;
  FailsafeMaps failsafe_maps;
  bool refuses_sync_duty = false;  // about to stop: our member key says nosync
  SyncReport sync;
  SlotReport slots;
  FailsafeSlots failsafe_slots;
  bool feedback = false;                             // hot_standby_feedback is forced (core/slots_plan.h)
  WallTime store_answered{};                         // the last write of ours that the store confirmed
  UnfinishedWork unfinished = UnfinishedWork::None;  // the data directory is not usable as it is (ports/local_state.h)

  bool paused() const { return settings->dynamic.pause; }
};

// PostgreSQL's state in the words of the member key, from what was seen and what was shown before.
PgState observed_state(const EngineState& state);
// The role as published; `leads`: the lock is held by proof.
Role observed_role(const EngineState& state, bool leads);
// May a commit be acknowledged by what runs in the data directory? Unknown counts as yes once this member has led.
bool may_be_writable(const EngineState& state, const RunningProcedure& procedure);

}  // namespace tamada
