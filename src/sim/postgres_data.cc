#include "base/invariant.h"
#include "sim/postgres_ports.h"

namespace tamada::sim {

namespace {

// Runs when the task is destroyed before it ended: what the killed tool leaves behind.
class Leftover {
 public:
  explicit Leftover(std::function<void()> action) : action_(std::move(action)) {}
  Leftover(const Leftover&) = delete;
  Leftover& operator=(const Leftover&) = delete;
  ~Leftover() {
    if (action_) action_();
  }
  void done() { action_ = nullptr; }

 private:
  std::function<void()> action_;
};

}  // namespace

void SimPostgresData::destroying(PostgresWitness::Destroyed what) {
  if (auto* witness = postgres_.fleet().witness; witness != nullptr && postgres_.directory().has_control) {
    witness->on_destroyed(postgres_, what);
  }
}

Task<Result<void>> SimPostgresData::initdb(Instant deadline) {
  co_await process_.point("data.initdb", CallPhase::Before);
  if (postgres_.directory().state != DataDirState::Empty && postgres_.directory().state != DataDirState::Missing) {
    co_return Error(ErrorCode::Conflict, "the data directory of " + postgres_.member() + " is not empty");
  }
  postgres_.wipe(true);
  if (!co_await work(500ms, 4s, deadline)) co_return too_late("initdb");
  co_await process_.point("data.initdb", CallPhase::Between);
  auto& fleet = postgres_.fleet();
  postgres_.new_directory(fleet.system_identifier_seed + std::to_string(100 + fleet.next_id++ % 900));
  co_await process_.point("data.initdb", CallPhase::After);
  co_return Result<void>();
}

Task<Result<void>> SimPostgresData::clone(CloneSource source, bool only_basebackup, Instant deadline) {
  (void)only_basebackup;
  co_await process_.point("data.clone", CallPhase::Before);
  destroying(PostgresWitness::Destroyed::Overwritten);
  SimPostgres* from = postgres_.fleet().by_name(source.host);
  auto failed = [&](std::string why) {
    postgres_.wipe(false);
    return Error(ErrorCode::Failed, "pg_basebackup from " + source.member + " failed: " + why);
  };
  if (from == nullptr || !reachable(*from)) {
    co_await work(50ms, 3s, deadline);
    co_return failed("no connection");
  }
  postgres_.wipe(true);
  const auto run = from->postmaster();
  Leftover half([this] { postgres_.wipe(true); });
  // The copy is looked at now and then: a source that vanishes in between ends it.
  const Duration part = postgres_.takes(1s, 15s) / 8;
  for (int i = 0; i < 8; ++i) {
    if (!co_await work(part, deadline)) {
      half.done();
      postgres_.wipe(false);
      co_return too_late("the clone");
    }
    if (!reachable(*from) || from->postmaster() != run || postgres_.faults().fail_clone) {
      half.done();
      co_return failed("the connection was lost");
    }
  }
  co_await process_.point("data.clone", CallPhase::Between);
  half.done();
  postgres_.copy_from(*from);
  co_await process_.point("data.clone", CallPhase::After);
  co_return Result<void>();
}

Task<Result<std::string>> SimPostgresData::move_aside(Instant deadline) {
  co_await process_.point("data.move_aside", CallPhase::Before);
  if (!co_await work(2ms, 100ms, deadline)) co_return too_late("renaming the data directory");
  destroying(PostgresWitness::Destroyed::MovedAside);
  postgres_.wipe(false);
  co_await process_.point("data.move_aside", CallPhase::Between);
  co_return std::string("/data.failed");
}

// ha_behaviour.md 4.3, the later rules: by timeline numbers and positions, as IDENTIFY_SYSTEM and TIMELINE_HISTORY
// tell.
Task<TimelineComparison> SimPostgresData::compare_timelines(const Member& leader, const PostgresStatus& status,
                                                            Instant deadline) {
  using Verdict = TimelineComparison::Verdict;
  const std::string host = leader.host();
  co_await process_.point("data.compare_timelines", CallPhase::Before);
  auto unknown = [](std::string why) { return TimelineComparison{Verdict::Unknown, std::move(why), {}}; };
  if (!co_await work(3ms, 80ms, deadline)) co_return unknown("no answer in time");
  SimPostgres* other = postgres_.fleet().by_name(host);
  if (other == nullptr || !reachable(*other)) {
    co_await work(Duration(3s), deadline);
    co_return unknown("no connection to the leader");
  }
  if (other->in_recovery()) co_return unknown("the leader is in recovery");
  const auto& d = postgres_.directory();
  if (!d.has_control) co_return unknown("no control file");
  Timeline timeline = d.content.timeline();
  Lsn at = d.content.end();
  bool was_primary = false;
  if (status.is_standby()) {
    at = status.row->replayed_lsn;
  } else if (d.control == ControlState::ShutDown) {
    was_primary = true;
    timeline = d.control_timeline;
    at = d.checkpoint;
  } else if (d.control != ControlState::ShutDownInRecovery && d.control != ControlState::InArchiveRecovery) {
    co_return unknown("the local server was not shut down cleanly");
  }
  const auto& theirs = other->directory().content;
  co_await process_.point("data.compare_timelines", CallPhase::Between);
  if (timeline > theirs.timeline())
    co_return TimelineComparison{Verdict::Diverged, "local timeline is ahead of the leader's", {}};
  if (timeline == theirs.timeline()) co_return TimelineComparison{Verdict::Same, "both are on one timeline", {}};
  for (const auto& entry : theirs.history()) {
    if (entry.timeline != timeline) continue;
    const bool diverged = was_primary ? at >= entry.end || d.checkpoint_end != entry.end : at > entry.end;
    const std::string because = "local " + to_string(at) + ", the leader left the timeline at " + to_string(entry.end);
    co_return TimelineComparison{diverged ? Verdict::Diverged : Verdict::Ancestor, because, {}};
  }
  co_return TimelineComparison{Verdict::Diverged, "the leader's history lacks the local timeline", {}};
}

Task<Result<void>> SimPostgresData::rewind(const Member& leader, Instant deadline) {
  const std::string host = leader.host();
  const std::string name = leader.name;
  co_await process_.point("data.rewind", CallPhase::Before);
  auto& d = postgres_.directory();
  if (postgres_.any_process()) co_return Error(ErrorCode::Failed, "the target must be stopped");
  if (d.control != ControlState::ShutDown && d.control != ControlState::ShutDownInRecovery && !d.broken) {
    co_return Error(ErrorCode::Failed, "target server must be shut down cleanly");
  }
  SimPostgres* source = postgres_.fleet().by_name(host);
  if (source == nullptr || !reachable(*source)) {
    co_await work(Duration(3s), deadline);
    co_return Error(ErrorCode::Unavailable, "no connection to " + name);
  }
  // pg_rewind looks at the source's control file: a new timeline shows there only after a checkpoint.
  if (!source->in_recovery() && source->directory().control_timeline != source->directory().content.timeline()) {
    source->checkpoint();
  }
  if (source->directory().control_timeline == d.content.timeline()) {
    co_return Error(ErrorCode::Failed, "pg_rewind cannot help: both are on one timeline");
  }
  const Lsn point = divergence_by_numbers(d.content, source->directory().content);
  if (d.content.end() <= point && !d.broken) co_return Result<void>();
  destroying(PostgresWitness::Destroyed::Rewound);
  const auto run = source->postmaster();
  Leftover half([this] { postgres_.directory().broken = true; });
  const Duration part = postgres_.takes(1s, 10s) / 4;
  for (int i = 0; i < 4; ++i) {
    if (!co_await work(part, deadline)) co_return too_late("pg_rewind");
    if (!reachable(*source) || source->postmaster() != run) {
      co_return Error(ErrorCode::Unavailable, "the connection to " + name + " was lost during pg_rewind");
    }
    if (postgres_.faults().fail_rewind) co_return Error(ErrorCode::Failed, "pg_rewind ended with 1");
  }
  co_await process_.point("data.rewind", CallPhase::Between);
  half.done();
  postgres_.rewind_from(*source);
  co_await process_.point("data.rewind", CallPhase::After);
  co_return Result<void>();
}

Task<Result<void>> SimPostgresData::crash_recovery(Instant deadline) {
  co_await process_.point("data.crash_recovery", CallPhase::Before);
  if (postgres_.any_process()) co_return Error(ErrorCode::Failed, "a server is running in the data directory");
  if (postgres_.directory().broken || !postgres_.directory().has_control)
    co_return Error(ErrorCode::Failed, "single-user recovery ended with 1");
  if (postgres_.directory().backup_label)
    co_return Error(ErrorCode::Conflict, "the data directory holds a backup_label: it is a copy that was not started");
  destroying(PostgresWitness::Destroyed::SingleUser);
  if (!co_await work(300ms, 8s, deadline)) co_return too_late("single-user recovery");
  co_await process_.point("data.crash_recovery", CallPhase::Between);
  postgres_.single_user_recovery();
  co_await process_.point("data.crash_recovery", CallPhase::After);
  co_return Result<void>();
}

Task<Result<void>> SimPostgresData::pass_over_timelines(Timeline, Timeline last, Instant deadline) {
  co_await process_.point("data.pass_over_timelines", CallPhase::Before);
  if (!co_await work(1ms, 10ms, deadline)) co_return too_late("passing over timelines");
  Timeline& newest = postgres_.directory().newest_timeline;
  newest = std::max(newest, last);
  co_await process_.point("data.pass_over_timelines", CallPhase::Between);
  co_return Result<void>();
}

Task<Result<std::vector<HistoryLine>>> SimPostgresData::read_history(Timeline timeline, Instant deadline) {
  co_await process_.point("data.read_history", CallPhase::Before);
  if (!co_await work(1ms, 10ms, deadline)) co_return too_late("reading a history file");
  const auto& content = postgres_.directory().content;
  if (content.empty() || content.timeline() < timeline) co_return Error(ErrorCode::NotFound, "no history file");
  std::vector<HistoryLine> lines;
  for (const auto& entry : content.history()) {
    if (entry.timeline >= timeline) break;
    HistoryLine line;
    line.timeline = entry.timeline;
    line.lsn = entry.end;
    line.reason = "no recovery target specified";
    line.timestamp = "2026-01-01T00:00:00+00:00";
    line.elements = 4;
    lines.push_back(std::move(line));
  }
  co_return lines;
}

Task<Result<Lsn>> SimPostgresData::shutdown_checkpoint(Instant deadline) {
  co_await process_.point("data.shutdown_checkpoint", CallPhase::Before);
  if (!co_await work(1ms, 10ms, deadline)) co_return too_late("reading the control file");
  const auto& d = postgres_.directory();
  if (!d.has_control || d.control != ControlState::ShutDown) {
    co_return Error(ErrorCode::NotFound, "no shutdown checkpoint on " + postgres_.member());
  }
  co_return d.checkpoint;
}

Task<Result<std::vector<SlotInfo>>> SimPostgresData::slots_of(const Member& primary, Instant deadline) {
  const std::string host = primary.host();
  co_await process_.point("data.slots_of", CallPhase::Before);
  if (!co_await work(2ms, 60ms, deadline)) co_return too_late("the leader's slots");
  SimPostgres* other = postgres_.fleet().by_name(host);
  if (other == nullptr || !reachable(*other)) {
    co_await work(Duration(3s), deadline);
    co_return Error(ErrorCode::Unavailable, "no connection to the leader");
  }
  if (other->in_recovery()) co_return Error(ErrorCode::Unavailable, "the leader is in recovery");
  co_return other->slot_list();
}

Task<Result<std::vector<LogicalSlotState>>> SimPostgresData::read_logical_slots(const Member& primary,
                                                                                std::vector<PermanentSlot> wanted,
                                                                                Instant deadline) {
  auto there = co_await slots_of(primary, deadline);
  if (!there) co_return there.error();
  std::vector<LogicalSlotState> states;
  for (const PermanentSlot& slot : wanted) {
    for (const SlotInfo& info : *there) {
      if (info.name != slot.name || info.database != slot.database || info.plugin != slot.plugin) continue;
      states.push_back({info.name, info.database + "/" + info.plugin, info.confirmed_flush_lsn});
    }
  }
  co_return states;
}

Task<Result<void>> SimPostgresData::install_logical_slots(std::vector<LogicalSlotState> slots, Instant deadline) {
  co_await process_.point("data.install_logical_slots", CallPhase::Before);
  if (postgres_.any_process()) co_return Error(ErrorCode::Conflict, "a server is running in the data directory");
  for (const LogicalSlotState& slot : slots) {
    if (!co_await work(2ms, 100ms, deadline)) co_return too_late("putting a slot in place");
    const auto slash = slot.state.find('/');
    if (postgres_.directory().state != DataDirState::Present)
      co_return Error(ErrorCode::Failed, "there is no pg_replslot: the data directory is gone");
    INVARIANT(slot.confirmed_flush_lsn <= postgres_.directory().content.end());
    postgres_.directory().slots.emplace(
        slot.name, SimSlot{false, slot.confirmed_flush_lsn, slot.state.substr(0, slash), slot.state.substr(slash + 1)});
    co_await process_.point("data.install_logical_slots", CallPhase::Between);
  }
  co_return Result<void>();
}

}  // namespace tamada::sim
