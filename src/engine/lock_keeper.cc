#include "engine/lock_keeper.h"

#include <algorithm>

#include "ports/deadline.h"

namespace tamada {

namespace {

constexpr Duration kRetryGap = 100ms;        // safety.md 1.1
constexpr Duration kEarlyLossGrace = 300ms;  // safety.md 1.5
constexpr Duration kRenewTry = 3s;  // then it is told, and failsafe begins, though the answer is still waited for
constexpr Duration kRecordPatience = 300ms;
constexpr Duration kRetakeGap = 1s;  // a key of our name that an unanswered attempt made has to expire first

// The task; `cancelled` runs when it was cancelled before its answer. The store may carry out the call all the same.
template <class T>
Task<T> or_if_cancelled(Task<T> task, std::function<void()> cancelled) {
  try {
    co_return co_await std::move(task);
  } catch (...) {
    cancelled();
    throw;
  }
}

// Counts who is about to take the lock, also across cancellations.
class Taking {
 public:
  explicit Taking(int& count) : count_(count) { ++count_; }
  Taking(const Taking&) = delete;
  Taking& operator=(const Taking&) = delete;
  ~Taking() { --count_; }

 private:
  int& count_;
};

}  // namespace

class LockKeeper::Turn {
 public:
  explicit Turn(LockKeeper& keeper) : keeper_(&keeper) { keeper.turn_taken_ = true; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    keeper_->turn_taken_ = false;
    keeper_->turn_waiters_.resume_all();
  }
  static Task<void> free(LockKeeper& keeper) {
    while (keeper.turn_taken_) co_await keeper.turn_waiters_.wait();
  }

