// Ports for tests of the engine's parts: every call is written down, its answer and how long it takes are the test's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/state.h"
#include "ports/clock.h"
#include "procedures/context.h"
#include "support/log_capture.h"
#include "support/manual_clock.h"

namespace tamada::test {

inline Error silence() {
  return Error(ErrorCode::Timeout, "no answer");
}

class FakeStore final : public Store {
 public:
  explicit FakeStore(ManualClock& clock) : clock_(clock) {}

  // How long the next calls take; one that would end after its deadline ends there without an answer.
  Duration takes{0};
  std::vector<std::string> calls;
  int count(std::string_view prefix) const {
    int n = 0;
    for (const std::string& call : calls) n += call.starts_with(prefix);
    return n;
  }
  int most_at_once = 0;  // of the calls about the leader key and of those about the member key
  StoreListener* listener = nullptr;

  using Proven = Written<LockProof>;
  std::function<Result<ClusterView>()> on_load = [] { return ClusterView{}; };
  std::function<Proven(AcquireRequest, Instant sent)> on_acquire = [](AcquireRequest request, Instant sent) {
    return Proven::make_applied({{"n1", 7, "a"}, sent + Duration(request.ttl), request.ttl});
  };
  std::function<Proven(LockGeneration, RenewRequest, Instant sent)> on_renew = [](LockGeneration generation,
                                                                                  RenewRequest request, Instant sent) {
    return Proven::make_applied({generation, sent + Duration(request.ttl), request.ttl});
  };
  std::function<Written<std::int64_t>(LockGeneration, std::optional<StatusDocument>)> on_release =
      [](LockGeneration, std::optional<StatusDocument>) { return Written<std::int64_t>::make_applied(9); };
  std::function<Proven(AdoptionRecord, Instant sent)> on_adopt = [](AdoptionRecord record, Instant sent) {
    return Proven::make_applied({record.generation, sent + record.granted_ttl, record.granted_ttl});
  };
  std::function<Written<std::int64_t>(std::string value, bool keep_alive_only)> on_touch = [](std::string, bool) {
    return Written<std::int64_t>::make_applied(5);
  };
  std::function<Written<std::int64_t>(StoreWrite)> on_write = [](StoreWrite) {
    return Written<std::int64_t>::make_applied(6);
  };

  Task<Result<ClusterView>> load(Instant deadline) override {
    calls.push_back("load");
    const bool answered = co_await in_time(deadline);
    if (!answered) co_return silence();
    co_return on_load();
  }
  void watch(StoreListener& l) override { listener = &l; }
  Task<Proven> acquire_leader(AcquireRequest request, Instant deadline) override {
    co_return co_await lock_call("acquire", deadline, [&](Instant sent) { return on_acquire(request, sent); });
  }
  Task<Proven> renew(LockGeneration generation, RenewRequest request, Instant deadline) override {
    co_return co_await lock_call("renew " + generation.session, deadline,
                                 [&](Instant sent) { return on_renew(generation, request, sent); });
  }
  Task<Written<std::int64_t>> release(LockGeneration generation, std::optional<StatusDocument> status,
                                      Instant deadline) override {
    co_return co_await lock_call("release " + generation.session, deadline,
                                 [&](Instant) { return on_release(generation, status); });
  }
  Task<Proven> adopt_leader(AdoptionRecord record, std::chrono::seconds, Instant deadline) override {
    co_return co_await lock_call("adopt " + record.generation.session, deadline,
                                 [&](Instant sent) { return on_adopt(record, sent); });
  }
  Task<Written<std::int64_t>> touch_member(std::string value, std::chrono::seconds, bool keep_alive_only,
                                           Instant deadline) override {
    const std::string name = keep_alive_only ? "keep member" : "touch " + value;
    co_return co_await lock_call(name, deadline, [&](Instant) { return on_touch(value, keep_alive_only); });
  }
  Task<Written<std::int64_t>> write(StoreWrite request, Instant deadline) override {
    calls.push_back("write " + std::string(path_of(request.key)) + " " + request.value.value_or("(delete)"));
    writes.push_back(request);
    const bool answered = co_await in_time(deadline);
    if (!answered) co_return Written<std::int64_t>::make_unknown(silence());
    co_return on_write(request);
  }
  Task<Written<std::int64_t>> delete_cluster(Instant) override { co_return Written<std::int64_t>::make_applied(1); }
  std::string_view kind() const override { return "fake"; }
  Task<void> stop() override { co_return; }

