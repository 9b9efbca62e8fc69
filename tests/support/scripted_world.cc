#include "support/scripted_world.h"

#include <algorithm>

#include <fmt/format.h>

namespace tamada::test {

ScriptedWorld::ScriptedWorld() {
  settings.name = "n1";
  settings.scope = "demo";
  settings.dynamic_document = {{"ttl", 30}};
}

std::string ScriptedWorld::all_steps() const {
  std::string out;
  for (std::size_t i = 0; i < steps.size(); ++i) out += fmt::format("{:3} {}\n", i, steps[i]);
  return out;
}

int ScriptedWorld::index_of(std::string_view what) const {
  auto it = std::find_if(steps.begin(), steps.end(), [&](const std::string& s) { return s.starts_with(what); });
  return it == steps.end() ? -1 : static_cast<int>(it - steps.begin());
}
bool ScriptedWorld::called(std::string_view what) const {
  return index_of(what) >= 0;
}

ProcedureContext ScriptedWorld::context() {
  return ProcedureContext{.my_name = settings.name,
                          .clock = clock,
                          .store = *this,
                          .server = *this,
                          .data = *this,
                          .sql = *this,
                          .watchdog = *this,
                          .callbacks = *this,
                          .local = *this,
                          .lock = *this,
                          .log = log_,
                          .settings = [this] { return std::make_shared<const Settings>(settings); },
                          .view = [this] { return std::make_shared<const ClusterView>(view); },
                          .report = [this](const tamada::Event& event) { events.push_back(event); },
                          .show = [](std::optional<PgState>) {},
                          .publish = []() -> Task<void> { co_return; }};
}

std::optional<Result<void>> ScriptedWorld::run(std::function<Task<Result<void>>(ProcedureContext&)> procedure) {
  ProcedureContext ctx = context();
  std::optional<Result<void>> result;
  bool killed = false;
  TaskScope scope(io_.get_executor());
  auto body = [&]() -> Task<void> { result = co_await procedure(ctx); };
  scope.spawn(body(), [&](std::exception_ptr error) {
    if (!error) return;
    try {
      std::rethrow_exception(error);
    } catch (const Killed&) {
      killed = true;
    }
  });
  io_.restart();
  io_.run();
  EXPECT_TRUE(killed || result) << "procedure neither ended nor was killed\n" << all_steps();
  if (killed) return std::nullopt;
  return result;
}

ScriptedWorld::Step ScriptedWorld::step(std::string name, Instant deadline) {
  if (steps.size() > 400) throw std::logic_error("a procedure that never ends:\n" + all_steps());
  const int number = static_cast<int>(steps.size());
  steps.push_back(std::move(name));
  crash_after_ = false;
  if (number != faulty_step) return Step::Do;
  switch (fault) {
    case Outcome::Ok:
      return Step::Do;
    case Outcome::Fail:
      return Step::Refuse;
    case Outcome::Hang:
      clock.time = deadline == kNever ? clock.time + 24h : std::max(clock.time, deadline);
      return Step::TimedOut;
    case Outcome::Lose:
      return Step::DoAndLose;
    case Outcome::CrashBefore:
      throw Killed();
    case Outcome::CrashAfter:
      crash_after_ = true;
      return Step::Do;
  }
  return Step::Do;
}

void ScriptedWorld::done(Step) {
  if (crash_after_) throw Killed();
}

Error ScriptedWorld::failure(Step step) const {
  if (step == Step::Refuse) return Error(ErrorCode::Failed, "scripted failure");
  return Error(ErrorCode::Timeout, "scripted silence");
}

Task<Result<void>> ScriptedWorld::plain(std::string name, Instant deadline, std::function<void()> effect) {
  const Step s = step(std::move(name), deadline);
  if (s == Step::Do || s == Step::DoAndLose) {
    effect();
    done(s);
  }
  if (s == Step::Do) co_return Result<void>();
  co_return failure(s);
}

Task<Written<std::int64_t>> ScriptedWorld::written(std::string name, Instant deadline,
                                                   std::function<std::int64_t()> effect) {
  const Step s = step(std::move(name), deadline);
  if (s == Step::Refuse) co_return Written<std::int64_t>::make_refused("", failure(s));
  if (s == Step::TimedOut) co_return Written<std::int64_t>::make_unknown(failure(s));
  const std::int64_t revision = effect();
  done(s);
  if (s == Step::DoAndLose) co_return Written<std::int64_t>::make_unknown(failure(s));
  co_return Written<std::int64_t>::make_applied(revision);
}

Task<Result<ClusterView>> ScriptedWorld::load(Instant deadline) {
  const Step s = step("store.load", deadline);
  done(s);
  if (s != Step::Do) co_return failure(s);
  ClusterView v = view;
  if (initialize) v.initialize = InitializeKey{*initialize, initialize_revision};
  co_return v;
}

Task<Written<LockProof>> ScriptedWorld::acquire_leader(AcquireRequest, Instant) {
  throw std::logic_error("procedures use the lock gate");
}
Task<Written<LockProof>> ScriptedWorld::renew(LockGeneration, RenewRequest, Instant) {
  throw std::logic_error("procedures use the lock gate");
}
Task<Written<LockProof>> ScriptedWorld::adopt_leader(AdoptionRecord, std::chrono::seconds, Instant) {
  throw std::logic_error("procedures use the lock gate");
}
Task<Written<std::int64_t>> ScriptedWorld::release(LockGeneration, std::optional<StatusDocument>, Instant) {
  throw std::logic_error("procedures use the lock gate");
}
Task<Written<std::int64_t>> ScriptedWorld::touch_member(std::string, std::chrono::seconds, bool, Instant deadline) {
  co_return co_await written("store.touch_member", deadline, [] { return 1; });
}
Task<Written<std::int64_t>> ScriptedWorld::delete_cluster(Instant deadline) {
  co_return co_await written("store.delete_cluster", deadline, [] { return 1; });
}

Task<Written<std::int64_t>> ScriptedWorld::write(StoreWrite request, Instant deadline) {
  if (request.key == StoreKey::Timeline) {
    co_return co_await written("store.write /timeline", deadline, [&] {
      must(request.while_leading.has_value(), "safety.md 1.3: a leader's write compares the generation");
      claimed = parse_timeline_claim(request.value.value_or(""));
      return std::int64_t{7};
    });
  }
  const std::string name = fmt::format("store.write /{} {}", path_of(request.key), request.value.value_or("(delete)"));
  if (request.key == StoreKey::Sync) {
    const std::int64_t found = sync ? sync_revision : 0;
    if (request.condition.revision != found) {
      steps.push_back(name + " (refused)");
      co_return Written<std::int64_t>::make_refused("", Error(ErrorCode::Conflict, "changed"));
    }
    co_return co_await written(name, deadline, [&] {
      must(request.while_leading.has_value(), "safety.md 1.3: a leader's write compares the generation");
      sync = request.value;
      return ++sync_revision;
    });
  }
  if (request.key != StoreKey::Initialize) {
    co_return co_await written(name, deadline, [&] {
      config_written = config_written || request.key == StoreKey::Config;
      return std::int64_t{7};
    });
  }
  const std::int64_t current = initialize ? initialize_revision : 0;
  const bool absent = request.condition.kind == WriteCondition::Kind::Absent;
  const bool stands = absent ? !initialize : request.condition.revision == current;
  if (!stands) {
    steps.push_back(name + " (refused)");
    co_return Written<std::int64_t>::make_refused("", Error(ErrorCode::Conflict, "changed"));
  }
  co_return co_await written(name, deadline, [&] {
    initialize = request.value;
    return ++initialize_revision;
  });
}

Task<PostgresStatus> ScriptedWorld::observe(bool, Instant deadline) {
  const Step s = step("server.observe", deadline);
  PostgresStatus status;
  status.observed_at = clock.time;
  if (s != Step::Do) co_return status;  // nothing could be found out
  done(s);
  status.data_dir = directory == Directory::Empty ? DataDirState::Empty : DataDirState::Present;
  status.process = server == Server::Stopped ? ProcessState::NotRunning : ProcessState::Running;
  if (directory == Directory::Whole) {
    status.control = ControlData{};
    status.control->system_identifier = "7711229962259062644";
    status.control->timeline = timeline;
  }
  if (server != Server::Stopped) {
    status.row = StatusRow{};
    status.row->in_recovery = server == Server::Standby;
    status.row->timeline = timeline;
    status.row->write_lsn = Lsn{0x3000000};
    status.row->replayed_lsn = replayed;
    status.accepting = Accepting::Yes;
  }
  co_return status;
}

Task<Result<void>> ScriptedWorld::attach(Instant deadline) {
  co_return co_await plain("server.attach", deadline, [] {});
}

Task<Result<PostmasterId>> ScriptedWorld::start(StartRequest request, Instant deadline) {
  const Step s = step(request.as_primary ? "server.start primary" : "server.start standby", deadline);
  if (s == Step::Do || s == Step::DoAndLose) {
    must(server == Server::Stopped, "nothing is started where something works already");
    must(directory == Directory::Whole, "postgres is never started in half a data directory");
    must(!work_note || work_note->kind == WorkNote::Kind::Bootstrap, "nor while a note says that it is not usable");
    if (request.as_primary && !work_note)
      must(confirmed_since_last_wait_, "S2: no start as primary without a proven lock");
    server = request.as_primary ? Server::Primary : Server::Standby;
    starts.push_back(std::move(request));
    done(s);
  }
  if (s != Step::Do) co_return failure(s);
  co_return PostmasterId{42, 1};
}

Task<Result<void>> ScriptedWorld::stop(StopMode mode, Instant deadline) {
  const char* word = mode == StopMode::Fast ? "fast" : mode == StopMode::Immediate ? "immediate" : "kill";
  co_return co_await plain(fmt::format("server.stop {}", word), deadline, [&] { server = Server::Stopped; });
}

Task<Result<void>> ScriptedWorld::promote(Instant deadline) {
  co_return co_await plain("server.promote", deadline, [&] {
    must(confirmed_since_last_wait_, "S2: no promotion without a lock confirmed just before");
    must(promotion_note.has_value(), "safety.md 2.3: the note comes before the deed");
    must(claimed > timeline, "safety.md M5: the number is claimed before it is made");
    server = Server::Primary;
    timeline.id = claimed.id + numbers_passed_over;
  });
}

Task<Result<bool>> ScriptedWorld::follow(FollowTarget, Instant deadline) {
  Result<void> r = co_await plain("server.follow", deadline, [&] { standby_data = true; });
  if (!r) co_return r.error();
  co_return true;
}
Task<Result<ReloadOutcome>> ScriptedWorld::apply_settings(bool, Instant deadline) {
  Result<void> r = co_await plain("server.apply_settings", deadline, [] {});
  if (!r) co_return r.error();
  co_return ReloadOutcome{};
}
Task<Result<void>> ScriptedWorld::set_synchronous_standby_names(std::string value, Instant deadline) {
  co_return co_await plain("server.synchronous_standby_names '" + value + "'", deadline, [] {});
}
Task<Result<void>> ScriptedWorld::run_script(std::string command, std::vector<std::string>, Instant deadline) {
  co_return co_await plain("server.run_script " + command, deadline, [] {});
}

Task<Result<void>> ScriptedWorld::initdb(Instant deadline) {
  co_return co_await plain("data.initdb", deadline, [&] {
    must(work_note.has_value(), "S8: a bootstrap that begins is noted");
    directory = Directory::Whole;
  });
}
Task<Result<void>> ScriptedWorld::pass_over_timelines(Timeline, Timeline last, Instant deadline) {
  co_return co_await plain(fmt::format("data.pass_over_timelines {}", last.id), deadline, [] {});
}
Task<Result<void>> ScriptedWorld::custom_bootstrap(Instant deadline) {
  co_return co_await plain("data.custom_bootstrap", deadline, [&] { directory = Directory::Whole; });
}

Task<Result<void>> ScriptedWorld::clone(CloneSource, bool, Instant deadline) {
  must(server == Server::Stopped, "S7: nothing is removed under a running server");
  must(work_note && work_note->kind != WorkNote::Kind::Rewind, "S8: a clone that begins is noted");
  directory = Directory::Half;
  Result<void> r = co_await plain("data.clone", deadline, [&] { directory = Directory::Whole; });
  if (!r && directory == Directory::Half) directory = Directory::Empty;
  co_return r;
}
Task<Result<std::string>> ScriptedWorld::move_aside(Instant deadline) {
  Result<void> r = co_await plain("data.move_aside", deadline, [&] {
    must(server == Server::Stopped, "S7: nothing is moved under a running server");
    moved_aside = true;
    directory = Directory::Empty;
  });
  if (!r) co_return r.error();
  co_return std::string("/data.failed");
}
Task<TimelineComparison> ScriptedWorld::compare_timelines(const Member&, const PostgresStatus&, Instant deadline) {
  Result<void> r = co_await plain("data.compare_timelines", deadline, [] {});
  TimelineComparison c;
  c.verdict = r ? verdict : TimelineComparison::Verdict::Unknown;
  c.leader_timeline = timeline;
  co_return c;
}
Task<Result<void>> ScriptedWorld::rewind(const Member&, Instant deadline) {
  must(server == Server::Stopped, "pg_rewind needs a stopped target");
  must(work_note && work_note->kind == WorkNote::Kind::Rewind, "S8: a rewind that begins is noted");
  directory = Directory::Half;
  Result<void> r = co_await plain("data.rewind", deadline, [&] { directory = Directory::Whole; });
  if (!r && r.error().code == ErrorCode::Failed) directory = Directory::Whole;  // it gave up before it changed anything
  co_return r;
}
Task<Result<void>> ScriptedWorld::crash_recovery(Instant deadline) {
  co_return co_await plain("data.crash_recovery", deadline, [] {});
}
Task<Result<std::vector<HistoryLine>>> ScriptedWorld::read_history(Timeline, Instant) {
  co_return std::vector<HistoryLine>();
}
Task<Result<void>> ScriptedWorld::archive_shutdown_checkpoint(Instant deadline) {
  co_return co_await plain("data.archive_shutdown_checkpoint", deadline, [&] {
    must(server == Server::Stopped, "the last segment is archived when nothing is written to it any more");
    must(standby_data, "the last segment is archived once nobody can continue it as a primary");
  });
}
Task<Result<Lsn>> ScriptedWorld::shutdown_checkpoint(Instant deadline) {
  Result<void> r = co_await plain("data.shutdown_checkpoint", deadline, [] {});
  if (!r) co_return r.error();
  co_return Lsn{0x3000028};
}

Task<Result<void>> ScriptedWorld::checkpoint(Instant deadline) {
  co_return co_await plain("sql.checkpoint", deadline, [] {});
}
Task<Result<std::vector<SlotInfo>>> ScriptedWorld::slots(Instant) {
  co_return std::vector<SlotInfo>();
}
Task<Result<void>> ScriptedWorld::create_physical_slot(std::string, Instant) {
  co_return Result<void>();
}
Task<Result<void>> ScriptedWorld::drop_slot(std::string, Instant) {
  co_return Result<void>();
}
Task<Result<void>> ScriptedWorld::create_logical_slot(PermanentSlot, Instant) {
  co_return Result<void>();
}
Task<Result<void>> ScriptedWorld::advance_slot(std::string, std::string, Lsn, Instant) {
  co_return Result<void>();
}
Task<Result<std::vector<SlotInfo>>> ScriptedWorld::slots_of(const Member&, Instant) {
  co_return std::vector<SlotInfo>();
}
Task<Result<std::vector<LogicalSlotState>>> ScriptedWorld::read_logical_slots(const Member&, std::vector<PermanentSlot>,
                                                                              Instant deadline) {
  must(server != Server::Stopped, "a standby is stopped only once the slots are read");
  Result<void> r = co_await plain("data.read_logical_slots", deadline, [] {});
  if (!r) co_return r.error();
  co_return leader_slots;
}
Task<Result<void>> ScriptedWorld::install_logical_slots(std::vector<LogicalSlotState> slots, Instant deadline) {
  co_return co_await plain("data.install_logical_slots", deadline, [&] {
    must(server == Server::Stopped, "PostgreSQL reads slots only when it starts");
    for (const LogicalSlotState& slot : slots) {
      must(slot.confirmed_flush_lsn <= replayed, "no slot is ahead of this member's WAL");
      installed_slots.push_back(slot.name);
    }
  });
}
Task<Result<void>> ScriptedWorld::post_bootstrap(Instant deadline) {
  co_return co_await plain("sql.post_bootstrap", deadline, [] {});
}
Task<Result<Lsn>> ScriptedWorld::sync_mark(std::string names, bool, Instant deadline) {
  Result<void> r = co_await plain("sql.sync_mark '" + names + "'", deadline, [] {});
  if (!r) co_return r.error();
  co_return Lsn{};
}
Task<Result<void>> ScriptedWorld::resume_replay(Instant) {
  co_return Result<void>();
}

Task<Result<bool>> ScriptedWorld::activate() {
  Result<void> r = co_await plain("watchdog.activate", clock.time + 1s, [] {});
  if (!r) co_return r.error();
  co_return true;
}
void ScriptedWorld::call(Event event, Role) {
  const char* names[] = {"on_start", "on_stop", "on_restart", "on_reload", "on_role_change"};
  steps.push_back(fmt::format("callback {}", names[static_cast<int>(event)]));
}

Task<Result<void>> ScriptedWorld::save_promotion_note(std::optional<PromotionNote> note) {
  co_return co_await plain(note ? "local.save_promotion_note" : "local.clear_promotion_note", clock.time + 1s,
                           [&] { promotion_note = note; });
}
Task<Result<void>> ScriptedWorld::save_work_note(std::optional<WorkNote> note) {
  co_return co_await plain(note ? "local.save_work_note" : "local.clear_work_note", clock.time + 1s,
                           [&] { work_note = note; });
}

std::optional<LockProof> ScriptedWorld::proof() const {
  if (!holds_ || clock.time >= valid_until_) return std::nullopt;
  return LockProof{{"n1", 5, "lease"}, valid_until_, 30s};
}
Task<bool> ScriptedWorld::confirm(Duration needed, Instant deadline) {
  confirmed_since_last_wait_ = false;
  Result<void> r = co_await plain("lock.confirm", deadline, [&] {
    valid_until_ = clock.time + lock_validity;
    written_meanwhile();
  });
  if (!r || !lock_in_store || !proof() || valid_until_ - clock.time < needed) co_return false;
  confirmed_since_last_wait_ = true;
  co_return true;
}
Task<Result<void>> ScriptedWorld::take(Instant deadline) {
  co_return co_await plain("lock.take", deadline, [&] {
    lock_in_store = true;
    holds_ = true;
    valid_until_ = clock.time + lock_validity;
  });
}
Task<WriteKind> ScriptedWorld::release(std::optional<StatusDocument> status, Instant deadline) {
  final_status = std::move(status);
  Result<void> r = co_await plain("lock.release", deadline, [&] {
    must(server != Server::Primary, "S3: the lock is never released while PostgreSQL may acknowledge a commit");
    lock_in_store = false;
  });
  holds_ = false;
  co_return r ? WriteKind::Applied : WriteKind::Unknown;
}

void every_fault_at_every_step(std::function<void(ScriptedWorld&)> prepare,
                               std::function<Task<Result<void>>(ProcedureContext&)> procedure,
                               std::function<void(ScriptedWorld&, const std::optional<Result<void>>&)> check) {
  ScriptedWorld clean;
  prepare(clean);
  auto result = clean.run(procedure);
  {
    SCOPED_TRACE("no fault\n" + clean.all_steps());
    check(clean, result);
  }
  const int count = static_cast<int>(clean.steps.size());
  constexpr Outcome kFaults[] = {Outcome::Fail, Outcome::Hang, Outcome::Lose, Outcome::CrashBefore,
                                 Outcome::CrashAfter};
  for (int at = 0; at < count; ++at) {
    for (Outcome fault : kFaults) {
      ScriptedWorld world;
      prepare(world);
      world.faulty_step = at;
      world.fault = fault;
      auto outcome = world.run(procedure);
      SCOPED_TRACE(fmt::format("fault {} at step {}\n{}", static_cast<int>(fault), at, world.all_steps()));
      check(world, outcome);
    }
  }
}

}  // namespace tamada::test
