// How outcomes change the memory. The engine calls apply_event for everything that ended or was asked; no other code
// writes the memory between two decisions.
#pragma once

#include <optional>
#include <string>

#include "core/memory.h"
#include "core/plan.h"

namespace tamada {

struct Event {
  enum class Kind {
    AcquireRefused,  // somebody else has the key
    LockReleased,    // by us; `voluntary` sets the 2 s hold-off
    PromotionAsked,  // from here on PostgreSQL may leave recovery at any moment
    Promoted,        // PostgreSQL left recovery
    PromoteFailed,   // with `detail`; pre_promote failures hold off for ttl
    Demoted,
    StartLaunched,   // postmaster launched; `as_primary`
    StartSucceeded,  // accepting connections
    StartFailed,
    CompareDone,  // `verdict`
    RewindDone,   // `ok`, `leader_went_away`
    CrashRecoveryDone,
    CloneDone,      // `ok`
    BootstrapDone,  // `ok`, `as_primary`
    RestartAsked,   // `timeout`
    PostgresStoppedByUs,
    DataDirRemoved,
    CheckpointDone,  // after promotion
    CallbackRan,
    SlotsLooked,  // there are slots to copy
  };
  Kind kind;
  bool ok = false;
  bool as_primary = false;
  bool voluntary = false;
  bool leader_went_away = false;
  bool pre_promote = false;
  bool ordered = false;          // StartLaunched, StartFailed: of a restart that an operator asked for
  std::optional<bool> diverged;  // CompareDone; nullopt = could not be told
  std::optional<std::chrono::seconds> timeout;
  std::string detail;
};

Memory apply_event(Memory memory, const Event& event, Instant now, const Settings& settings);

}  // namespace tamada