  std::vector<StoreWrite> writes;

 private:
  Task<bool> in_time(Instant deadline) {
    const Instant until = clock_.now() + takes;
    co_await clock_.sleep_until(std::min(until, deadline));
    co_return until <= deadline;
  }
  template <class Answer>
  auto lock_call(std::string name, Instant deadline, Answer answer) -> Task<decltype(answer(deadline))> {
    using Outcome = decltype(answer(deadline));
    calls.push_back(std::move(name));
    struct Busy {
      explicit Busy(FakeStore& s) : store(s) { store.most_at_once = std::max(store.most_at_once, ++store.at_once_); }
      Busy(const Busy&) = delete;
      ~Busy() { --store.at_once_; }
      FakeStore& store;
    } busy(*this);
    const Instant sent = clock_.now();
    const bool answered = co_await in_time(deadline);
    if (!answered) co_return Outcome::make_unknown(silence());
    co_return answer(sent);
  }

  ManualClock& clock_;
  int at_once_ = 0;
};

class FakeWatchdog final : public Watchdog {
 public:
  explicit FakeWatchdog(ManualClock& clock) : clock_(clock) {}
  std::vector<Instant> fed;
  int disabled = 0;
  int activated = 0;
  bool active = true;
  void update_settings(const WatchdogSettings&, std::chrono::seconds, std::chrono::seconds) override {}
  Task<Result<bool>> activate() override {
    ++activated;
    active = true;
    co_return true;
  }
  void keepalive() override { fed.push_back(clock_.now()); }
  Task<void> disable() override {
    ++disabled;
    active = false;
    co_return;
  }
  bool running() const override { return active; }
  bool healthy() const override { return true; }

 private:
  ManualClock& clock_;
};

class FakeLocalState final : public LocalState {
 public:
  explicit FakeLocalState(ManualClock& clock) : clock_(clock) {}
  Duration save_takes{0};
  std::optional<AdoptionRecord> adoption;
  int adoptions_saved = 0;
  Task<Result<std::optional<AdoptionRecord>>> load_adoption() override { co_return adoption; }
  Task<Result<void>> save_adoption(std::optional<AdoptionRecord> record) override {
    co_await clock_.sleep_for(save_takes);
    ++adoptions_saved;
    adoption = std::move(record);
    co_return Result<void>();
  }
  std::optional<PromotionNote> promotion;
  int promotions_saved = 0;
  Task<Result<std::optional<PromotionNote>>> load_promotion_note() override { co_return promotion; }
  Task<Result<void>> save_promotion_note(std::optional<PromotionNote> note) override {
    ++promotions_saved;
    promotion = std::move(note);
    co_return Result<void>();
  }
  std::optional<PromiseRecord> promise;
  std::vector<PromiseRecord> promises_saved;
  std::function<Result<void>()> on_save_promise = [] { return Result<void>(); };
  Task<Result<std::optional<PromiseRecord>>> load_promise() override { co_return promise; }
  Task<Result<void>> save_promise(PromiseRecord record) override {
    co_await clock_.sleep_for(save_takes);
    Result<void> saved = on_save_promise();
    if (!saved) co_return saved;
    promises_saved.push_back(record);
    promise = std::move(record);
    co_return Result<void>();
  }
  std::optional<StoreMark> store_mark;
  Task<Result<std::optional<StoreMark>>> load_store_mark() override { co_return store_mark; }
  Task<Result<void>> save_store_mark(StoreMark mark) override {
    store_mark = std::move(mark);
    co_return Result<void>();
  }
  std::optional<SoundSlots> sound_slots;
  Task<Result<std::optional<SoundSlots>>> load_sound_slots() override { co_return sound_slots; }
  Task<Result<void>> save_sound_slots(SoundSlots slots) override {
    sound_slots = std::move(slots);
    co_return Result<void>();
  }
  std::optional<ScheduledRestart> scheduled_restart;
  std::function<Result<void>()> on_save_restart = [] { return Result<void>(); };
  Task<Result<std::optional<ScheduledRestart>>> load_scheduled_restart() override { co_return scheduled_restart; }
  Task<Result<void>> save_scheduled_restart(std::optional<ScheduledRestart> restart) override {
    co_await clock_.sleep_for(save_takes);
    Result<void> saved = on_save_restart();
    if (saved) scheduled_restart = std::move(restart);
    co_return saved;
  }
  Task<Result<std::optional<WorkNote>>> load_work_note() override { co_return std::optional<WorkNote>(); }
  Task<Result<void>> save_work_note(std::optional<WorkNote>) override { co_return Result<void>(); }
  std::optional<json::object> dynamic_cache;
  Task<Result<std::optional<json::object>>> load_dynamic_cache() override { co_return dynamic_cache; }
  Task<Result<void>> save_dynamic_cache(json::object) override { co_return Result<void>(); }
  std::string boot_id() const override { return "boot"; }

