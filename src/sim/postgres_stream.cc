// Commits, streaming replication and the status row of a simulated PostgreSQL.
#include <algorithm>

#include "sim/postgres.h"
#include "sim/sync_state.h"

namespace tamada::sim {

namespace {
constexpr Duration kRetryInterval = 5s;     // wal_retrieve_retry_interval
constexpr Duration kReceiverTimeout = 60s;  // wal_receiver_timeout
constexpr Duration kKeepaliveEvery = 30s;   // half of wal_sender_timeout
constexpr int kServerVersion = 150020;
}  // namespace

void SimPostgres::write(std::uint64_t bytes, std::function<void(bool)> done) {
  if (!writable() || faults_.hang_disk) return done(false);
  const std::uint64_t run = run_;
  world().after(world().random().between(Duration(800us), Duration(4ms)), host_,
                [this, bytes, run, done = std::move(done)]() mutable { flushed(bytes, run, std::move(done)); });
}

void SimPostgres::flushed(std::uint64_t bytes, std::uint64_t run, std::function<void(bool)> done) {
  // Backends that outlive their postmaster finish what they began: only a dead process does not commit.
  if ((run != run_ && !orphans_) || !epoch_ || faults_.hang_disk) return done(false);
  if (phase_ == Phase::Stopping && !faults_.hang_stop) return done(false);
  directory_.content.grow(bytes);
  Commit commit;
  commit.id = fleet_.next_id++;
  commit.epoch = epoch_->id;
  commit.host = host_;
  commit.origin = epoch_->origin;
  commit.lsn = directory_.content.end();
  feed_standbys();
  if (sync_names_.off() || gate_closed_) return acknowledge(commit, done);
  pending_.push_back({commit, std::move(done)});
  release_pending();
}

void SimPostgres::acknowledge(Commit commit, const std::function<void(bool)>& done) {
  commit.acknowledged = world().now();
  if (fleet_.witness != nullptr) fleet_.witness->on_acknowledged(*this, commit);
  done(true);
}

void SimPostgres::release_pending() {
  while (!pending_.empty()) {
    const bool waits = !sync_names_.off();
    if (waits && !confirmed(pending_.front().commit.lsn)) return;
    auto first = std::move(pending_.front());
    pending_.erase(pending_.begin());
    first.commit.synchronous = waits;
    acknowledge(first.commit, first.done);
  }
}

void SimPostgres::fail_pending() {
  auto pending = std::exchange(pending_, {});
  for (auto& p : pending) p.done(false);
}

void SimPostgres::schedule_connect(Duration delay) {
  if (connect_scheduled_) return;
  connect_scheduled_ = true;
  world().after(delay, host_, [this] {
    connect_scheduled_ = false;
    try_connect();
  });
}

void SimPostgres::try_connect() {
  if (!recovering() || receiver_.connected || promoting_) return;
  SimPostgres* up = follow_in_force_.host.empty() ? nullptr : fleet_.by_name(follow_in_force_.host);
  const bool reachable =
      up != nullptr && up != this && world().network().connected(host_, up->host_) && !world().host(up->host_).frozen;
  if (!reachable || up->phase_ != Phase::Ready || up->directory_.system_identifier != directory_.system_identifier) {
    return schedule_connect(kRetryInterval);
  }
  if (!follow_in_force_.slot.empty() && !up->directory_.slots.contains(follow_in_force_.slot)) {
    world().trace(member_, "replication slot {} does not exist on {}", follow_in_force_.slot, up->member_);
    return schedule_connect(kRetryInterval);
  }
  if (auto refused = streaming_refused(directory_.content, up->directory_.content)) {
    world().trace(member_, "{} refuses to stream: {}", up->member_, *refused);
    return schedule_connect(kRetryInterval);
  }
  receiver_ = {};
  receiver_.upstream = up->host_;
  receiver_.connected = true;
  receiver_.upstream_run = up->run_;
  receiver_.last_message = world().now();
  receiver_.slot = follow_in_force_.slot;
  directory_.control = ControlState::InArchiveRecovery;
  up->standby_flushed_[member_] = directory_.content.end();
  up->stale_.erase(member_);  // a new process reads the names as they are
  directory_.newest_timeline = std::max(directory_.newest_timeline, up->directory_.newest_timeline);
  world().trace(member_, "streams from {}", up->member_);
  up->want_delivery(*this);
  changed_.notify();
}

void SimPostgres::disconnect() {
  if (!receiver_.connected) return;
  receiver_.connected = false;
  if (SimPostgres* up = fleet_.at_host(receiver_.upstream)) {
    up->standby_flushed_.erase(member_);
    up->stale_.erase(member_);
    up->release_pending();
  }
  if (recovering()) schedule_connect(kRetryInterval);
  changed_.notify();
}

bool SimPostgres::streaming() const {
  return receiver_.connected && fleet_.at_host(receiver_.upstream)->run_ == receiver_.upstream_run;
}

void SimPostgres::feed_standbys() {
  for (auto& other : fleet_.servers) {
    if (other->receiver_.connected && other->receiver_.upstream == host_) want_delivery(*other);
  }
}

void SimPostgres::want_delivery(SimPostgres& standby) {
  if (standby.receiver_.delivering) return;
  standby.receiver_.delivering = true;
  const Duration delay = world().network().delay(host_, standby.host_, world().random());
  world().after(delay, standby.host_, [&standby, run = standby.run_] { standby.deliver(run); });
}

void SimPostgres::deliver(std::uint64_t run) {
  if (run != run_ || !receiver_.connected) return;
  receiver_.delivering = false;
  SimPostgres* up = fleet_.at_host(receiver_.upstream);
  if (up->run_ != receiver_.upstream_run || !recovering()) return disconnect();
  auto later = [&] {
    receiver_.delivering = true;
    world().after(200ms, host_, [this, run] { deliver(run); });
  };
  if (!world().network().can_send(up->host_, host_) || world().host(up->host_).frozen) {
    if (receiver_.cut_since == kSimNever) receiver_.cut_since = world().now();
    if (world().now() - receiver_.cut_since > kReceiverTimeout) return disconnect();
    return later();
  }
  receiver_.cut_since = kSimNever;
  if (up->reads_old_names(member_)) {
    receiver_.delivering = true;
    world().after(10ms, host_, [this, run] { deliver(run); });
    return;
  }
  receiver_.last_message = world().now();
  if (faults_.stall_stream || faults_.hang_disk) return later();
  directory_.content.append_from(up->directory_.content);
  directory_.newest_timeline = std::max(directory_.newest_timeline, directory_.content.timeline());
  if (auto slot = up->directory_.slots.find(receiver_.slot); slot != up->directory_.slots.end()) {
    slot->second.restart_lsn = directory_.content.end();
  }
  feed_standbys();
  if (world().network().can_send(host_, up->host_)) {
    const Duration back = world().network().delay(host_, up->host_, world().random());
    world().after(back, up->host_, [up, run = up->run_, name = member_, lsn = directory_.content.end()] {
      if (run == up->run_) up->on_standby_flushed(name, lsn);
    });
  }
}

void SimPostgres::on_standby_flushed(const std::string& member, Lsn lsn) {
  auto found = standby_flushed_.find(member);
  if (found == standby_flushed_.end()) return;
  found->second = std::max(found->second, lsn);
  release_pending();
}

// The upstream ended or the network changed: a receiver that can hear of it reacts.
void SimPostgres::on_network_change() {
  if (!receiver_.connected) return;
  SimPostgres* up = fleet_.at_host(receiver_.upstream);
  if (up->run_ != receiver_.upstream_run) {
    const std::uint64_t run = run_;
    const bool heard = world().network().can_send(up->host_, host_);
    world().after(heard ? Duration(5ms) : kReceiverTimeout, host_, [this, up, run] {
      const bool still = receiver_.connected && receiver_.upstream == up->host_;
      if (run == run_ && still && up->run_ != receiver_.upstream_run) disconnect();
    });
    return;
  }
  up->want_delivery(*this);
}

bool SimPostgres::slot_in_use(const std::string& name) const {
  return std::any_of(fleet_.servers.begin(), fleet_.servers.end(), [&](const auto& other) {
    return other->streaming() && other->upstream() == host_ && other->directory_.follow.slot == name;
  });
}

std::vector<SlotInfo> SimPostgres::slot_list() {
  std::vector<SlotInfo> list;
  for (auto& [name, slot] : directory_.slots) {
    if (!slot.physical && !in_recovery_) slot.restart_lsn = directory_.content.end();
    SlotInfo info;
    info.name = name;
    info.physical = slot.physical;
    info.restart_lsn = slot.restart_lsn;
    info.database = slot.database;
    info.plugin = slot.plugin;
    info.wal_status = "reserved";
    info.active = slot_in_use(name);
    if (!slot.physical) info.confirmed_flush_lsn = slot.restart_lsn;
    if (!slot.physical || info.active) info.catalog_xmin = 1;
    list.push_back(std::move(info));
  }
  return list;
}

PostgresStatus SimPostgres::status(bool with_query, Instant now) const {
  PostgresStatus s;
  s.observed_at = now;
  const auto& d = directory_;
  if (faults_.hang_disk) {
    s.data_dir = DataDirState::Unknown;
  } else {
    s.data_dir = d.state;
    s.recovery_configured = d.standby_signal;
    s.backup_label = d.backup_label;
    s.major_version = d.state == DataDirState::Present && d.has_control ? 150000 : 0;
  }
  if (!faults_.hang_disk && d.state == DataDirState::Present && d.has_control) {
    ControlData c;
    c.state = d.control;
    c.system_identifier = d.system_identifier;
    c.timeline = d.control_timeline;
    c.checkpoint = c.redo = d.checkpoint;
    if (d.control == ControlState::InArchiveRecovery || d.control == ControlState::ShutDownInRecovery) {
      c.min_recovery_end = d.content.end();
      c.min_recovery_timeline = d.content.timeline();
    }
    c.wal_log_hints = true;
    c.max_connections = 100;
    c.max_worker_processes = 8;
    c.max_wal_senders = 10;
    c.max_locks_per_xact = 64;
    c.pg_control_version = 1300;
    s.control = c;
  }
  s.process = phase_ != Phase::Down ? ProcessState::Running
              : orphans_            ? ProcessState::Orphans
                                    : ProcessState::NotRunning;
  if (phase_ == Phase::Down) {
    s.accepting = Accepting::NoResponse;
    return s;
  }
  s.postmaster = postmaster();
  s.accepting = phase_ == Phase::Ready ? Accepting::Yes : Accepting::Rejecting;
  if (phase_ != Phase::Ready || !with_query) return s;
  StatusRow row;
  row.in_recovery = in_recovery_;
  row.timeline = d.content.timeline();
  row.server_version = kServerVersion;
  row.postmaster_start_time = "2026-01-01 00:00:" + std::to_string(started_at_.count()) + "+00";
  if (in_recovery_) {
    row.received_lsn = row.replayed_lsn = d.content.end();
    row.replayed_timestamp = "2026-01-01 00:00:00+00";
    if (receiver_.connected) {
      row.latest_end_lsn = d.content.end();
      row.receiver_status = "streaming";
      row.receiver_slot = receiver_.slot;
      row.receiver_conninfo = "host=" + follow_in_force_.host;
      Duration age = world().now() - receiver_.last_message;
      if (receiver_.cut_since == kSimNever && age > kKeepaliveEvery)
        age = Duration(age.count() % kKeepaliveEvery.count());
      row.receiver_last_message_age_ms = age.count() / 1000;
    }
  } else {
    row.write_lsn = d.content.end();
    for (const auto& other : fleet_.servers) {
      if (!other->receiver_.connected || other->receiver_.upstream != host_) continue;
      ReplicationConnection c;
      c.usename = "replicator";
      c.application_name = other->member_;
      c.client_addr = fleet_.world.host(other->host_).name;
      c.state = "streaming";
      c.sync_state = "async";
      c.sync_priority = priority_of(*other);
      c.sync_state = sync_state_of(sync_names_, c.sync_priority);
      row.replication.push_back(std::move(c));
    }
  }
  s.row = std::move(row);
  return s;
}

}  // namespace tamada::sim
