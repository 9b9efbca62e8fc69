// Holds the leader lock: acquires, renews on a timer of its own, gives back (design.md 4, safety.md 1).
//
// Renewal goes on only while the last verdict of the brain says so and that verdict is young; so neither a stuck
// procedure nor a stuck loop can keep the lock for ever. Validity is what the store's confirmed answers prove, nothing
// else. One store call at a time. Engine thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/async.h"
#include "base/log.h"
#include "core/observation.h"
#include "core/timing.h"
#include "ports/clock.h"
#include "ports/local_state.h"
#include "ports/store.h"
#include "ports/watchdog.h"
#include "procedures/lock_gate.h"

namespace tamada {

class LockKeeper final : public LockGate {
 public:
  struct Ports {
    Clock& clock;
    Store& store;
    LocalState& local;
    Watchdog& watchdog;
  };
  // `on_change`: the lock was won, lost, or its state became unknown. `status`: what to publish with the next renewal.
  LockKeeper(Executor executor, Ports ports, Logger log, std::function<void()> on_change,
             std::function<std::optional<StatusDocument>()> status);

  void start();
  Task<void> stop();
  void update_settings(const DynamicSettings& settings) { settings_ = settings; }

  // What the renewal timer obeys until `expires`.
  void set_verdict(bool hold, Instant expires);

  LockStatus status() const;
  // When demotion must have begun, if PostgreSQL may be writable; kLongAgo = there is no validity that ends.
  Instant fence_at() const;
  // The lock was proven gone inside its validity: others may lead already (safety.md 1.5).
  bool lost_early() const { return fence_override_ != kNever; }
  // End of the last proven validity, also after the lock was lost or its release had no answer.
  Instant last_valid_until() const { return last_valid_until_; }

  Task<WriteKind> acquire(AcquireRequest request, Instant deadline);
  // After a restart: proves that the recorded lock is still ours (safety.md 2.4).
  Task<bool> adopt(AdoptionRecord record, Instant deadline);
  // A recorded validity that nothing has confirmed yet bounds a running primary all the same.
  void assume_validity(Instant valid_until);
  // A fresh view settles what an unanswered call left open.
  void settle(const ClusterView& view, const std::string& my_name);
  // Nothing writable is left: what is lost need not be fenced again.
  void fenced();
  // The watchdog may have been disarmed: then a lost lock goes off the record.
  void look_at_watchdog();

  // Failsafe mode (engine/failsafe.h, safety.md 6.3). A renewal is due that nobody has answered.
  bool unconfirmed() const;
  // Answers of the store that proved the lock, so far. A consent counts only for as long as none came since it was
  // asked for: then the members may be free of their promises.
  std::uint64_t confirmations() const { return confirmations_; }
  // Every member promised not to race; `asked_at`: before the first was asked. False when it comes too late.
  bool consented(Instant asked_at, std::uint64_t confirmations);
  // The members may be told that they are free.
  void consent_over();
  // Nothing is taken while it says so (a promise of this member), and nothing is promised while something is taken.
  void forbid_taking(std::function<bool(bool bootstrap)> forbidden) { forbidden_ = std::move(forbidden); }
  // How a lock that vanished is taken again: nullopt when somebody else has promoted himself since.
  using Retake = std::function<std::optional<AcquireRequest>(const LockGeneration& vanished)>;
  void retake_by(Retake retake) { retake_ = std::move(retake); }
  bool taking() const { return taking_ > 0 || unknown_; }

  std::optional<LockProof> proof() const override;
  Task<bool> confirm(Duration needed, Instant deadline) override;
  Task<Result<void>> take(Instant deadline) override;
  Task<WriteKind> release(std::optional<StatusDocument> final_status, Instant deadline) override;

 private:
  class Turn;  // one store call at a time

  Task<void> keep();
  // A renewal that failed, or that has taken long by now; told once.
  void unanswered(const std::string& why);
  Task<WriteKind> renew_once(Instant deadline);
  Task<void> reacquire_once(LockGeneration lost);
  Task<WriteKind> retake_once(Instant deadline);
  bool has_consent() const;
  bool vanished(const std::string& found);
  void hold(LockProof proof);
  void lose(const std::string& found);
  void no_answer_to_release();
  void bound_validity(Duration granted);
  void record();
  Task<void> save_record();
  AdoptionRecord record_of(const LockProof& proof) const;
  Task<std::chrono::seconds> ttl_to_ask_for(Instant deadline);
  Instant next_renewal() const;

  Executor executor_;
  Ports ports_;
  Logger log_;
  std::function<void()> on_change_;
  std::function<std::optional<StatusDocument>()> status_source_;
  DynamicSettings settings_;
  TaskScope tasks_;
  AsyncEvent wake_;
  WaitList turn_waiters_;
  bool turn_taken_ = false;

  std::optional<LockProof> proof_;
  // What is on record of a lock that was lost while its watchdog is armed: only a run that knows of it disarms it.
  std::optional<AdoptionRecord> lost_record_;
  std::string store_id_;
  bool lost_ = false;
  bool unknown_ = false;
  bool hold_ = false;
  bool releasing_ = false;
  bool saving_ = false;
  bool save_again_ = false;
  Instant verdict_expires_ = kLongAgo;
  Instant last_sent_ = kLongAgo;
  Instant last_valid_until_ = kLongAgo;
  Instant fence_override_ = kNever;
  Instant record_cap_ = kNever;  // a smaller ttl was asked for: no later validity is put on record
  int failures_ = 0;

  std::function<bool(bool)> forbidden_ = [](bool) { return false; };
  Retake retake_ = [](const LockGeneration&) { return std::optional<AcquireRequest>(AcquireRequest{}); };
  int taking_ = 0;
  std::uint64_t confirmations_ = 0;
  Instant stored_until_ = kLongAgo;   // what the store alone proves of proof_
  Instant consent_until_ = kLongAgo;  // what the members promised
  bool vanished_ = false;             // the key is gone from the store and the consent holds
};

}  // namespace tamada