 private:
  ManualClock& clock_;
};

// A PostgreSQL that does what it is told; a stop of a mode takes as long as the test says.
class FakePostgres final : public PostgresServer, public PostgresData, public PostgresSql {
 public:
  explicit FakePostgres(ManualClock& clock) : clock_(clock) {}

  PostgresStatus status;
  Duration look_takes{0};
  int looks = 0;
  std::map<StopMode, Duration> stop_takes;
  struct Stop {
    StopMode mode;
    Instant at;
    Instant deadline;
  };
  std::vector<Stop> stops;
  std::vector<std::string> calls;
  std::function<Result<std::vector<SlotInfo>>()> on_slots = [] { return std::vector<SlotInfo>(); };
  std::function<Result<void>(const std::string&)> on_drop_slot = [](const std::string&) { return Result<void>(); };
  std::function<Result<std::vector<HistoryLine>>()> on_history = [] { return std::vector<HistoryLine>(); };
  std::function<Result<void>()> on_checkpoint = [] { return Result<void>(); };

  void set_listener(PostgresListener*) override {}
  void update_settings(const Settings&) override {}
  Task<PostgresStatus> observe(bool, Instant deadline) override {
    ++looks;
    co_await clock_.sleep_until(std::min(deadline, clock_.now() + look_takes));
    PostgresStatus out = status;
    out.observed_at = clock_.now();
    co_return out;
  }
  Task<Result<void>> attach(Instant) override { co_return Result<void>(); }
  Task<Result<PostmasterId>> start(StartRequest, Instant) override {
    calls.push_back("start");
    co_return PostmasterId{42, 1};
  }
  Task<Result<void>> stop(StopMode mode, Instant deadline) override {
    stops.push_back({mode, clock_.now(), deadline});
    const Instant until = clock_.now() + stop_takes[mode];
    co_await clock_.sleep_until(std::min(until, deadline));
    if (until > deadline) co_return Error(ErrorCode::Timeout, "still running");
    status.process = ProcessState::NotRunning;
    status.row.reset();
    co_return Result<void>();
  }
  Task<Result<void>> promote(Instant) override { co_return Result<void>(); }
  Task<Result<bool>> follow(FollowTarget, Instant) override { co_return false; }
  bool follow_differs(const FollowTarget&, const PostgresStatus&) const override { return false; }
  Task<Result<ReloadOutcome>> apply_settings(bool, Instant) override { co_return ReloadOutcome{}; }
  ParameterOutlook outlook;
  Task<Result<ParameterOutlook>> preview_settings(Settings, Instant) override { co_return outlook; }
  std::function<Result<void>(const std::string&)> on_names;
  Task<Result<void>> set_synchronous_standby_names(std::string names, Instant) override {
    calls.push_back("names " + names);
    co_return on_names ? on_names(names) : Result<void>();
  }
  Task<Result<void>> run_script(std::string, std::vector<std::string>, Instant) override { co_return Result<void>(); }
  bool can_rewind(const PostgresStatus&) const override { return true; }
  void detach() override {}

