#include "core/events.h"

#include <algorithm>
#include <array>

#include "core/memory_update.h"

namespace tamada {

namespace {

constexpr Duration kReleaseHoldOff = 2s;                     // safety.md 5.1
constexpr std::array<Duration, 4> kBackOff{0s, 1s, 2s, 5s};  // by the number of launches before

void hold_off(Memory& m, Instant until, std::string why) {
  if (until > m.no_race.until) m.no_race = {until, std::move(why)};
}

void back_off(Memory& m, Instant now, std::string why) {
  m.restart_failures = std::min<int>(m.restart_failures + 1, kBackOff.size() - 1);
  m.no_restart = {now + kBackOff[static_cast<std::size_t>(m.restart_failures)], std::move(why)};
}

void on_started(Memory& m, bool as_primary) {
  m.starting_since.reset();
  m.start_timeout.reset();
  m.stopped_for_us = false;
  m.last_start_failed = false;
  m.crash_recovery_tried = false;
  m.role_callback_ran = true;
  if (m.rewind == RewindState::Success) m.rewind = RewindState::Initial;
  m.role = as_primary ? Role::Primary : Role::Replica;
}

void on_start_failed(Memory& m, const Event& event, Instant now) {
  const bool counted = m.starting_since && !event.ordered;
  if (!counted) back_off(m, now, "PostgreSQL could not be launched");
  // The time that an operator gave to a restart began with its launch.
  const Instant failing_since = m.start_timeout && m.starting_since ? *m.starting_since : now;
  if (event.as_primary && !m.primary_failed_at) m.primary_failed_at = failing_since;
  m.starting_since.reset();
  m.stopped_for_us = false;
  m.last_start_failed = true;
  m.no_restart.why = event.detail;
}

void on_compared(Memory& m, const Event& event, Instant now) {
  m.rewind_because = event.detail;
  if (!event.diverged) {
    m.inconclusive_at = now;
    return;
  }
  m.inconclusive_at.reset();
  m.rewind = *event.diverged ? RewindState::Need : RewindState::NotNeed;
}

void on_rewound(Memory& m, const Event& event, Instant now) {
  if (!event.ok) back_off(m, now, "the last pg_rewind failed: " + event.detail);
  m.stopped_for_us = true;
  m.rewind_because = event.detail;
  if (event.ok) {
    m.rewind = RewindState::Success;
  } else {
    m.rewind = event.leader_went_away ? RewindState::Need : RewindState::Failed;
  }
}

void forget_history(Memory& m) {
  m.rewind = RewindState::Initial;
  m.rewind_because.clear();
  m.inconclusive_at.reset();
  m.checkpoint_done = false;
}

void on_demoted(Memory& m) {
  m.promotion_asked = false;
  m.role = m.role == Role::StandbyLeader ? Role::Replica : Role::Demoted;
  m.checkpoint_done = false;
  m.stopped_for_us = true;
  m.writable_since.reset();
  m.primary_failed_at.reset();
  request_history_check(m);
}

}  // namespace

Memory apply_event(Memory m, const Event& event, Instant now, const Settings& settings) {
  using Kind = Event::Kind;
  switch (event.kind) {
    case Kind::AcquireRefused:
      m.lost_race_at = now;
      m.asked_for_lock_at.reset();
      break;
    case Kind::LockReleased:
      m.asked_for_lock_at.reset();
      if (event.voluntary) hold_off(m, now + kReleaseHoldOff, "this member gave the lock back a moment ago");
      break;
    case Kind::PromotionAsked:
      m.promotion_asked = true;
      break;
    case Kind::Promoted:
      m.promotion_asked = false;
      forget_history(m);
      m.role = Role::Primary;
      m.writable_since = now;
      m.role_callback_ran = true;
      break;
    case Kind::PromoteFailed:
      if (event.pre_promote) {
        hold_off(m, now + Duration(settings.dynamic.ttl), "pre_promote failed: " + event.detail);
      } else {
        hold_off(m, now + kReleaseHoldOff, "the promotion failed: " + event.detail);
      }
      break;
    case Kind::Demoted:
      on_demoted(m);
      break;
    case Kind::StartLaunched:
      m.promotion_asked = false;
      m.starting_since = now;
      m.role = event.as_primary ? Role::Primary : Role::Replica;
      // Counted from the launch, so that a server that dies at once is not launched in a tight loop. A restart that was
      // asked for is no attempt to come back: it counts once it failed.
      if (!event.ordered) back_off(m, now, "PostgreSQL was started a moment ago");
      break;
    case Kind::StartSucceeded:
      on_started(m, event.as_primary);
      break;
    case Kind::StartFailed:
      on_start_failed(m, event, now);
      break;
    case Kind::CompareDone:
      on_compared(m, event, now);
      break;
    case Kind::RewindDone:
      on_rewound(m, event, now);
      break;
    case Kind::CrashRecoveryDone:
      m.crash_recovery_tried = true;
      request_history_check(m);
      break;
    case Kind::CloneDone:
      if (event.ok) {
        forget_history(m);
        m.stopped_for_us = true;
        m.trusted_system_identifier.clear();
      } else {
        back_off(m, now, "the last clone failed: " + event.detail);
      }
      break;
    case Kind::BootstrapDone:
      if (event.ok) {
        forget_history(m);
        m.role = event.as_primary ? Role::Primary : Role::StandbyLeader;
        m.role_callback_ran = true;
        m.trusted_system_identifier.clear();
      } else {
        m.bootstrap_failed = event.detail;
      }
      break;
    case Kind::RestartAsked:
      m.start_timeout = event.timeout;
      break;
    case Kind::PostgresStoppedByUs:
      m.promotion_asked = false;
      m.stopped_for_us = true;
      m.postgres_was_running = false;
      break;
    case Kind::DataDirRemoved:
      forget_history(m);
      m.role = Role::Uninitialized;
      break;
    case Kind::CheckpointDone:
      m.checkpoint_done = true;
      break;
    case Kind::SlotsLooked:
      break;
    case Kind::CallbackRan:
      m.role_callback_ran = true;
      break;
  }
  return m;
}

}  // namespace tamada
