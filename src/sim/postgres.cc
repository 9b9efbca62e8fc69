// Process control, data directory and control file of a simulated PostgreSQL. Replication and commits:
// postgres_stream.cc.
#include "sim/postgres.h"

#include <algorithm>

namespace tamada::sim {

namespace {
constexpr std::uint64_t kCheckpointRecord = 112;
constexpr std::uint64_t kEndOfRecoveryRecord = 48;
constexpr Lsn kFirstLsn{0x1000000};
constexpr Duration kWalsenderPatience = 60s;  // wal_sender_timeout
}  // namespace

SimPostgres* PostgresFleet::at_host(int host) {
  for (auto& server : servers) {
    if (server->host() == host) return server.get();
  }
  return nullptr;
}

SimPostgres* PostgresFleet::by_name(std::string_view host_name) {
  for (auto& server : servers) {
    if (world.host(server->host()).name == host_name) return server.get();
  }
  return nullptr;
}

SimPostgres::SimPostgres(PostgresFleet& fleet, int host, std::string member)
    : fleet_(fleet), host_(host), member_(std::move(member)), directory_(fleet.origins), changed_(fleet.world) {}

Duration SimPostgres::takes(Duration low, Duration high) {
  return world().random().skewed(low, high) * faults_.slow;
}

std::optional<PostmasterId> SimPostgres::postmaster() const {
  if (phase_ == Phase::Down) return std::nullopt;
  return PostmasterId{pid_, started_at_.count() / 10000};
}

Result<void> SimPostgres::launch(bool as_primary) {
  if (any_process()) return Error(ErrorCode::Conflict, "a process works in the data directory of " + member_);
  if (directory_.state != DataDirState::Present || !directory_.has_control) {
    return Error(ErrorCode::Failed, "the data directory of " + member_ + " has no cluster");
  }
  ++run_;
  pid_ = static_cast<int>(world().random().between(1000, 4000000));
  started_at_ = world().now();
  phase_ = Phase::Starting;
  orphans_ = false;
  promoting_ = false;
  directory_.standby_signal = !as_primary;
  in_recovery_ = !as_primary;
  names_in_force_ = directory_.synchronous_standby_names;
  sync_names_ = parse_sync_names(names_in_force_).value_or(SyncNames{});
  forget_stale();
  follow_in_force_ = directory_.follow;
  receiver_ = {};
  standby_flushed_.clear();
  world().trace(member_, "postgres starts as {}", as_primary ? "primary" : "standby of " + follow_in_force_.host);
  const bool clean =
      directory_.control == ControlState::ShutDown || directory_.control == ControlState::ShutDownInRecovery;
  // As the startup process leaves it: replaying what is here first, when the server was not stopped cleanly.
  if (!as_primary) {
    const bool archive = clean || directory_.backup_label || directory_.control == ControlState::InArchiveRecovery;
    directory_.control = archive ? ControlState::InArchiveRecovery : ControlState::InCrashRecovery;
  }
  const Duration recovery = takes(clean ? Duration(200ms) : Duration(500ms), clean ? Duration(3s) : Duration(12s));
  const std::uint64_t run = run_;
  if (faults_.fail_start || directory_.broken) {
    world().after(takes(100ms, 2s), host_, [this, run] {
      if (run == run_) go_down();
    });
    return {};
  }
  if (!as_primary) schedule_connect(100ms);
  world().after(recovery, host_, [this, run, as_primary] { start_ready(run, as_primary); });
  changed_.notify();
  return {};
}

void SimPostgres::start_ready(std::uint64_t run, bool as_primary) {
  if (run != run_ || phase_ != Phase::Starting) return;
  if (!as_primary && directory_.needs_source_wal && !receiver_.connected) {
    world().after(500ms, host_, [this, run, as_primary] { start_ready(run, as_primary); });
    return;
  }
  directory_.needs_source_wal = false;
  directory_.backup_label = false;
  phase_ = Phase::Ready;
  if (as_primary) {
    become_writable(false);
  } else {
    directory_.control = ControlState::InArchiveRecovery;
    feed_standbys();
  }
  changed_.notify();
}

// Leaving recovery begins a new origin under a new timeline number. Starting as primary goes on with the origin that
// this directory wrote last; a directory that was a standby becomes a second origin of the same number.
void SimPostgres::become_writable(bool promoted) {
  auto& d = directory_;
  const bool own = !d.content.empty() && fleet_.origins.at(d.content.origin()).host == host_ &&
                   d.control != ControlState::ShutDownInRecovery && d.control != ControlState::InArchiveRecovery;
  if (promoted || !own) {
    const std::uint32_t number =
        promoted ? std::max(d.content.timeline(), d.newest_timeline).id + 1 : d.content.timeline().id;
    d.content.begin(fleet_.origins.add({Timeline{number}, d.content.end(), host_}), d.content.end());
    d.newest_timeline = std::max(d.newest_timeline, Timeline{number});
  }
  d.content.grow(kEndOfRecoveryRecord);
  d.control = ControlState::InProduction;
  d.standby_signal = false;
  in_recovery_ = false;
  promoting_ = false;
  disconnect();
  epoch_ = WritableEpoch{fleet_.next_id++, host_, d.content.origin(), world().now(), promoted};
  world().mix(epoch_->id);
  world().trace(member_, "postgres is writable on timeline {} from {}", d.content.timeline().id,
                to_string(d.content.end()));
  if (!promoted) {
    d.control_timeline = d.content.timeline();
    checkpoint();
  }
  if (fleet_.witness != nullptr) fleet_.witness->on_writable(*this, *epoch_);
  if (fleet_.writable) fleet_.writable(*this);
  feed_standbys();
  changed_.notify();
}

bool SimPostgres::ask_promote() {
  if (phase_ != Phase::Ready || !in_recovery_ || faults_.fail_promote) return false;
  if (promoting_) return true;
  promoting_ = true;
  world().trace(member_, "promotion asked for");
  if (!faults_.hang_promote) go_on_promoting();
  return true;
}

void SimPostgres::go_on_promoting() {
  world().after(takes(50ms, 3s), host_, [this, run = run_] { finish_promotion(run); });
}

void SimPostgres::set_faults(const PostgresFaults& faults) {
  const PostgresFaults before = std::exchange(faults_, faults);
  if (before.hang_stop && !faults_.hang_stop && phase_ == Phase::Stopping) go_on_stopping();
  if (before.hang_promote && !faults_.hang_promote && phase_ == Phase::Ready && promoting_) go_on_promoting();
  changed_.notify();
}

void SimPostgres::finish_promotion(std::uint64_t run) {
  if (run != run_ || phase_ != Phase::Ready || !in_recovery_) return;
  become_writable(true);
  // The first checkpoint of the new timeline comes by itself after a while; an operator's CHECKPOINT is quicker.
  world().after(takes(5s, 60s), host_, [this, run] {
    if (run == run_ && phase_ == Phase::Ready) checkpoint();
  });
}

void SimPostgres::checkpoint() {
  auto& d = directory_;
  if (!in_recovery_) {
    d.checkpoint = d.content.end();
    d.content.grow(kCheckpointRecord);
    d.checkpoint_end = d.content.end();
    feed_standbys();
  } else {
    d.checkpoint = d.content.end();
    d.checkpoint_end = d.content.end();
  }
  d.control_timeline = d.content.timeline();
  changed_.notify();
}

void SimPostgres::ask_stop(StopMode mode) {
  if (mode == StopMode::Kill) {
    if (phase_ != Phase::Down) go_down();
    end_orphans();
    return;
  }
  if (phase_ == Phase::Down) return;
  if (mode == StopMode::Immediate && !faults_.hang_stop) {
    const std::uint64_t run = run_;
    phase_ = Phase::Stopping;
    epoch_.reset();
    fail_pending();
    world().after(takes(20ms, 400ms), host_, [this, run] {
      if (run == run_ && phase_ == Phase::Stopping) go_down();
    });
    return;
  }
  if (phase_ == Phase::Stopping || (mode == StopMode::Immediate && faults_.hang_stop)) return;
  world().trace(member_, "postgres stops");
  stopping_ready_ = phase_ == Phase::Ready;
  phase_ = Phase::Stopping;
  fail_pending();
  if (!faults_.hang_stop) go_on_stopping();  // else a backend that does not go away may still commit
}

void SimPostgres::go_on_stopping() {
  epoch_.reset();
  if (in_recovery_ || !stopping_ready_) disconnect();
  world().after(takes(50ms, 1500ms), host_, [this, run = run_] {
    if (run != run_ || phase_ != Phase::Stopping) return;
    if (!in_recovery_ && stopping_ready_) {
      write_shutdown_checkpoint();
      feed_standbys();
    } else if (stopping_ready_) {
      directory_.control = ControlState::ShutDownInRecovery;
    }
    finish_stop(run, StopMode::Fast, world().now());
  });
  changed_.notify();
}

// A fast stop ends when every connected standby has received the shutdown checkpoint.
void SimPostgres::finish_stop(std::uint64_t run, StopMode mode, SimTime began) {
  if (run != run_ || phase_ != Phase::Stopping) return;
  bool waiting = false;
  for (auto& other : fleet_.servers) {
    if (other->receiver_.connected && other->receiver_.upstream == host_ && other->receiver_.upstream_run == run_ &&
        other->directory_.content.end() < directory_.content.end()) {
      waiting = true;
    }
  }
  if (waiting && world().now() - began < kWalsenderPatience) {
    world().after(20ms, host_, [this, run, mode, began] { finish_stop(run, mode, began); });
    return;
  }
  go_down();
}

void SimPostgres::write_shutdown_checkpoint() {
  auto& d = directory_;
  d.checkpoint = d.content.end();
  d.content.grow(kCheckpointRecord);
  d.checkpoint_end = d.content.end();
  d.control_timeline = d.content.timeline();
  d.control = ControlState::ShutDown;
}

void SimPostgres::go_down() {
  ++run_;
  phase_ = Phase::Down;
  promoting_ = false;
  if (!orphans_) epoch_.reset();
  fail_pending();
  disconnect();
  world().trace(member_, "postgres is down{}", orphans_ ? ", backends go on" : "");
  world().mix(run_);
  if (on_exit_) on_exit_();
  for (auto& other : fleet_.servers) other->on_network_change();
  changed_.notify();
}

void SimPostgres::kill_postmaster(bool leave_orphans) {
  if (phase_ == Phase::Down) return;
  orphans_ = leave_orphans && writable();
  if (orphans_) {
    world().after(takes(500ms, 20s), host_, [this, run = run_ + 1] {
      if (run == run_) end_orphans();
    });
  }
  go_down();
}

void SimPostgres::end_orphans() {
  if (!orphans_) return;
  orphans_ = false;
  epoch_.reset();
  ++run_;
  fail_pending();  // whom they waited for, too
  changed_.notify();
}

void SimPostgres::power_lost() {
  orphans_ = false;
  on_exit_ = nullptr;
  if (phase_ != Phase::Down) go_down();
  epoch_.reset();
  fail_pending();
  receiver_ = {};
  connect_scheduled_ = false;
}

void SimPostgres::reload() {
  // Processes reload one by one: the names take effect for the backends a moment after the call returned.
  const std::uint64_t run = run_;
  world().after(takes(5ms, 300ms), host_, [this, run] {
    if (run != run_) return;
    take_names();
    release_pending();
    if (!(follow_in_force_ == directory_.follow)) {
      follow_in_force_ = directory_.follow;
      disconnect();
      schedule_connect(50ms);
    }
  });
}

void SimPostgres::new_directory(std::string system_identifier) {
  directory_ = SimDataDirectory(fleet_.origins);
  auto& d = directory_;
  d.state = DataDirState::Present;
  d.has_control = true;
  d.system_identifier = std::move(system_identifier);
  d.content.begin(fleet_.origins.add({Timeline{1}, kFirstLsn, host_}), Lsn{});
  d.content.grow(kFirstLsn.bytes);
  d.newest_timeline = d.control_timeline = Timeline{1};
  d.control = ControlState::InProduction;
  write_shutdown_checkpoint();
  changed_.notify();
}

void SimPostgres::wipe(bool half) {
  directory_ = SimDataDirectory(fleet_.origins);
  directory_.state = half ? DataDirState::Present : DataDirState::Empty;
  changed_.notify();
}

void SimPostgres::copy_from(const SimPostgres& source) {
  directory_ = SimDataDirectory(fleet_.origins);
  auto& d = directory_;
  d.state = DataDirState::Present;
  d.has_control = true;
  d.backup_label = true;
  d.system_identifier = source.directory_.system_identifier;
  d.content = source.directory_.content;
  d.newest_timeline = source.directory_.newest_timeline;
  d.control = source.in_recovery_ ? ControlState::InArchiveRecovery : ControlState::InProduction;
  d.control_timeline = d.content.timeline();
  d.checkpoint = d.checkpoint_end = d.content.end();
  changed_.notify();
}

void SimPostgres::rewind_from(const SimPostgres& source) {
  auto& d = directory_;
  const Lsn point = divergence_by_numbers(d.content, source.directory_.content);
  d.content.cut_at(point);
  d.content.append_from(source.directory_.content);
  d.slots.clear();
  d.newest_timeline = std::max(d.newest_timeline, source.directory_.newest_timeline);
  d.control = ControlState::InArchiveRecovery;
  d.control_timeline = d.content.timeline();
  d.checkpoint = d.checkpoint_end = d.content.end();
  d.broken = false;
  d.backup_label = true;
  d.needs_source_wal = true;
  changed_.notify();
}

void SimPostgres::single_user_recovery() {
  auto& d = directory_;
  const bool own = fleet_.origins.at(d.content.origin()).host == host_ && !d.backup_label &&
                   d.control != ControlState::InArchiveRecovery && d.control != ControlState::ShutDownInRecovery;
  if (!own) {
    const Timeline same = d.content.timeline();
    d.content.begin(fleet_.origins.add({same, d.content.end(), host_}), d.content.end());
  }
  d.standby_signal = false;
  d.backup_label = false;
  write_shutdown_checkpoint();
  changed_.notify();
}

}  // namespace tamada::sim
