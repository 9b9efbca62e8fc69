#include "core/memory_update.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/derive_facts.h"
#include "core/slots_plan.h"
#include "core/timing.h"

namespace tamada {

namespace {

constexpr Duration kStableService = 60s;  // safety.md 5.2: a crash after that is a new failure

// The store lost writes that this process has seen (safety.md 1.8).
bool went_back(const Memory& m, const ClusterView& view) {
  if (m.store_id && *m.store_id != view.store_id) return true;
  if (view.revision < m.store_revision) return true;
  const bool has_identifier = view.initialize && valid_system_identifier(view.initialize->value);
  return m.saw_cluster && !has_identifier && view.unlocked();
}

// Only a running primary takes the lock of a store that went back; what an old snapshot holds is no sign of it.
bool published_again(const Memory& m, const ClusterView& view) {
  if (!view.leader) return false;
  const Member* leader = view.leader_member();
  const bool leader_wrote = leader && leader->role == Role::Primary && leader->revision > m.went_back_revision;
  return leader_wrote || view.leader->generation.create_revision > m.went_back_revision ||
         view.status_revision > m.went_back_revision;
}

void remember_store(Memory& m, const ClusterView& view, Instant now, Duration ttl) {
  if (went_back(m, view)) {
    if (!m.store_went_back) m.went_back_members = m.last_healthy_members;
    m.store_went_back = true;
    m.went_back_revision = view.revision;
    m.old_locks_end = now + ttl;
    // Nothing that was known of the keys says anything about the store as it is now.
    m.last_generation = {};
    m.leader_active_at.reset();
    m.former_leader_valid_until.reset();
  } else if (m.store_went_back && published_again(m, view)) {
    m.store_went_back = false;
    m.went_back_members.clear();
  }
  m.store_id = view.store_id;
  m.store_revision = view.revision;
  m.saw_cluster = view.initialize && valid_system_identifier(view.initialize->value);
  m.saw_fresh_view = true;
}

void remember_leader(Memory& m, const Observation& o, Instant now) {
  const ClusterView& view = *o.view;
  const std::string& me = o.my_name;
  const LeaderEntry& leader = *view.leader;
  const bool sign_of_life = leader.generation != m.last_generation || leader.revision != m.last_leader_revision ||
                            view.status_revision != m.last_status_revision;
  if (sign_of_life) m.leader_active_at = o.leader_sign_at.value_or(now);
  m.last_generation = leader.generation;
  m.last_leader_revision = leader.revision;
  m.last_status_revision = view.status_revision;
  m.last_healthy_leader = leader.name();
  m.last_healthy_members = view.members;
  m.unlocked_since.reset();
  m.lock_vanished_at.reset();
  m.former_leader_valid_until.reset();
  if (leader.name() != me) m.lost_race_at.reset();
  const Member* member = view.leader_member();
  const Timeline before = m.leader_timeline;
  if (member) m.leader_timeline = member->timeline;
  const bool rose = member && before.known() && member->timeline > before;
  if (rose && leader.name() != me) request_history_check(m);
}

// A key that vanished sooner than ttl after its holder's last sign of life did not expire: the holder gave it back, or
// the store lost it. Only in the second case may the holder still believe in it, at most ttl from now.
// Who has seen no leader yet, or not all the time since, cannot tell: whom the store shows as primary may be that
// holder (simulation seed 910893: cut from the store while the lock changed hands and was lost early).
void remember_vanishing(Memory& m, const ClusterView& view, const std::string& me, Instant now,
                        const DynamicSettings& settings) {
  if (m.unlocked_since && !m.was_blind) return;
  m.unlocked_since = now;
  if (m.was_blind) {
    const auto primary = std::find_if(view.members.begin(), view.members.end(), [&](const Member& member) {
      return member.name != me && member.role == Role::Primary;
    });
    if (primary != view.members.end()) {
      m.last_generation = {};
      m.last_generation.holder = primary->name;
      m.former_leader_valid_until = now + Duration(settings.ttl);
      return;
    }
  }
  if (m.last_generation.holder.empty() || m.last_generation.holder == me) return;
  m.lock_vanished_at = now;
  const Duration ttl = settings.ttl;
  const bool early = m.leader_active_at && now < *m.leader_active_at + ttl - compute_timing(settings).clock_allowance;
  if (early) m.former_leader_valid_until = now + ttl;
}

void remember_lock(Memory& m, const Observation& o, Instant now) {
  if (o.lock.lost && !m.lock_lost_at) m.lock_lost_at = now;
  if (o.lock.held && o.view && o.store == StoreReach::Fresh) {
    // Proven gone by the view, although no renewal was refused yet.
    const bool gone = lock_disproved(o);
    if (gone && !m.lock_lost_at) m.lock_lost_at = now;
    if (!gone) m.lock_lost_at.reset();
  }
  if (!o.lock.held && !o.lock.lost) m.lock_lost_at.reset();
  if (!m.lock_lost_at) m.reacquire_tried = false;
}

// A lock that nobody serves under keeps others from serving: its holder has a ttl to get promoted.
void remember_idle_lock(Memory& m, const Observation& o, Instant now, const Settings& settings) {
  const bool in_recovery = o.postgres.is_standby() || (o.postgres.running() && o.postgres.recovery_configured);
  const bool busy = o.procedure.kind != ProcedureKind::None;
  const bool idle = o.lock.held && in_recovery && !busy && !settings.dynamic.standby_cluster;
  if (!idle) m.lock_idle_since.reset();
  if (idle && !m.lock_idle_since) m.lock_idle_since = now;
}

void remember_pause(Memory& m, bool paused, Instant now, const DynamicSettings& settings) {
  if (m.was_paused && !paused) {
    m.rewind = m.rewind == RewindState::Need ? RewindState::Need : RewindState::Initial;
    m.trusted_system_identifier.clear();
    // The running primary acquires first (safety.md 5.4).
    m.no_race = {std::max(m.no_race.until, now + Duration(settings.loop_wait)), "the pause ended a moment ago"};
  }
  m.was_paused = paused;
}

void remember_postgres(Memory& m, const Observation& o, Instant now) {
  const PostgresStatus& status = o.postgres;
  if (status.control && !status.control->system_identifier.empty()) {
    m.trusted_system_identifier = status.control->system_identifier;
  }
  const bool down = status.process == ProcessState::NotRunning;
  if (down && m.postgres_was_running && o.procedure.kind == ProcedureKind::None) {
    if (m.rewind != RewindState::Success && m.rewind != RewindState::Failed) request_history_check(m);
    const bool was_primary = m.role == Role::Primary || m.role == Role::Promoted;
    if (was_primary && !m.primary_failed_at) m.primary_failed_at = now;
  }
  if (down || status.is_primary()) m.promotion_asked = false;
  if (status.running()) m.postgres_was_running = true;
  if (down && o.procedure.kind == ProcedureKind::None) m.postgres_was_running = false;
  if (status.row) {
    m.starting_since.reset();
    m.stopped_for_us = false;
    if (!m.serving_since) m.serving_since = now;
    if (now - *m.serving_since >= kStableService) m.restart_failures = 0;
  } else {
    m.serving_since.reset();
  }
  // The first cycle of a process on a standby (ha_behaviour.md 4.2).
  if (status.is_standby() && !m.role_callback_ran && m.rewind == RewindState::Initial) request_history_check(m);
  if (status.is_primary()) {
    // A control file on the current timeline: pg_rewind of others finds it (ha_behaviour.md 4.5).
    if (status.control && status.control->timeline == status.row->timeline) m.checkpoint_done = true;
    if (!m.writable_since) m.writable_since = now;
    if (now - *m.writable_since >= kStableService) {
      m.primary_failed_at.reset();
      m.start_timeout.reset();
    }
  } else {
    m.writable_since.reset();
  }
}

// A leader refuses to stream to a standby that parted from it after the comparison, e.g. by WAL of the old leader that
// arrived late; nothing else would ever tell.
void remember_stream(Memory& m, const Observation& o, Instant now, const Settings& settings) {
  const bool of_leader = o.view && o.view->leader && o.view->leader->name() != o.my_name;
  const auto& remote = settings.dynamic.standby_cluster;
  const bool of_remote = remote && !remote->host.empty() && o.lock.held;
  // One that waits for WAL to become consistent tells nothing yet, and would wait forever (simulation seed 920961: it
  // was rewound from a member that had lost the lead).
  const bool starts = o.postgres.running() && !o.postgres.row && o.postgres.recovery_configured;
  const bool follows =
      (o.postgres.is_standby() || starts) && (of_leader || of_remote) && o.procedure.kind == ProcedureKind::None;
  if (!follows || (o.postgres.row && o.postgres.row->receiver_status == "streaming")) {
    m.no_stream_since.reset();
    return;
  }
  if (!m.no_stream_since) m.no_stream_since = now;
  if (now - *m.no_stream_since < 2 * Duration(settings.dynamic.loop_wait)) return;
  m.no_stream_since = now;
  request_history_check(m);
}

// Whom everybody's history is compared with has changed.
void remember_standby_cluster(Memory& m, bool standby_cluster) {
  const auto before = std::exchange(m.was_standby_cluster, standby_cluster);
  if (before && *before != standby_cluster) request_history_check(m);
}

}  // namespace

void request_history_check(Memory& m) {
  if (m.rewind == RewindState::Need) return;
  m.rewind = RewindState::Check;
  m.inconclusive_at.reset();
}

Memory remember(Memory m, const Observation& o, Instant now, const Settings& settings) {
  if (o.store != StoreReach::Fresh) m.was_blind = true;
  if (o.view && o.store == StoreReach::Fresh) {
    remember_store(m, *o.view, now, settings.dynamic.ttl);
    if (o.view->leader) {
      remember_leader(m, o, now);
    } else {
      remember_vanishing(m, *o.view, o.my_name, now, settings.dynamic);
    }
    remember_pause(m, settings.dynamic.pause, now, settings.dynamic);
    remember_standby_cluster(m, settings.dynamic.standby_cluster.has_value());
    remember_slots(m, *o.view, o.lock.held.has_value(), settings, now);
    m.was_blind = false;
  }
  remember_lock(m, o, now);
  remember_idle_lock(m, o, now, settings);
  remember_postgres(m, o, now);
  remember_stream(m, o, now, settings);
  return m;
}

Role published_role(const Memory& m, const Observation& o, const Settings& settings) {
  const PostgresStatus& status = o.postgres;
  const bool data_gone = status.data_dir == DataDirState::Missing || status.data_dir == DataDirState::Empty;
  if (data_gone && !status.running()) return Role::Uninitialized;
  if (status.is_primary()) return Role::Primary;
  if (status.is_standby()) {
    return settings.dynamic.standby_cluster && o.lock.held ? Role::StandbyLeader : Role::Replica;
  }
  // Others take a primary's word for a running primary, and wait for it; this one comes back only with a lock.
  const bool was_primary = m.role == Role::Primary || m.role == Role::Promoted;
  const bool unlocked = !o.lock.held && !o.lock.unknown;
  if (was_primary && unlocked && status.process == ProcessState::NotRunning) return Role::Demoted;
  if (m.role != Role::Unknown && m.role != Role::Uninitialized) return m.role;
  // The first look at a server that does not run: what was a primary comes back as something less.
  return status.recovery_configured ? Role::Replica : Role::Demoted;
}

}  // namespace tamada
