// The data directory of the managed PostgreSQL: PostgresData over the real programs and files. Engine thread; files are
// touched on the pool only. A call works with the settings that were in force when it began.
#pragma once

#include <memory>

#include "base/log.h"
#include "ports/postgres.h"
#include "postgres/data_context.h"

namespace tamada {

class LocalPostgresData final : public PostgresData {
 public:
  LocalPostgresData(PgContext context, Settings initial, Logger log);

  // Takes effect for the next call.
  void update_settings(const Settings& settings);

  Task<Result<void>> initdb(Instant deadline) override;
  Task<Result<void>> custom_bootstrap(Instant deadline) override;
  Task<Result<void>> clone(CloneSource source, bool only_basebackup, Instant deadline) override;
  Task<Result<std::string>> move_aside(Instant deadline) override;
  Task<TimelineComparison> compare_timelines(const Member& leader, const PostgresStatus& status,
                                             Instant deadline) override;
  Task<Result<void>> rewind(const Member& leader, Instant deadline) override;
  Task<Result<void>> crash_recovery(Instant deadline) override;
  Task<Result<void>> pass_over_timelines(Timeline own, Timeline last, Instant deadline) override;
  Task<Result<std::vector<HistoryLine>>> read_history(Timeline timeline, Instant deadline) override;
  Task<Result<void>> archive_shutdown_checkpoint(Instant deadline) override;
  Task<Result<Lsn>> shutdown_checkpoint(Instant deadline) override;
  Task<Result<std::vector<SlotInfo>>> slots_of(const Member& primary, Instant deadline) override;
  Task<Result<std::vector<LogicalSlotState>>> read_logical_slots(const Member& primary,
                                                                 std::vector<PermanentSlot> wanted,
                                                                 Instant deadline) override;
  Task<Result<void>> install_logical_slots(std::vector<LogicalSlotState> slots, Instant deadline) override;
  std::shared_ptr<const CloneProgress> clone_progress() const override { return context_.progress; }

 private:
  DataContext context_;
};

}  // namespace tamada
