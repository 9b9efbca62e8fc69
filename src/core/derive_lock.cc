#include "core/derive_groups.h"

namespace tamada {

using namespace fact;

namespace {

// A view that is not older than our generation and does not show it proves that it is gone.
bool view_disproves(const DerivationInput& in) {
  const auto& held = in.observation.lock.held;
  if (!held || !in.view || in.observation.store != StoreReach::Fresh) return false;
  if (in.view->leader) return in.view->leader->generation != *held && in.view->revision >= held->create_revision;
  return in.view->revision >= held->create_revision;
}

fact::Lock lock(const DerivationInput& in) {
  const LockStatus& status = in.observation.lock;
  if (status.held) return view_disproves(in) ? Lock::Lost : Lock::Held;
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

fact::LockIdle lock_idle(const DerivationInput& in) {
  const auto& since = in.memory.lock_idle_since;
  return since && in.now >= *since + in.settings.dynamic.ttl ? LockIdle::Yes : LockIdle::No;
}

}  // namespace

void derive_lock(const DerivationInput& in, Facts& f) {
  f.set(lock(in));
  f.set(validity(in));
  f.set(leader(in, f.get<Lock>()));
  f.set(reacquire(in, f.get<Lock>()));
  f.set(asked(in));
  f.set(lock_idle(in));
}

}  // namespace tamada
