// Small documents that must survive a crash of the daemon, in the member's run directory (safety.md 2.3, 2.4). Every
// save is written to a temporary file, flushed and renamed; it returns only when that is durable.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/task.h"
#include "model/failsafe_question.h"
#include "model/lsn.h"
#include "model/restart_request.h"
#include "ports/store.h"

namespace tamada {

// "Promoting from timeline n at LSN x", written before the deed; or, by who follows another, where the WAL of his
// timeline comes from.
struct PromotionNote {
  Timeline from_timeline;  // 0 = another member's promotion
  Lsn at;
  Timeline to_timeline;  // what this promotion creates, as far as known; 0 = unknown
  std::string origin;    // of to_timeline: no other promotion has this text
  bool own() const { return from_timeline.known(); }
};

// A step that leaves the data directory unusable until it has ended (S8). Saved before it begins, cleared after it
// ended; found at a start it says that the step was interrupted.
struct WorkNote {
  enum class Kind {
    Bootstrap,  // the race for /initialize was entered; what the directory holds is no cluster yet
    Clone,      // the directory is being removed and filled again
    Fill,       // an empty one is being filled from a backup, no member was copied
    Rewind,     // pg_rewind is changing files; PostgreSQL must not be started before a rewind or a clone succeeded
  };
  Kind kind = Kind::Clone;
};

// That this member does not race until then (safety.md 6.3). Saved before it is given; one of another boot begins anew.
struct PromiseRecord {
  std::string boot_id;
  FailsafeQuestion to;  // whose question was answered; no name = nobody's: what was promised before is not known
  Duration length{0};
  Instant until = kLongAgo;  // by the boot clock; kLongAgo = every promise is over
};

// The logical slots here that hold every change since what their consumers have confirmed, as far as is proven; all
// others may miss some (core/slots_plan.h). Counted under the leader of that text.
struct SoundSlots {
  std::string leader;
  std::vector<std::string> names;  // sorted
  bool operator==(const SoundSlots&) const = default;
};

// The store that this member's cluster was last seen in (safety.md 1.8).
struct StoreMark {
  std::string store_id;
  std::int64_t revision = 0;      // the newest of its versions then
  std::string system_identifier;  // of the data directory whose cluster it was
  bool operator==(const StoreMark&) const = default;
};

class LocalState {
 public:
  virtual ~LocalState() = default;
  virtual Task<Result<std::optional<AdoptionRecord>>> load_adoption() = 0;
  virtual Task<Result<void>> save_adoption(std::optional<AdoptionRecord> record) = 0;
  virtual Task<Result<std::optional<PromotionNote>>> load_promotion_note() = 0;
  virtual Task<Result<void>> save_promotion_note(std::optional<PromotionNote> note) = 0;
  virtual Task<Result<std::optional<WorkNote>>> load_work_note() = 0;
  virtual Task<Result<void>> save_work_note(std::optional<WorkNote> note) = 0;
  virtual Task<Result<std::optional<PromiseRecord>>> load_promise() = 0;
  virtual Task<Result<void>> save_promise(PromiseRecord record) = 0;
  virtual Task<Result<std::optional<SoundSlots>>> load_sound_slots() = 0;
  virtual Task<Result<void>> save_sound_slots(SoundSlots slots) = 0;
  virtual Task<Result<std::optional<StoreMark>>> load_store_mark() = 0;
  virtual Task<Result<void>> save_store_mark(StoreMark mark) = 0;
  // What an operator was told that would be done at its time; nullopt takes it off the record.
  virtual Task<Result<std::optional<ScheduledRestart>>> load_scheduled_restart() = 0;
  virtual Task<Result<void>> save_scheduled_restart(std::optional<ScheduledRestart> restart) = 0;
  // patroni.dynamic.json in the data directory (configuration.md 1.5).
  virtual Task<Result<std::optional<json::object>>> load_dynamic_cache() = 0;
  virtual Task<Result<void>> save_dynamic_cache(json::object document) = 0;
  // Identity of this boot of the machine; a lock of another boot is never ours.
  virtual std::string boot_id() const = 0;
};

}  // namespace tamada
