// What the brain remembers between decisions. A value: decide() returns the next one, apply_event() (core/events.h)
// folds in what procedures and requests brought about. Nothing else changes it.
#pragma once

#include <map>
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
  Role role = Role::Unknown;  // as published
  RewindState rewind = RewindState::Initial;
  std::string rewind_because;  // the last comparison's sentence
  // Last comparison that could not tell; a new one is made no sooner than loop_wait later.
  std::optional<Instant> inconclusive_at;
  // PostgreSQL was asked to leave recovery and has neither done so nor been stopped since: it may at any moment.
  bool promotion_asked = false;
  bool crash_recovery_tried = false;  // since the last good start
  bool was_paused = false;
  std::optional<bool> was_standby_cluster;      // nullopt before the first fresh view
  bool stopped_for_us = false;                  // a procedure stopped PostgreSQL and it has to come back, also in pause
  bool last_start_failed = false;               // cleared by a good start
  bool postgres_was_running = true;             // at the last look; true before the first
  std::optional<std::string> bootstrap_failed;  // the error; the daemon ends
  std::optional<Instant> lost_race_at;          // refused acquire; until the next leader is seen, at most a second
  std::optional<Instant> asked_for_lock_at;     // our last AcquireLock
  std::optional<Instant> lock_lost_at;          // the lock was proven gone inside its validity (safety.md 1.5)
  bool reacquire_tried = false;                 // since then
  std::optional<Instant> lock_idle_since;       // held by a standby that is not being promoted
  std::optional<Instant> followed_at;           // last Follow; the next no sooner than two seconds later
  bool role_callback_ran = false;               // this process has run a start, stop or role callback
  bool checkpoint_done = false;                 // since promotion
  std::optional<Instant> primary_failed_at;     // first failure, for primary_start_timeout (safety.md 5.2)
  std::optional<Instant> starting_since;
  std::optional<std::chrono::seconds> start_timeout;  // of the restart request under way
  std::optional<Instant> writable_since;
  std::optional<Instant> no_stream_since;  // a standby follows a leader and receives nothing
  std::optional<Instant> serving_since;    // queries are answered, as primary or standby
  HoldOff no_race;
  HoldOff no_restart;  // restart back-off 0, 1, 2, 5 s
  int restart_failures = 0;
  // Members and leader of the last view that had a leader (ha_behaviour.md 1.2 step 1).
  std::vector<Member> last_healthy_members;
  std::string last_healthy_leader;
  Timeline leader_timeline;
  std::string trusted_system_identifier;  // of our data directory, re-read after pause
  std::optional<std::string> store_id;    // of the view we trust (safety.md 1.8)
  std::int64_t store_revision = 0;        // newest seen; a lower one means a restored store
  bool saw_cluster = false;               // the store held a valid system identifier
  bool store_went_back = false;  // wiped or restored store: nobody is promoted until a primary has published again
  std::int64_t went_back_revision = 0;    // of the first view of the store as it is now
  Instant old_locks_end = kLongAgo;       // when every lock that the store forgot is over
  std::vector<Member> went_back_members;  // of the last leader's view before that
  bool saw_fresh_view = false;            // this process has had one
  bool was_blind = true;                  // the view before the present fresh one was not: others may have led
  LockGeneration last_generation;         // of the leader key, and the version of its last sign of life
  std::int64_t last_status_revision = 0;
  std::int64_t last_leader_revision = 0;
  std::optional<Instant> leader_active_at;  // when that sign arrived: its lock was good for ttl from about then
  std::optional<Instant> unlocked_since;    // first view without a leader since the last with one
  std::optional<Instant> lock_vanished_at;  // the same, when this process saw that leader
  std::optional<Instant> former_leader_valid_until;  // its last possible validity, when the key vanished early
  std::map<std::string, Instant>
      slots_seen;          // member slots, and when their member was last registered (core/slots_plan.h)
  bool led_slots = false;  // at the last look at them
};

}  // namespace tamada
