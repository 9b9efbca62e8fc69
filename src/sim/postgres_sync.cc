// Synchronous replication of a simulated PostgreSQL, walsender by walsender: each judges by its own reading of the
// names over what all of them say of themselves (PostgreSQL's syncrep.c).
#include <algorithm>

#include "base/text.h"
#include "sim/postgres.h"
#include "sim/sync_state.h"

namespace tamada::sim {

const SyncNames& SimPostgres::names_read_by(const SimPostgres& standby) const {
  auto old = stale_.find(standby.member_);
  return old != stale_.end() ? old->second.names : sync_names_;
}

int SimPostgres::priority_of(const SimPostgres& standby) const {
  const SyncNames& names = names_read_by(standby);
  if (names.off()) return 0;
  for (std::size_t i = 0; i < names.names.size(); ++i) {
    if (names.names[i] != "*" && !equal_ignoring_case(names.names[i], standby.member_)) continue;
    return names.method == SyncNames::Method::Quorum ? 1 : static_cast<int>(i) + 1;
  }
  return 0;
}

std::vector<const SimPostgres*> SimPostgres::candidates() const {
  std::vector<const SimPostgres*> found;
  for (const auto& other : fleet_.servers) {
    if (other->receiver_.connected && other->receiver_.upstream == host_ && priority_of(*other) > 0)
      found.push_back(other.get());
  }
  std::sort(found.begin(), found.end(), [this](const SimPostgres* a, const SimPostgres* b) {
    const int one = priority_of(*a);
    const int two = priority_of(*b);
    return one != two ? one < two : a->host_ < b->host_;
  });
  return found;
}

bool SimPostgres::confirmed(Lsn lsn) const {
  const std::vector<const SimPostgres*> all = candidates();
  const auto has = [&](const SimPostgres* standby) {
    auto found = standby_flushed_.find(standby->member_);
    return found != standby_flushed_.end() && found->second >= lsn;
  };
  return std::any_of(all.begin(), all.end(), [&](const SimPostgres* judge) {
    const SyncNames& names = names_read_by(*judge);
    if (all.size() < static_cast<std::size_t>(names.count)) return false;
    if (names.method == SyncNames::Method::Quorum) return std::count_if(all.begin(), all.end(), has) >= names.count;
    const auto end = all.begin() + names.count;
    return std::find(all.begin(), end, judge) != end && std::all_of(all.begin(), end, has);
  });
}

// What a reload brings: for this session at once, for the checkpointer and each walsender some time later.
void SimPostgres::take_names() {
  if (names_in_force_ == directory_.synchronous_standby_names) return;
  const SyncNames old = sync_names_;
  names_in_force_ = directory_.synchronous_standby_names;
  sync_names_ = parse_sync_names(names_in_force_).value_or(SyncNames{});
  const std::uint64_t run = run_;
  for (const auto& other : fleet_.servers) {
    if (!other->receiver_.connected || other->receiver_.upstream != host_) continue;
    if (stale_.contains(other->member_)) continue;
    const std::uint64_t id = ++stale_count_;
    stale_.emplace(other->member_, Stale{old, directory_.content.end(), id});
    const Duration later = world().random().one_in(6) ? takes(20ms, 3s) : takes(500us, 30ms);
    world().after(later, host_, [this, run, id, name = other->member_] {
      auto found = stale_.find(name);
      if (run != run_ || found == stale_.end() || found->second.id != id) return;
      stale_.erase(found);
      release_pending();
    });
  }
  if (sync_names_.off()) {
    gate_closed_ = false;
  } else if (old.off() && !gate_closed_) {
    gate_closed_ = true;
    world().after(world().random().one_in(4) ? takes(20ms, 2s) : takes(500us, 30ms), host_, [this, run] {
      if (run == run_) gate_closed_ = false;
    });
  }
}

void SimPostgres::forget_stale() {
  stale_.clear();
  gate_closed_ = false;
}

SyncReplication SimPostgres::sync_replication() const {
  SyncReplication out;
  out.names = names_in_force_;
  out.synchronous_commit = "on";
  out.position = directory_.content.end();
  out.waiting = static_cast<int>(pending_.size());
  out.server_version = 150020;
  for (const auto& other : fleet_.servers) {
    if (!other->receiver_.connected || other->receiver_.upstream != host_) continue;
    WalSender s;
    s.application_name = other->member_;
    s.state = "streaming";
    s.sync_priority = priority_of(*other);
    s.sync_state = sync_state_of(sync_names_, s.sync_priority);
    auto flushed = standby_flushed_.find(other->member_);
    if (flushed != standby_flushed_.end()) s.written = s.flushed = s.replayed = flushed->second;
    auto old = stale_.find(other->member_);
    s.sent = old != stale_.end() ? old->second.sent : out.position;
    out.senders.push_back(std::move(s));
  }
  return out;
}

Lsn SimPostgres::write_own() {
  const Lsn before = directory_.content.end();
  directory_.content.grow(64);
  feed_standbys();
  return before;
}

}  // namespace tamada::sim