  Task<Result<void>> initdb(Instant) override { co_return Result<void>(); }
  Task<Result<void>> custom_bootstrap(Instant) override { co_return Result<void>(); }
  Duration clone_takes{0};
  Task<Result<void>> clone(CloneSource source, bool, Instant) override {
    calls.push_back("clone " + source.member);
    co_await clock_.sleep_for(clone_takes);
    co_return Result<void>();
  }
  Task<Result<std::string>> move_aside(Instant) override { co_return std::string("aside"); }
  Task<TimelineComparison> compare_timelines(const Member&, const PostgresStatus&, Instant) override {
    co_return TimelineComparison{};
  }
  Task<Result<void>> rewind(const Member&, Instant) override { co_return Result<void>(); }
  Task<Result<void>> crash_recovery(Instant) override { co_return Result<void>(); }
  Task<Result<void>> pass_over_timelines(Timeline, Timeline, Instant) override { co_return Result<void>(); }
  Task<Result<std::vector<HistoryLine>>> read_history(Timeline, Instant) override { co_return on_history(); }
  Task<Result<void>> archive_shutdown_checkpoint(Instant) override { co_return Result<void>(); }
  Task<Result<Lsn>> shutdown_checkpoint(Instant) override { co_return Lsn{0x3000028}; }
  std::function<Result<std::vector<SlotInfo>>()> on_slots_of = [] { return std::vector<SlotInfo>(); };
  Task<Result<std::vector<SlotInfo>>> slots_of(const Member&, Instant) override { co_return on_slots_of(); }
  Task<Result<std::vector<LogicalSlotState>>> read_logical_slots(const Member&, std::vector<PermanentSlot>,
                                                                 Instant) override {
    co_return std::vector<LogicalSlotState>();
  }
  Task<Result<void>> install_logical_slots(std::vector<LogicalSlotState>, Instant) override {
    co_return Result<void>();
  }

  Task<Result<void>> checkpoint(Instant) override {
    calls.push_back("checkpoint");
    co_return on_checkpoint();
  }
  Task<Result<std::vector<SlotInfo>>> slots(Instant) override { co_return on_slots(); }
  Task<Result<void>> create_physical_slot(std::string name, Instant) override {
    calls.push_back("create " + name);
    co_return Result<void>();
  }
  Task<Result<void>> drop_slot(std::string name, Instant) override {
    calls.push_back("drop " + name);
    co_return on_drop_slot(name);
  }
  std::function<Result<void>(const std::string&)> on_advance = [](const std::string&) { return Result<void>(); };
  Task<Result<void>> create_logical_slot(PermanentSlot slot, Instant) override {
    calls.push_back("create logical " + slot.name);
    co_return Result<void>();
  }
  Task<Result<void>> advance_slot(std::string name, std::string database, Lsn to, Instant) override {
    calls.push_back("advance " + name + " " + to_string(to) + (database.empty() ? "" : " in " + database));
    co_return on_advance(name);
  }
  Task<Result<void>> post_bootstrap(Instant) override { co_return Result<void>(); }
  Task<Result<void>> resume_replay(Instant) override { co_return Result<void>(); }
  SyncReplication sync;
  std::function<Result<Lsn>(const std::string&)> on_mark;
  Task<Result<SyncReplication>> sync_replication(Instant) override { co_return sync; }
  Task<Result<Lsn>> sync_mark(std::string names, bool, Instant) override {
    calls.push_back("mark " + names);
    co_return on_mark ? on_mark(names) : Result<Lsn>(sync.position);
  }

