#include "core/derive_groups.h"

namespace tamada {

using namespace fact;

namespace {

fact::Lock lock(const DerivationInput& in) {
  const LockStatus& status = in.observation.lock;
  if (status.held) return lock_disproved(in.observation) ? Lock::Lost : Lock::Held;
  if (status.unknown) return Lock::Unknown;
  return status.lost ? Lock::Lost : Lock::NotHeld;
}

fact::Validity validity(const DerivationInput& in) {
  const Instant until = in.observation.lock.valid_until;
  if (until == kLongAgo) return Validity::Unknown;
  if (in.now >= until - in.timing.stop_margin) return Validity::Ending;
  if (in.now >= until - in.timing.stop_margin - in.timing.promote_allowance) return Validity::Short;
  return Validity::Enough;
}

fact::Leader leader(const DerivationInput& in, fact::Lock lock) {
  if (!in.view || in.observation.store != StoreReach::Fresh) return Leader::Unknown;
  const auto& entry = in.view->leader;
  if (lock == Lock::Held) {
    return entry && entry->generation == *in.observation.lock.held ? Leader::Me : Leader::MeNotSeenYet;
  }
  if (!entry) return Leader::Nobody;
  return entry->name() == in.observation.my_name ? Leader::MeUnproven : Leader::Other;
}

fact::Reacquire reacquire(const DerivationInput& in, fact::Lock lock) {
  if (lock != Lock::Lost) return Reacquire::NotLost;
  const auto& since = in.memory.lock_lost_at;
  if (!since) return Reacquire::Unknown;
  if (in.now >= *since + kEarlyLossWindow) return Reacquire::Over;
  return in.memory.reacquire_tried ? Reacquire::Tried : Reacquire::Open;
}

fact::Asked asked(const DerivationInput& in) {
  const auto& at = in.memory.asked_for_lock_at;
  const bool recent = at && in.now - *at <= Duration(in.settings.dynamic.retry_timeout) + kAnswersExpire;
  return recent ? Asked::Yes : Asked::No;
}

fact::Failsafe failsafe(const DerivationInput& in) {
  const LockStatus& lock = in.observation.lock;
  return lock.held && lock.consented ? Failsafe::Yes : Failsafe::No;
}

fact::Promise promise(const DerivationInput& in) {
  const PromiseStatus& given = in.observation.promise;
  switch (given.kind) {
    case PromiseStatus::Kind::Unknown:
      return Promise::Unknown;
    case PromiseStatus::Kind::None:
      return Promise::None;
    case PromiseStatus::Kind::Given:
      return in.now < given.until ? Promise::Given : Promise::None;
    case PromiseStatus::Kind::Forgotten:
      // Without the mode nobody asks for promises; one that was given while it was on is kept all the same.
      return in.settings.dynamic.failsafe_mode && in.now < given.until ? Promise::Forgotten : Promise::None;
  }
  return Promise::Unknown;
}

fact::LockIdle lock_idle(const DerivationInput& in) {
  const auto& since = in.memory.lock_idle_since;
  return since && in.now >= *since + in.settings.dynamic.ttl ? LockIdle::Yes : LockIdle::No;
}

}  // namespace

// A view that is not older than our generation and does not show it proves that it is gone. While every member lets us
// go on, only another holder disproves it: an expired key, or one of our name that an unanswered attempt made, is taken
// again (safety.md 6.3).
bool lock_disproved(const Observation& o) {
  if (!o.lock.held || !o.view || o.store != StoreReach::Fresh) return false;
  if (o.view->revision < o.lock.held->create_revision) return false;
  const auto& leader = o.view->leader;
  if (o.lock.consented && (!leader || leader->name() == o.my_name)) return false;
  return !leader || leader->generation != *o.lock.held;
}

void derive_lock(const DerivationInput& in, Facts& f) {
  f.set(lock(in));
  f.set(validity(in));
  f.set(leader(in, f.get<Lock>()));
  f.set(reacquire(in, f.get<Lock>()));
  f.set(failsafe(in));
  f.set(promise(in));
  f.set(asked(in));
  f.set(lock_idle(in));
}

}  // namespace tamada
