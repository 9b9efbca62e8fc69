// The managed PostgreSQL's process and configuration (ports/postgres.h): launches, stops, promotes, watches and
// configures the server of one data directory. What needs SQL goes through StatusQuery.
//
// Engine thread. Everything that touches files or /proc runs on the pool; work that hung and was given up is fenced by
// a generation, so that it can neither write a file nor kill a process later. Exceptions to the pool: spawning the
// postmaster and signals through pidfds, which must not happen after the caller gave up.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "host/blocking_pool.h"
#include "ports/postgres.h"
#include "postgres/config_plan.h"
#include "postgres/data_directory.h"
#include "postgres/guc_changes.h"
#include "postgres/postmaster.h"
#include "postgres/postmaster_watch.h"
#include "postgres/status_query.h"

namespace tamada {

class LocalPostgresServer final : public PostgresServer {
 public:
  LocalPostgresServer(Executor executor, Clock& clock, BlockingPool& pool, StatusQuery& query, const Settings& settings,
                      Logger log);
  ~LocalPostgresServer() override;

  void set_listener(PostgresListener* listener) override { listener_ = listener; }
  void update_settings(const Settings& settings) override;
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
  bool can_rewind(const PostgresStatus& status) const override;
  void detach() override;

 private:
  struct Gate;

  // Looks, on the pool.
  enum class Storage { Asked, NotTouched };
  enum class Workers { All, OnlyOrphans };
  Task<Result<PostmasterLook>> look_at_processes(Instant deadline, Storage storage = Storage::Asked,
                                                 Workers workers = Workers::All);
  Task<Result<DataDirectoryLook>> look_at_files(Instant deadline);
  Task<Result<ControlData>> run_pg_controldata(Instant deadline);
  Task<void> observe_files(PostgresStatus& status, Instant deadline);
  Task<void> observe_timeline(StatusRow& row, Instant deadline);
  Task<void> observe_server(PostgresStatus& status, bool with_query, Instant deadline);
  Task<void> after_first_answer(Instant deadline);
  Task<void> probe_rewind(Instant deadline);
  void note_postmaster(const std::optional<PostmasterId>& postmaster);
  void tell_refusal(const std::string& why);
  void postmaster_ended(PostmasterId id, std::optional<ReapedStatus> status);

  // Starting.
  Task<Result<void>> check_start(Instant deadline);
  Task<int> program_version(Instant deadline);

  // Stopping.
  Task<Result<void>> signal_and_wait(const PostmasterLook& look, int signal, Instant deadline);
  Task<Result<void>> clear_directory(StopMode mode, Instant deadline);

  // Configuration.
  ConfigCircumstances circumstances(const DataDirectoryLook& look) const;
  Task<Result<ConfigPlan>> plan(RecoveryWish wish, Instant deadline);
  Task<Result<ConfigOutcome>> write(const ConfigPlan& plan, Instant deadline);
  Task<Result<ConfigPlan>> write_checked(RecoveryWish wish, Instant deadline);
  Task<Result<std::vector<Complaint>>> ask_for_complaints(const ConfigPlan& plan, Instant deadline);
  Task<Result<void>> read_running_values(Instant deadline);
  Task<Result<void>> wait_until_in_force(std::string name, std::string value, Instant deadline);
  Task<std::vector<GucRow>> rows_after_reload(std::string before, Instant deadline);
  Result<void> signal_postmaster(int signal);
  void remember(const ConfigPlan& plan);
  std::string program(const std::string& name) const;
  ChildSpec postmaster_command(const ConfigPlan& plan, int stale_pid) const;
  bool leaves_old_settings(const GucMap& wanted) const;

  Executor executor_;
  Clock& clock_;
  BlockingPool& pool_;
  // Of its own: looks for processes and kills must find a thread also when hanging files hold all of pool_.
  BlockingPool process_pool_;
  StatusQuery& query_;
  Settings settings_;
  Logger log_;
  PostgresListener* listener_ = nullptr;
  PostmasterWatch watch_;
  std::shared_ptr<Gate> gate_;               // writing files
  std::shared_ptr<Gate> kill_gate_;          // killing processes
  std::shared_ptr<std::atomic<int>> looks_;  // at files, not ended yet

  bool detached_ = false;
  std::optional<DirectoryId> directory_;    // as last seen, kept when the path is gone
  std::optional<PostmasterId> postmaster_;  // as last seen alive
  int version_ = 0;
  int program_version_ = 0;  // of the postgres program; 0 = not asked yet, or it does not say
  bool custom_bootstrap_ = false;
  std::optional<std::string> synchronous_names_;  // what the resolver set, or the server had when we attached
  std::optional<GucMap> recovery_;     // recovery settings in force, or configured while stopped; nullopt = unknown
  std::optional<GucMap> written_;      // part 3 of what was generated last
  GucMap written_recovery_;            // and part 6; what runs may differ until a restart
  bool wrote_recovery_ = false;        // it is ours, not what was found in somebody else's file
  Corrections corrections_;            // until the settings change
  std::optional<std::string> pgpass_;  // content of the password file as last written or read
  bool backup_due_ = false;            // copies of the configuration after the first answer of a new server
  std::optional<bool> rewind_runs_;    // pg_rewind --help ended with 0
  std::string control_problem_;        // last logged cause
  std::string directory_problem_;      // likewise
  std::string refused_;                // likewise: why the running server refuses our connection
};

}  // namespace tamada