 private:
  LockKeeper* keeper_;
};

LockKeeper::LockKeeper(Executor executor, Ports ports, Logger log, std::function<void()> on_change,
                       std::function<std::optional<StatusDocument>()> status)
    : executor_(executor),
      ports_(ports),
      log_(std::move(log)),
      on_change_(std::move(on_change)),
      status_source_(std::move(status)),
      tasks_(executor),
      wake_(executor),
      turn_waiters_(executor) {}

void LockKeeper::start() {
  tasks_.spawn(keep());
}
Task<void> LockKeeper::stop() {
  co_await tasks_.stop();
}

void LockKeeper::set_verdict(bool hold, Instant expires) {
  // One that had expired has stopped the renewals as well.
  const bool changed = hold != hold_ || ports_.clock.now() >= verdict_expires_;
  hold_ = hold;
  verdict_expires_ = expires;
  if (changed) wake_.set();
}

LockStatus LockKeeper::status() const {
  LockStatus s;
  if (proof_ && ports_.clock.now() < proof_->valid_until) s.held = proof_->generation;
  s.valid_until = proof_ ? proof_->valid_until : last_valid_until_;
  s.lost = lost_;
  s.unknown = unknown_;
  s.consented = has_consent();
  return s;
}

bool LockKeeper::has_consent() const {
  return proof_ && !releasing_ && ports_.clock.now() < consent_until_;
}

bool LockKeeper::unconfirmed() const {
  return proof() && hold_ && failures_ > 0 && ports_.clock.now() < verdict_expires_;
}

bool LockKeeper::consented(Instant asked_at, std::uint64_t confirmations) {
  const Instant now = ports_.clock.now();
  if (!unconfirmed() || confirmations != confirmations_ || now >= fence_at()) return false;
  consent_until_ = asked_at + std::min<Duration>(settings_.ttl, proof_->granted_ttl);
  proof_->valid_until = std::max(proof_->valid_until, consent_until_);
  last_valid_until_ = proof_->valid_until;
  ports_.watchdog.keepalive();
  record();
  on_change_();
  return true;
}

void LockKeeper::consent_over() {
  if (consent_until_ == kLongAgo) return;
  consent_until_ = kLongAgo;
  if (!proof_) return;
  proof_->valid_until = std::min(proof_->valid_until, stored_until_);
  last_valid_until_ = proof_->valid_until;
  record();
}

Instant LockKeeper::fence_at() const {
  const Instant valid_until = proof_ ? proof_->valid_until : last_valid_until_;
  if (fence_override_ != kNever) return std::min(fence_override_, valid_until);
  if (valid_until == kLongAgo) return kLongAgo;
  return valid_until - compute_timing(settings_).stop_margin;
}

std::optional<LockProof> LockKeeper::proof() const {
  if (!proof_ || releasing_ || ports_.clock.now() >= proof_->valid_until) return std::nullopt;
  return proof_;
}

void LockKeeper::hold(LockProof proof) {
  const bool changed = !proof_ || proof_->generation != proof.generation || failures_ > 0;
  proof_ = std::move(proof);
  ++confirmations_;
  stored_until_ = proof_->valid_until;
  consent_until_ = kLongAgo;
  vanished_ = false;
  last_valid_until_ = proof_->valid_until;
  fence_override_ = kNever;
  record_cap_ = kNever;
  lost_ = false;
  unknown_ = false;
  failures_ = 0;
  // An answer that comes when demotion is due already must not put the watchdog off beyond the validity.
  if (ports_.clock.now() < fence_at()) ports_.watchdog.keepalive();
  lost_record_.reset();
  record();
  wake_.set();
  if (changed) on_change_();
}

void LockKeeper::lose(const std::string& found) {
  log_.warning("leader lock is gone{}{}", found.empty() ? "" : ": held by ", found);
  if (proof_) {
    lost_record_ = record_of(*proof_);
    lost_record_->valid_until = std::min(lost_record_->valid_until, ports_.clock.now());
  }
  proof_.reset();
  vanished_ = false;
  lost_ = true;
  fence_override_ = ports_.clock.now() + kEarlyLossGrace;
  record();
}

void LockKeeper::look_at_watchdog() {
  if (!lost_record_ || ports_.watchdog.running()) return;
  lost_record_.reset();
  record();
}

void LockKeeper::fenced() {
  fence_override_ = kNever;
  if (!proof_) last_valid_until_ = kLongAgo;
}

void LockKeeper::assume_validity(Instant valid_until) {
  last_valid_until_ = std::max(last_valid_until_, valid_until);
}

void LockKeeper::settle(const ClusterView& view, const std::string& my_name) {
  store_id_ = view.store_id;
  if (!unknown_ || turn_taken_) return;
  // A key that carries our name after an unanswered acquire is not ours by proof: it is left to expire, or adopted by
  // its own recorded generation. What the view shows as another's or absent is settled.
  if (!view.leader || view.leader->name() != my_name) unknown_ = false;
}

Instant LockKeeper::next_renewal() const {
  if (vanished_) return last_sent_ + kRetakeGap;
  if (failures_ > 0) return last_sent_ + kRetryGap;
  return last_sent_ + compute_timing(settings_).renew_interval;
}

Task<void> LockKeeper::keep() {
  for (;;) {
    wake_.reset();
    const Instant now = ports_.clock.now();
    const bool may = proof_ && hold_ && !releasing_ && now < verdict_expires_;
    if (!may) {
      co_await wake_.wait();
      continue;
    }
    if (now < next_renewal()) {
      co_await with_deadline(ports_.clock, next_renewal(), wake_.wait());
      continue;
    }
    const Instant soon = now + std::min<Duration>(kRenewTry, settings_.retry_timeout);
    // A store that needs seconds for each answer keeps the lock, as long as they come in time.
    const Instant late = std::max(soon, std::min<Instant>(now + settings_.retry_timeout, fence_at()));
    const WriteKind kind = co_await (vanished_ ? retake_once(soon) : renew_once(late));
    if (kind == WriteKind::Unknown) co_await ports_.clock.sleep_for(kRetryGap);
  }
}

Task<WriteKind> LockKeeper::renew_once(Instant deadline) {
  co_await Turn::free(*this);
  if (!proof_ || releasing_) co_return WriteKind::Refused;
  Turn turn(*this);
  const LockGeneration generation = proof_->generation;
  const Duration granted = proof_->granted_ttl;
  const std::chrono::seconds ttl = co_await ttl_to_ask_for(deadline);
  if (!proof_) co_return WriteKind::Refused;
  last_sent_ = ports_.clock.now();
  auto slow = ports_.clock.alarm(executor_, last_sent_ + kRenewTry, [this] { unanswered("no answer yet"); });
  auto renewed =
      co_await or_if_cancelled(ports_.store.renew(generation, {.ttl = ttl, .status = status_source_()}, deadline),
                               [this, granted] { bound_validity(granted); });
  slow.reset();
  switch (renewed.kind) {
    case WriteKind::Applied:
      hold(*renewed.value);
      break;
    case WriteKind::Refused:
      if (vanished(renewed.found)) break;
      lose(renewed.found);
      if (renewed.found.empty() && hold_) co_await reacquire_once(generation);
      on_change_();
      break;
    case WriteKind::Unknown:
      bound_validity(granted);
      unanswered(renewed.error.text());
      break;
  }
  co_return renewed.kind;
}

void LockKeeper::unanswered(const std::string& why) {
  if (++failures_ > 1) return;
  log_.warning("leader lock was not renewed: {}", why);
  on_change_();
}

// A smaller ttl is asked for once the record says so: a run that dies between the two must not leave a longer validity
// on record than the lock has (safety.md 1.2, 2.4).
Task<std::chrono::seconds> LockKeeper::ttl_to_ask_for(Instant deadline) {
  const std::chrono::seconds wanted = settings_.ttl;
  if (Duration(wanted) >= proof_->granted_ttl) co_return wanted;
  const Instant now = ports_.clock.now();
  record_cap_ = now + Duration(wanted);
  const Instant patience = std::min(deadline, now + kRecordPatience);
  auto saved = co_await with_deadline(ports_.clock, patience, ports_.local.save_adoption(record_of(*proof_)));
  if (saved && *saved) co_return wanted;
  log_.warning("ttl stays at {} s for now: the lock record was not saved", to_seconds(proof_->granted_ttl));
  co_return std::chrono::duration_cast<std::chrono::seconds>(proof_->granted_ttl);
}

// Everybody who could take the key has promised not to: that it is gone, or was made by an attempt of ours that had no
// answer, is no loss.
bool LockKeeper::vanished(const std::string& found) {
  if (!has_consent() || (!found.empty() && found != proof_->generation.holder)) return false;
  if (!vanished_) log_.warning("leader lock has expired while every member lets this primary go on; taking it again");
  vanished_ = true;
  failures_ = std::max(failures_, 1);
  on_change_();
  return true;
}

Task<WriteKind> LockKeeper::retake_once(Instant deadline) {
  const Taking taking(taking_);
  co_await Turn::free(*this);
  if (!proof_ || releasing_ || !vanished_) co_return WriteKind::Refused;
  Turn turn(*this);
  auto request = retake_(proof_->generation);
  if (!request || !has_consent() || forbidden_(false)) {
    lose("");
    on_change_();
    co_return WriteKind::Refused;
  }
  request->ttl = settings_.ttl;
  last_sent_ = ports_.clock.now();
  auto again =
      co_await or_if_cancelled(ports_.store.acquire_leader(std::move(*request), deadline), [this] { unknown_ = true; });
  ++failures_;
  if (again.applied()) {
    log_.info("leader lock was taken again");
    hold(*again.value);
  } else if (again.kind == WriteKind::Unknown) {
    unknown_ = true;
  } else if (!vanished(again.found)) {
    lose(again.found);
    on_change_();
  }
  co_return again.kind;
}

// safety.md 1.2
void LockKeeper::bound_validity(Duration granted) {
  if (!proof_ || Duration(settings_.ttl) >= granted) return;
  stored_until_ = std::min(stored_until_, last_sent_ + Duration(settings_.ttl));
  proof_->valid_until = std::min(proof_->valid_until, last_sent_ + Duration(settings_.ttl));
  last_valid_until_ = proof_->valid_until;
}

Task<void> LockKeeper::reacquire_once(LockGeneration lost) {
  auto request = retake_(lost);
  if (!request || forbidden_(false)) co_return;
  request->ttl = settings_.ttl;
  last_sent_ = ports_.clock.now();
  auto again = co_await or_if_cancelled(ports_.store.acquire_leader(std::move(*request), last_sent_ + kEarlyLossGrace),
                                        [this] { unknown_ = true; });
  if (again.applied()) {
    log_.warning("leader lock had vanished before its time and was taken again");
    hold(*again.value);
  } else if (again.kind == WriteKind::Unknown) {
    unknown_ = true;
  }
}

Task<WriteKind> LockKeeper::acquire(AcquireRequest request, Instant deadline) {
  const Taking taking(taking_);
  if (proof()) {
    // Whoever asks has seen the key gone: the store is asked again what the proof is worth.
    const WriteKind kind = co_await renew_once(deadline);
    if (proof()) co_return kind == WriteKind::Unknown ? kind : WriteKind::Applied;
  }
  co_await Turn::free(*this);
  Turn turn(*this);
  if (forbidden_(request.take)) {
    log_.info("leader lock is not taken: this member has promised not to");
    co_return WriteKind::Refused;
  }
  proof_.reset();  // one whose validity has ended proves nothing any more
  vanished_ = false;
  releasing_ = false;
  request.ttl = settings_.ttl;
  last_sent_ = ports_.clock.now();
  auto acquired =
      co_await or_if_cancelled(ports_.store.acquire_leader(std::move(request), deadline), [this] { unknown_ = true; });
  if (acquired.applied()) {
    hold_ = true;
    // Until the brain has looked at it with the lock in hand.
    verdict_expires_ = std::max(verdict_expires_, ports_.clock.now() + settings_.retry_timeout);
    hold(*acquired.value);
  } else if (acquired.kind == WriteKind::Unknown) {
    log_.warning("no answer whether the leader lock was acquired: {}", acquired.error.text());
    unknown_ = true;
  } else {
    lost_ = false;
  }
  co_return acquired.kind;
}

Task<Result<void>> LockKeeper::take(Instant deadline) {
  const WriteKind kind = co_await acquire({.take = true}, deadline);
  if (kind == WriteKind::Applied) co_return Result<void>();
  co_return Error(ErrorCode::Unavailable, "leader lock could not be taken after the bootstrap");
}

Task<bool> LockKeeper::adopt(AdoptionRecord record, Instant deadline) {
  co_await Turn::free(*this);
  Turn turn(*this);
  last_sent_ = ports_.clock.now();
  auto adopted = co_await ports_.store.adopt_leader(std::move(record), settings_.ttl, deadline);
  if (!adopted.applied()) {
    log_.info("the lock of the run before this one was not taken over: {}", adopted.error.text());
    co_return false;
  }
  hold_ = true;
  verdict_expires_ = std::max(verdict_expires_, ports_.clock.now() + settings_.retry_timeout);
  hold(*adopted.value);
  co_return true;
}

Task<bool> LockKeeper::confirm(Duration needed, Instant deadline) {
  for (;;) {
    if (!proof_ || releasing_) co_return false;
    const Instant asked = ports_.clock.now();
    if (asked >= deadline) co_return false;
    const WriteKind kind = co_await renew_once(deadline);
    const Instant now = ports_.clock.now();
    if (kind == WriteKind::Applied && proof_ && proof_->valid_until - now >= needed) co_return true;
    if (kind == WriteKind::Refused || now + kRetryGap >= deadline) co_return false;
    co_await ports_.clock.sleep_for(kRetryGap);
  }
}

void LockKeeper::no_answer_to_release() {
  releasing_ = false;
  proof_.reset();
  vanished_ = false;
  hold_ = false;
  unknown_ = true;
}

Task<WriteKind> LockKeeper::release(std::optional<StatusDocument> final_status, Instant deadline) {
  if (!proof_) co_return WriteKind::Refused;
  releasing_ = true;
  co_await or_if_cancelled(Turn::free(*this), [this] { releasing_ = false; });
  if (!proof_) {
    releasing_ = false;
    co_return WriteKind::Refused;
  }
  Turn turn(*this);
  auto released = co_await or_if_cancelled(ports_.store.release(proof_->generation, std::move(final_status), deadline),
                                           [this] { no_answer_to_release(); });
  no_answer_to_release();
  unknown_ = released.kind == WriteKind::Unknown;
  if (unknown_) log_.warning("no answer whether the leader lock was released: {}", released.error.text());
  if (released.kind == WriteKind::Applied) {
    log_.info("leader lock was released");
    last_valid_until_ = kLongAgo;
  }
  record();
  on_change_();
  co_return released.kind;
}

AdoptionRecord LockKeeper::record_of(const LockProof& proof) const {
  return {ports_.local.boot_id(), store_id_, proof.generation, proof.granted_ttl,
          std::min(proof.valid_until, record_cap_)};
}

// The record is only an optimisation of the next start; a disk that hangs must not delay a renewal, so it is written
// beside it, the latest state last.
void LockKeeper::record() {
  if (saving_) {
    save_again_ = true;
    return;
  }
  saving_ = true;
  tasks_.spawn(save_record());
}

Task<void> LockKeeper::save_record() {
  do {
    save_again_ = false;
    std::optional<AdoptionRecord> record;
    if (proof_) {
      record = record_of(*proof_);
    } else if (ports_.watchdog.running()) {
      record = lost_record_;
    }
    Result<void> saved = co_await ports_.local.save_adoption(std::move(record));
    if (!saved)
      log_.warning("lock record was not saved, a restart cannot take the lock over: {}", saved.error().text());
  } while (save_again_);
  saving_ = false;
}

}  // namespace tamada