 private:
  ManualClock& clock_;
};

// What the probes find is the test's.
class FakeHealthProbes final : public HealthProbes {
 public:
  explicit FakeHealthProbes(ManualClock& clock) : clock_(clock) {}
  ConnectionAnswer connection{.answer = ProbeAnswer::fine()};
  ProbeAnswer committed = ProbeAnswer::fine();
  ProbeAnswer running = ProbeAnswer::fine();
  StorageAnswer volumes{.write = ProbeAnswer::fine(), .space = ProbeAnswer::fine()};
  Duration takes{0};
  int connects = 0;
  int commits = 0;
  int writes = 0;
  Task<ConnectionAnswer> connect(PostmasterId, Instant deadline) override {
    ++connects;
    co_await clock_.sleep_until(std::min(deadline, clock_.now() + takes));
    co_return connection;
  }
  Task<ProbeAnswer> commit(Instant) override {
    ++commits;
    co_return committed;
  }
  Task<ProbeAnswer> processes(PostmasterId, Instant) override { co_return running; }
  Task<StorageAnswer> storage(Instant) override {
    ++writes;
    co_return volumes;
  }

 private:
  ManualClock& clock_;
};

class FakePeers final : public Peers {
 public:
  std::vector<std::string> asked;
  std::function<PeerAnswer(const Member&)> answer = [](const Member& member) {
    PeerAnswer a;
    a.member = member.name;
    a.url = member.api_url;
    a.reach = PeerAnswer::Reach::Answered;
    a.received = member.xlog_location;
    a.timeline = member.timeline;
    return a;
  };
  Task<std::vector<PeerAnswer>> ask(std::vector<Member> members, Instant) override {
    std::vector<PeerAnswer> out;
    for (const Member& member : members) {
      asked.push_back(member.name);
      out.push_back(answer(member));
    }
    co_return out;
  }
  struct Question {
    Instant at;
    FailsafeQuestion question;
    std::vector<std::string> members;
  };
  std::vector<Question> consents;
  ManualClock* clock = nullptr;  // for answers that take their time
  Duration consent_takes{0};
  std::function<ConsentAnswer::Kind(const Member&)> consent = [](const Member&) {
    return ConsentAnswer::Kind::Accepted;
  };
  Task<std::vector<ConsentAnswer>> ask_consent(FailsafeQuestion question, std::vector<Member> members,
                                               Instant deadline) override {
    Question& asked_now = consents.emplace_back();
    if (clock) asked_now.at = clock->now();
    asked_now.question = question;
    std::vector<ConsentAnswer> out;
    for (const Member& member : members) {
      asked_now.members.push_back(member.name);
      const ConsentAnswer::Kind kind = consent(member);
      out.push_back({member.name, member.api_url, kind, kind == ConsentAnswer::Kind::Accepted ? "" : "no"});
    }
    if (clock) co_await clock->sleep_until(std::min(clock->now() + consent_takes, deadline));
    co_return out;
  }
};

class FakeCallbacks final : public Callbacks {
 public:
  std::vector<std::pair<Event, Role>> called;
  void update_settings(const Settings&) override {}
  void call(Event event, Role role) override { called.emplace_back(event, role); }
};

class FixedSettings final : public SettingsSource {
 public:
  explicit FixedSettings(std::shared_ptr<const Settings>& settings) : settings_(settings) {}
  std::vector<bool> minima;
  std::vector<json::object> documents;
  std::shared_ptr<const Settings> current() const override { return settings_; }
  Task<Result<std::shared_ptr<const Settings>>> reload_local() override { co_return settings_; }
  Result<std::shared_ptr<const Settings>> apply_dynamic(const json::object& document) override {
    documents.push_back(document);
    return settings_;
  }
  SettingsInputs inputs() const override {
    SettingsInputs out;
    out.build.local = {{"name", settings_->name}, {"scope", settings_->scope}};
    out.build.dynamic = settings_->dynamic_document;
    return out;
  }
  void set_peer_minima(bool hold) override { minima.push_back(hold); }

