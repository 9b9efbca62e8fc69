// What the brain remembers between decisions. A value: decide() returns the next one, apply_event() (core/events.h) folds
// in what procedures and requests brought about. Nothing else changes it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "core/observation.h"
#include "model/roles.h"

namespace tamada {

// pg_rewind bookkeeping (ha_behaviour.md 4.2).
enum class RewindState { Initial, Checkpoint, Check, Need, NotNeed, Success, Failed };

// A pause of racing that has an end (safety.md 5.1).
struct HoldOff {
  Instant until = kLongAgo;
  std::string why;
};

struct Memory {
  Role role = Role::Unknown;         // as published
  RewindState rewind = RewindState::Initial;
  std::string rewind_because;        // the last comparison's sentence
  bool recovering = false;           // a start after a failure is under way
  bool crash_recovery_tried = false; // since the last good start
  bool bootstrapping = false;
  bool was_paused = false;
  bool lost_race = false;            // set by a refused acquire until the next leader is seen
  bool role_callback_ran = false;    // this process has run a start, stop or role callback
  bool checkpoint_done = false;      // since promotion
  std::optional<Instant> primary_failed_at;   // first failure, for primary_start_timeout (safety.md 5.2)
  std::optional<Instant> starting_since;
  std::optional<std::chrono::seconds> start_timeout;  // of the restart request under way
  std::optional<Instant> writable_since;
  HoldOff no_race;
  HoldOff no_restart;                // restart back-off 0, 1, 2, 5 s
  int restart_failures = 0;
  // Members and leader of the last view that had a leader (ha_behaviour.md 1.2 step 1).
  std::vector<Member> last_healthy_members;
  std::string last_healthy_leader;
  Timeline leader_timeline;
  std::string trusted_system_identifier;  // of our data directory, re-read after pause
  std::optional<std::string> store_id;    // of the view we trust (safety.md 1.8)
  bool store_went_back = false;      // wiped or restored store: nobody is promoted until a primary has published again
  std::optional<Instant> lock_vanished_at;  // first view without a leader after one with
  std::optional<Instant> former_leader_valid_until;  // its last possible validity, when the key vanished early
};

}  // namespace tamada
