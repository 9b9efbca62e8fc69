// The PostgreSQL ports of one simulated daemon. Each call asks the world before its effect and before its answer
// whether the daemon dies there; what a killed daemon leaves behind is what the real tools would leave.
#pragma once

#include <memory>

#include "model/settings.h"
#include "ports/health_probes.h"
#include "ports/postgres.h"
#include "sim/clock.h"
#include "sim/postgres.h"

namespace tamada::sim {

class SimPostgresPort {
 public:
  SimPostgresPort(SimProcess& process, SimPostgres& postgres)
      : process_(process), postgres_(postgres), clock_(process) {}

 protected:
  // Works for `d`; false when the deadline came first.
  Task<bool> work(Duration d, Instant deadline);
  Task<bool> work(Duration low, Duration high, Instant deadline) { return work(postgres_.takes(low, high), deadline); }
  Error too_late(std::string_view what) const;
  SimWorld& world() { return process_.world(); }
  bool reachable(const SimPostgres& other);

  SimProcess& process_;
  SimPostgres& postgres_;
  SimClock clock_;
};

class SimPostgresServer final : public PostgresServer, private SimPostgresPort {
 public:
  SimPostgresServer(SimProcess& process, SimPostgres& postgres) : SimPostgresPort(process, postgres) {}
  ~SimPostgresServer() override;
  void set_listener(PostgresListener* listener) override { listener_ = listener; }
  void update_settings(const Settings& settings) override { use_rewind_ = settings.postgresql.use_pg_rewind; }
  Task<PostgresStatus> observe(bool with_query, Instant deadline) override;
  Task<Result<void>> attach(Instant deadline) override;
  Task<Result<PostmasterId>> start(StartRequest request, Instant deadline) override;
  Task<Result<void>> stop(StopMode mode, Instant deadline) override;
  Task<Result<void>> promote(Instant deadline) override;
  Task<Result<bool>> follow(FollowTarget target, Instant deadline) override;
  bool follow_differs(const FollowTarget& target, const PostgresStatus& status) const override;
  Task<Result<ReloadOutcome>> apply_settings(bool force, Instant deadline) override;
  Task<Result<ParameterOutlook>> preview_settings(Settings settings, Instant deadline) override;
  Task<Result<void>> set_synchronous_standby_names(std::string value, Instant deadline) override;
  Task<Result<void>> run_script(std::string command, std::vector<std::string> arguments, Instant deadline) override;
  bool can_rewind(const PostgresStatus& status) const override {
    return use_rewind_ && status.control && status.control->wal_log_hints;
  }
  void detach() override;

 private:
  void watch_postmaster();
  PostgresListener* listener_ = nullptr;
  bool use_rewind_ = true;
};

class SimPostgresData final : public PostgresData, private SimPostgresPort {
 public:
  SimPostgresData(SimProcess& process, SimPostgres& postgres) : SimPostgresPort(process, postgres) {}
  Task<Result<void>> initdb(Instant deadline) override;
  Task<Result<void>> custom_bootstrap(Instant deadline) override { return initdb(deadline); }
  Task<Result<void>> clone(CloneSource source, bool only_basebackup, Instant deadline) override;
  Task<Result<std::string>> move_aside(Instant deadline) override;
  Task<TimelineComparison> compare_timelines(const Member& leader, const PostgresStatus& status,
                                             Instant deadline) override;
  Task<Result<void>> rewind(const Member& leader, Instant deadline) override;
  Task<Result<void>> crash_recovery(Instant deadline) override;
  Task<Result<void>> pass_over_timelines(Timeline own, Timeline last, Instant deadline) override;
  Task<Result<std::vector<HistoryLine>>> read_history(Timeline timeline, Instant deadline) override;
  Task<Result<void>> archive_shutdown_checkpoint(Instant) override { co_return Result<void>(); }  // there is no archive
  Task<Result<Lsn>> shutdown_checkpoint(Instant deadline) override;
  Task<Result<std::vector<SlotInfo>>> slots_of(const Member& primary, Instant deadline) override;
  Task<Result<std::vector<LogicalSlotState>>> read_logical_slots(const Member& primary,
                                                                 std::vector<PermanentSlot> wanted,
                                                                 Instant deadline) override;
  Task<Result<void>> install_logical_slots(std::vector<LogicalSlotState> slots, Instant deadline) override;

 private:
  void destroying(PostgresWitness::Destroyed what);
};

class SimPostgresSql final : public PostgresSql, private SimPostgresPort {
 public:
  SimPostgresSql(SimProcess& process, SimPostgres& postgres) : SimPostgresPort(process, postgres) {}
  Task<Result<void>> checkpoint(Instant deadline) override;
  Task<Result<std::vector<SlotInfo>>> slots(Instant deadline) override;
  Task<Result<void>> create_physical_slot(std::string name, Instant deadline) override;
  Task<Result<void>> drop_slot(std::string name, Instant deadline) override;
  Task<Result<void>> create_logical_slot(PermanentSlot slot, Instant deadline) override;
  Task<Result<void>> advance_slot(std::string name, std::string database, Lsn to, Instant deadline) override;
  Task<Result<void>> post_bootstrap(Instant deadline) override;
  Task<Result<void>> resume_replay(Instant deadline) override;
  Task<Result<SyncReplication>> sync_replication(Instant deadline) override;
  Task<Result<Lsn>> sync_mark(std::string names, bool waiting_is_on, Instant deadline) override;

 private:
  // A session and a statement of this length; an error when PostgreSQL cannot serve it in time.
  Task<Result<void>> statement(Duration low, Duration high, Instant deadline);
};

class SimHealthProbes final : public HealthProbes, private SimPostgresPort {
 public:
  SimHealthProbes(SimProcess& process, SimPostgres& postgres) : SimPostgresPort(process, postgres) {}
  Task<ConnectionAnswer> connect(PostmasterId postmaster, Instant deadline) override;
  Task<ProbeAnswer> commit(Instant deadline) override;
  Task<ProbeAnswer> processes(PostmasterId postmaster, Instant deadline) override;
  Task<StorageAnswer> storage(Instant deadline) override;
};

}  // namespace tamada::sim