 private:
  std::shared_ptr<const Settings>& settings_;
};

class FixedRandom final : public Random {
 public:
  std::uint64_t below(std::uint64_t) override { return 0; }
};

class FixedLock final : public LockGate {
 public:
  std::optional<LockProof> held;
  std::optional<LockProof> proof() const override { return held; }
  Task<bool> confirm(Duration, Instant) override { co_return held.has_value(); }
  Task<Result<void>> take(Instant) override { co_return Result<void>(); }
  Task<WriteKind> release(std::optional<StatusDocument>, Instant) override { co_return WriteKind::Applied; }
};

// All of them, with the state that the parts of the engine share. Member n1 of batman.
class EngineParts {
 public:
  EngineParts() {
    auto s = std::make_shared<Settings>();
    s->name = "n1";
    s->scope = "batman";
    settings = s;
    state.settings = settings;
  }
  // Changes the settings in force.
  void configure(const std::function<void(Settings&)>& change) {
    auto s = std::make_shared<Settings>(*settings);
    change(*s);
    settings = s;
    state.settings = settings;
  }
  void runs_as(bool primary) {
    PostgresStatus& pg = postgres.status;
    pg.data_dir = DataDirState::Present;
    pg.process = ProcessState::Running;
    pg.accepting = Accepting::Yes;
    pg.control.emplace();
    pg.control->system_identifier = "7711230260053689444";
    pg.row.emplace();
    pg.row->in_recovery = !primary;
    pg.row->timeline = Timeline{1};
    pg.row->write_lsn = pg.row->replayed_lsn = Lsn{0x5000000};
    state.postgres = pg;
    state.memory.role = primary ? Role::Primary : Role::Replica;
  }
  ProcedureContext context_with(LockGate& lock) {
    return {.my_name = "n1",
            .clock = clock,
            .store = store,
            .server = postgres,
            .data = postgres,
            .sql = postgres,
            .watchdog = watchdog,
            .callbacks = callbacks,
            .local = local,
            .lock = lock,
            .log = log,
            .settings = [this] { return settings; },
            .view = [this] { return view; },
            .report = [this](const tamada::Event& event) { events.push_back(event.kind); },
            .show = [](std::optional<PgState>) {},
            .publish = []() -> Task<void> { co_return; }};
  }

  LogCapture log_lines;
  Logger log{log_lines, "test"};
  ManualClock clock;
  FixedRandom random;
  std::shared_ptr<const Settings> settings;
  FixedSettings source{settings};
  FakeStore store{clock};
  FakePostgres postgres{clock};
  FakePeers peers;
  FakeWatchdog watchdog{clock};
  FakeCallbacks callbacks;
  FakeLocalState local{clock};
  std::shared_ptr<const ClusterView> view;
  std::vector<tamada::Event::Kind> events;
  FakeHealthProbes health{clock};
  EnginePorts ports{clock,    random, source,   store,     postgres, postgres,
                    postgres, peers,  watchdog, callbacks, local,    health};
  EngineState state{.ports = ports, .log = log};
};

// Three members that all answer, n1 leads.
inline ClusterView healthy_view() {
  ClusterView view;
  for (int i = 1; i <= 3; ++i) {
    Member m;
    m.name = "n" + std::to_string(i);
    m.conn_url = "postgres://127.0.0.1:555" + std::to_string(i) + "/postgres";
    m.api_url = "http://127.0.0." + std::to_string(i) + ":8008/patroni";
    m.state = PgState::Running;
    m.role = i == 1 ? Role::Primary : Role::Replica;
    m.timeline = Timeline{1};
    m.xlog_location = Lsn{0x5000000};
    view.members.push_back(std::move(m));
  }
  view.leader = LeaderEntry{{"n1", 7, "a"}, 9};
  view.status = StatusDocument{Lsn{0x5000000}, {}, {}};
  view.status_revision = 11;
  view.store_id = "store-1";
  view.revision = 20;
  return view;
}

}  // namespace tamada::test
