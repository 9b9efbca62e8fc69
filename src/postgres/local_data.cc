#include "postgres/local_data.h"

#include <sys/stat.h>

#include <cerrno>
#include <ctime>

#include <fmt/format.h>

#include "base/text.h"
#include "host/blocking_pool.h"
#include "host/files.h"
#include "postgres/cluster_creation.h"
#include "postgres/crash_recovery_run.h"
#include "postgres/data_files.h"
#include "postgres/replica_clone.h"
#include "postgres/rewind_run.h"
#include "postgres/slot_copy.h"
#include "postgres/timeline_check.h"
#include "postgres/timeline_history.h"

namespace tamada {

namespace {

// "_2026-11-23-08-15-00" at compatibility 1.5, else ".failed" (ha_behaviour.md 5.8).
std::string aside_suffix(const DataContext& context) {
  if (context.settings->compatibility != Compatibility::V1_5) return ".failed";
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(context.pg.clock.wall_now().time_since_epoch());
  std::time_t time = seconds.count();
  std::tm local{};
  localtime_r(&time, &local);
  char text[32];
  std::strftime(text, sizeof text, "_%Y-%m-%d-%H-%M-%S", &local);
  return text;
}

Result<void> leave_placeholders(const std::string& directory, Timeline own, Timeline last) {
  for (Timeline t{own.id + 1}; t <= last; ++t.id) {
    const std::string path = join_path(directory, history_file_name(t));
    if (path_exists(path)) continue;
    // A comment only: a history without an ancestor, which nothing here can be a child of.
    const std::string text = fmt::format("# timeline {} was begun by another member of the cluster\n", t.id);
    if (auto written = write_file_atomic(path, text, 0600); !written) return written;
  }
  return sync_directory(directory);
}

Result<std::vector<HistoryLine>> read_history_file(const std::string& path) {
  auto text = read_file(path);
  if (!text) return text.error();
  auto lines = parse_timeline_history(*text);
  if (!lines) return lines.error().wrap(path + " cannot be read");
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return errno_error("cannot look at", path, errno);
  if (lines->empty()) return lines;
  // The file is written when its timeline begins: that is the time of the last switch.
  auto since_epoch = std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec);
  std::tm local{};
  localtime_r(&info.st_mtim.tv_sec, &local);
  WallTime modified(std::chrono::duration_cast<Duration>(since_epoch));
  lines->back().timestamp = format_iso8601(modified, static_cast<int>(local.tm_gmtoff / 60));
  lines->back().elements = 4;
  return lines;
}

Task<Result<Lsn>> final_position(DataContext context, Instant deadline) {
  auto control = co_await read_control(context, deadline);
  if (!control) co_return control.error();
  if (control->state != ControlState::ShutDown) {
    co_return Error(ErrorCode::Conflict, "postgres has not written its shutdown checkpoint");
  }
  // With archiving on a WAL switch precedes the checkpoint; standbys may have no more than that.
  auto checkpoint = co_await read_wal_record(context, control->timeline, control->checkpoint, deadline);
  if (!checkpoint || !checkpoint->previous.known()) co_return control->checkpoint;
  auto before = co_await read_wal_record(context, control->timeline, checkpoint->previous, deadline);
  co_return before && before->is_switch ? checkpoint->previous : control->checkpoint;
}

Task<Result<std::string>> move_data(DataContext context, Instant deadline) {
  auto moved = std::make_shared<std::string>();
  auto work = [moved, data_dir = context.data_dir(),
               suffix = aside_suffix(context)](const std::atomic<bool>&) -> Result<void> {
    auto name = move_data_directory(data_dir, suffix);
    if (!name) return name.error();
    *moved = std::move(*name);
    return {};
  };
  if (auto alone = co_await require_alone(context, deadline); !alone) co_return alone.error();
  context.log.warning("moving data directory {} aside", context.data_dir());
  auto done = co_await run_on_directory(context, "moving the data directory aside", std::move(work), deadline);
  if (!done) co_return done.error();
  co_return *moved;
}

}  // namespace

LocalPostgresData::LocalPostgresData(PgContext context, Settings initial, Logger log)
    : context_{context, std::make_shared<DirectoryGate>(), std::make_shared<const Settings>(std::move(initial)),
               std::move(log)} {}

void LocalPostgresData::update_settings(const Settings& settings) {
  context_.settings = std::make_shared<const Settings>(settings);
}

Task<Result<void>> LocalPostgresData::initdb(Instant deadline) {
  return create_with_initdb(context_, deadline);
}

Task<Result<void>> LocalPostgresData::custom_bootstrap(Instant deadline) {
  return create_with_script(context_, deadline);
}

Task<Result<void>> LocalPostgresData::clone(CloneSource source, bool only_basebackup, Instant deadline) {
  return clone_data(context_, std::move(source), only_basebackup, deadline);
}

Task<Result<std::string>> LocalPostgresData::move_aside(Instant deadline) {
  return move_data(context_, deadline);
}

Task<TimelineComparison> LocalPostgresData::compare_timelines(const Member& leader, const PostgresStatus& status,
                                                              Instant deadline) {
  return compare_with_leader(context_, leader, status, deadline);
}

Task<Result<void>> LocalPostgresData::rewind(const Member& leader, Instant deadline) {
  return run_rewind(context_, leader, deadline);
}

Task<Result<void>> LocalPostgresData::crash_recovery(Instant deadline) {
  return run_crash_recovery(context_, deadline);
}

Task<Result<void>> LocalPostgresData::pass_over_timelines(Timeline own, Timeline last, Instant deadline) {
  auto work = [directory = wal_directory(context_.data_dir()), own, last] {
    return leave_placeholders(directory, own, last);
  };
  return context_.pg.pool.run("passing over timelines that others have made", work, deadline);
}

Task<Result<std::vector<HistoryLine>>> LocalPostgresData::read_history(Timeline timeline, Instant deadline) {
  std::string data_dir = context_.data_dir();
  auto work = [data_dir, timeline] {
    return read_history_file(join_path(wal_directory(data_dir), history_file_name(timeline)));
  };
  return context_.pg.pool.run("reading a timeline history file", work, deadline);
}

Task<Result<void>> LocalPostgresData::archive_shutdown_checkpoint(Instant deadline) {
  return archive_last_segment(context_, deadline);
}

Task<Result<Lsn>> LocalPostgresData::shutdown_checkpoint(Instant deadline) {
  return final_position(context_, deadline);
}

Task<Result<std::vector<SlotInfo>>> LocalPostgresData::slots_of(const Member& primary, Instant deadline) {
  return slots_of_primary(context_, primary, deadline);
}

Task<Result<std::vector<LogicalSlotState>>> LocalPostgresData::read_logical_slots(const Member& primary,
                                                                                  std::vector<PermanentSlot> wanted,
                                                                                  Instant deadline) {
  return read_slot_states(context_, primary, std::move(wanted), deadline);
}

Task<Result<void>> LocalPostgresData::install_logical_slots(std::vector<LogicalSlotState> slots, Instant deadline) {
  return install_slot_states(context_, std::move(slots), deadline);
}

}  // namespace tamada
