// All ports of a procedure in one fake, driven by a script: every call is a numbered step whose outcome the test
// chooses. The same procedure is run again with each step in turn failing, hanging, losing its answer, or ending the
// process; rules that must hold at every effect are checked here, in one place.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/async.h"
#include "procedures/context.h"
#include "support/jumping_clock.h"

namespace tamada::test {

using tamada::testing::JumpingClock;

enum class Outcome {
  Ok,
  Fail,  // no effect, an error
  Hang,  // no effect, the call ends at its deadline
  Lose,  // the effect happens, the answer is lost
  CrashBefore,
  CrashAfter,  // between effect and answer
};

struct Killed : std::runtime_error {
  Killed() : std::runtime_error("killed") {}
};

class SilentSink final : public LogSink {
 public:
  bool enabled(LogLevel, std::string_view) const override { return false; }
  void write(LogLevel, std::string_view, std::string) override {}
};

class ScriptedWorld final : public Store,
                            public PostgresServer,
                            public PostgresData,
                            public PostgresSql,
                            public Watchdog,
                            public Callbacks,
                            public LocalState,
                            public LockGate {
 public:
  ScriptedWorld();

  // The state of the member's world that outlives its daemon.
  enum class Server { Stopped, Standby, Primary };
  enum class Directory { Empty, Whole, Half };  // Half: neither removed nor complete
  Server server = Server::Standby;
  Directory directory = Directory::Whole;
  Timeline timeline{1};
  Timeline claimed;
  std::uint32_t numbers_passed_over = 0;  // by a promotion, because an archive has them
  bool lock_in_store = true;
  std::optional<WorkNote> work_note;
  std::optional<PromotionNote> promotion_note;
  std::optional<std::string> initialize;
  std::int64_t initialize_revision = 0;
  std::optional<std::string> sync;  // the key's value
  std::int64_t sync_revision = 0;
  bool config_written = false;
  bool moved_aside = false;
  bool standby_data = false;  // recovery settings were written by follow()
  std::vector<StartRequest> starts;
  std::vector<LogicalSlotState> leader_slots;  // what the leader has
  std::vector<std::string> installed_slots;
  Lsn replayed{0x3000000};
  std::optional<StatusDocument> final_status;                                   // given back with the lock
  TimelineComparison::Verdict verdict = TimelineComparison::Verdict::Diverged;  // of every comparison

  // The script: outcome of the step with this number, Ok for all others.
  int faulty_step = -1;
  Outcome fault = Outcome::Ok;
  Duration lock_validity{30s};                      // what a confirmed renewal leaves
  std::function<void()> written_meanwhile = [] {};  // by another member, while a confirmation is asked for

  std::vector<std::string> steps;  // what was called
  std::vector<tamada::Event> events;
  std::string all_steps() const;
  bool called(std::string_view what) const;
  int index_of(std::string_view what) const;  // -1 when it was not called

  ProcedureContext context();
  void drop_lock() { holds_ = false; }
  void take_lock() { holds_ = true; }
  // Runs to the end; nullopt = the process was killed on the way.
  std::optional<Result<void>> run(std::function<Task<Result<void>>(ProcedureContext&)> procedure);

  Settings settings;
  ClusterView view;

  JumpingClock clock;  // time only passes while somebody waits
  Instant now() const { return clock.now(); }

  // Store
  Task<Result<ClusterView>> load(Instant deadline) override;
  void watch(StoreListener&) override {}
  Task<Written<LockProof>> acquire_leader(AcquireRequest, Instant deadline) override;
  Task<Written<LockProof>> renew(LockGeneration, RenewRequest, Instant deadline) override;
  Task<Written<std::int64_t>> release(LockGeneration, std::optional<StatusDocument>, Instant deadline) override;
  Task<Written<LockProof>> adopt_leader(AdoptionRecord, std::chrono::seconds, Instant deadline) override;
  Task<Written<std::int64_t>> touch_member(std::string, std::chrono::seconds, bool, Instant deadline) override;
  Task<Written<std::int64_t>> write(StoreWrite request, Instant deadline) override;
  Task<Written<std::int64_t>> delete_cluster(Instant deadline) override;
  std::string_view kind() const override { return "scripted"; }
  Task<void> stop() override { co_return; }

  // PostgresServer
  void set_listener(PostgresListener*) override {}
  void update_settings(const Settings&) override {}
  Task<PostgresStatus> observe(bool with_query, Instant deadline) override;
  Task<Result<void>> attach(Instant deadline) override;
  Task<Result<PostmasterId>> start(StartRequest request, Instant deadline) override;
  Task<Result<void>> stop(StopMode mode, Instant deadline) override;
  Task<Result<void>> promote(Instant deadline) override;
  Task<Result<bool>> follow(FollowTarget target, Instant deadline) override;
  bool follow_differs(const FollowTarget&, const PostgresStatus&) const override { return true; }
  Task<Result<ReloadOutcome>> apply_settings(bool force, Instant deadline) override;
  Task<Result<ParameterOutlook>> preview_settings(Settings, Instant) override { co_return ParameterOutlook{}; }
  Task<Result<void>> set_synchronous_standby_names(std::string value, Instant deadline) override;
  Task<Result<void>> run_script(std::string command, std::vector<std::string>, Instant deadline) override;
  bool can_rewind(const PostgresStatus&) const override { return true; }
  void detach() override {}

  // PostgresData
  Task<Result<void>> initdb(Instant deadline) override;
  Task<Result<void>> custom_bootstrap(Instant deadline) override;
  Task<Result<void>> clone(CloneSource source, bool, Instant deadline) override;
  Task<Result<std::string>> move_aside(Instant deadline) override;
  Task<TimelineComparison> compare_timelines(const Member&, const PostgresStatus&, Instant deadline) override;
  Task<Result<void>> rewind(const Member&, Instant deadline) override;
  Task<Result<void>> crash_recovery(Instant deadline) override;
  Task<Result<void>> pass_over_timelines(Timeline own, Timeline last, Instant deadline) override;
  Task<Result<std::vector<HistoryLine>>> read_history(Timeline, Instant deadline) override;
  Task<Result<void>> archive_shutdown_checkpoint(Instant deadline) override;
  Task<Result<Lsn>> shutdown_checkpoint(Instant deadline) override;
  Task<Result<std::vector<SlotInfo>>> slots_of(const Member&, Instant deadline) override;
  Task<Result<std::vector<LogicalSlotState>>> read_logical_slots(const Member&, std::vector<PermanentSlot> wanted,
                                                                 Instant deadline) override;
  Task<Result<void>> install_logical_slots(std::vector<LogicalSlotState> slots, Instant deadline) override;

  // PostgresSql
  Task<Result<void>> checkpoint(Instant deadline) override;
  Task<Result<std::vector<SlotInfo>>> slots(Instant deadline) override;
  Task<Result<void>> create_physical_slot(std::string, Instant deadline) override;
  Task<Result<void>> drop_slot(std::string, Instant deadline) override;
  Task<Result<void>> create_logical_slot(PermanentSlot, Instant deadline) override;
  Task<Result<void>> advance_slot(std::string, std::string, Lsn, Instant deadline) override;
  Task<Result<void>> post_bootstrap(Instant deadline) override;
  Task<Result<void>> resume_replay(Instant deadline) override;
  Task<Result<SyncReplication>> sync_replication(Instant) override { co_return SyncReplication{}; }
  Task<Result<Lsn>> sync_mark(std::string names, bool waiting_is_on, Instant deadline) override;

  // Watchdog, Callbacks
  void update_settings(const WatchdogSettings&, std::chrono::seconds, std::chrono::seconds) override {}
  Task<Result<bool>> activate() override;
  void keepalive() override {}
  Task<void> disable() override { co_return; }
  bool running() const override { return true; }
  bool healthy() const override { return true; }
  void call(Event event, Role role) override;

  // LocalState
  Task<Result<std::optional<AdoptionRecord>>> load_adoption() override { co_return std::optional<AdoptionRecord>(); }
  Task<Result<void>> save_adoption(std::optional<AdoptionRecord>) override { co_return Result<void>(); }
  Task<Result<std::optional<PromotionNote>>> load_promotion_note() override { co_return promotion_note; }
  Task<Result<void>> save_promotion_note(std::optional<PromotionNote> note) override;
  Task<Result<std::optional<WorkNote>>> load_work_note() override { co_return work_note; }
  Task<Result<void>> save_work_note(std::optional<WorkNote> note) override;
  Task<Result<std::optional<PromiseRecord>>> load_promise() override { co_return std::optional<PromiseRecord>(); }
  Task<Result<void>> save_promise(PromiseRecord) override { co_return Result<void>(); }
  Task<Result<std::optional<SoundSlots>>> load_sound_slots() override { co_return std::optional<SoundSlots>(); }
  Task<Result<void>> save_sound_slots(SoundSlots) override { co_return Result<void>(); }
  Task<Result<std::optional<StoreMark>>> load_store_mark() override { co_return std::optional<StoreMark>(); }
  Task<Result<void>> save_store_mark(StoreMark) override { co_return Result<void>(); }
  Task<Result<std::optional<ScheduledRestart>>> load_scheduled_restart() override {
    co_return std::optional<ScheduledRestart>();
  }
  Task<Result<void>> save_scheduled_restart(std::optional<ScheduledRestart>) override { co_return Result<void>(); }
  Task<Result<std::optional<json::object>>> load_dynamic_cache() override { co_return std::optional<json::object>(); }
  Task<Result<void>> save_dynamic_cache(json::object) override { co_return Result<void>(); }
  std::string boot_id() const override { return "boot"; }

  // LockGate
  std::optional<LockProof> proof() const override;
  Task<bool> confirm(Duration needed, Instant deadline) override;
  Task<Result<void>> take(Instant deadline) override;
  Task<WriteKind> release(std::optional<StatusDocument> final_status, Instant deadline) override;

 private:
  enum class Step { Do, DoAndLose, Refuse, TimedOut };
  Step step(std::string name, Instant deadline);
  void done(Step step);  // after the effect; may end the process
  Error failure(Step step) const;
  Task<Result<void>> plain(std::string name, Instant deadline, std::function<void()> effect);
  Task<Written<std::int64_t>> written(std::string name, Instant deadline, std::function<std::int64_t()> effect);
  void must(bool condition, const char* rule) { EXPECT_TRUE(condition) << rule << "\nsteps:\n" << all_steps(); }

  boost::asio::io_context io_;
  SilentSink sink_;
  Logger log_{sink_, "test"};
  Instant valid_until_ = clock.time + 30s;
  bool holds_ = true;
  bool confirmed_since_last_wait_ = false;
  bool crash_after_ = false;
};

// Runs `procedure` without a fault, then with every kind of fault at each of its steps; `check` sees the world after
// each run, with the result (nullopt = killed).
void every_fault_at_every_step(std::function<void(ScriptedWorld&)> prepare,
                               std::function<Task<Result<void>>(ProcedureContext&)> procedure,
                               std::function<void(ScriptedWorld&, const std::optional<Result<void>>&)> check);

}  // namespace tamada::test
