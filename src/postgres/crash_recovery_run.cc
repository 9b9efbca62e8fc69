#include "postgres/crash_recovery_run.h"

#include <algorithm>
#include <bit>
#include <filesystem>

#include <fmt/format.h>

#include "base/text.h"
#include "host/blocking_pool.h"
#include "host/files.h"
#include "postgres/config_files.h"
#include "postgres/data_files.h"

namespace tamada {

namespace {

namespace fs = std::filesystem;

constexpr Duration kArchivePatience = 300s;  // for one segment
constexpr Duration kFilePatience = 60s;

Result<std::vector<std::string>> waiting_segments(const std::string& status_dir) {
  std::vector<std::string> names;
  std::error_code ec;
  fs::directory_iterator entries(status_dir, ec);
  if (ec) return names;
  for (const auto& entry : entries) {
    std::string name = entry.path().filename().string();
    if (name.ends_with(".ready")) names.push_back(name.substr(0, name.size() - 6));
  }
  std::sort(names.begin(), names.end());
  return names;
}

// False when the archive cannot take it: the rest would fail likewise.
Task<bool> archive_segment(DataContext context, std::string command, std::string file) {
  std::string wal = wal_directory(context.data_dir());
  std::string relative = fs::path(wal).filename().string() + "/" + file;
  ChildSpec spec;
  spec.argv = {"/bin/sh", "-c", fill_archive_command(command, relative, file)};
  spec.directory = context.data_dir();
  auto exit = co_await run_child(context.pg.clock, std::move(spec), context.pg.clock.now() + kArchivePatience);
  auto done = require_success(exit, fmt::format("archiving {}", file));
  if (!done) {
    context.log.warning("{}", done.error().text());
    co_return false;
  }
  std::string status = join_path(join_path(wal, "archive_status"), file);
  auto work = [status]() -> Result<void> { return rename_file(status + ".ready", status + ".done"); };
  auto marked =
      co_await context.pg.pool.run("marking a segment as archived", work, context.pg.clock.now() + kFilePatience);
  if (!marked) context.log.warning("{}", marked.error().text());
  co_return true;
}

struct LastStart {
  std::string options;  // postmaster.opts
  std::string pid;      // of a stale postmaster.pid; empty when there is none
};

// What must be gone before the server runs alone; tells what is known of its last start.
Result<LastStart> prepare_directory(const std::string& data_dir) {
  if (path_exists(join_path(data_dir, "backup_label"))) {
    return Error(ErrorCode::Conflict, fmt::format("data directory {} holds a backup_label: it is a copy that was not "
                                                  "started yet, no crashed server",
                                                  data_dir));
  }
  auto options = read_file_if_exists(join_path(data_dir, "postmaster.opts"));
  if (!options) return options.error();
  auto pid_file = read_file_if_exists(join_path(data_dir, "postmaster.pid"));
  if (!pid_file) return pid_file.error();
  std::string status_dir = join_path(wal_directory(data_dir), "archive_status");
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(status_dir, ec)) {
    std::error_code ignored;
    fs::remove(entry.path(), ignored);
  }
  auto removed = remove_recovery_files(data_dir);
  if (!removed) return removed.error();
  LastStart last{options->value_or(std::string()), std::string(trim(split(pid_file->value_or(""), '\n').front()))};
  bool number = last.pid.find_first_not_of("0123456789") == std::string::npos;
  if (!number) last.pid.clear();
  return last;
}

// Every segment of a cluster has the same size, a power of two.
std::uint64_t segment_size_in(const std::string& wal) {
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(wal, ec)) {
    if (!is_wal_segment(entry.path().filename().string())) continue;
    const auto size = fs::file_size(entry.path(), ec);
    if (!ec && size >= 1024 * 1024 && std::has_single_bit(size)) return size;
  }
  return 0;
}

Result<void> mark_for_archiving(const std::string& wal, Timeline timeline, Lsn at) {
  const std::uint64_t size = segment_size_in(wal);
  if (size == 0) return Error(ErrorCode::NotFound, fmt::format("there is no WAL segment in {}", wal));
  const std::string name = wal_segment_name(timeline, at, size);
  const std::string status = join_path(join_path(wal, "archive_status"), name);
  if (!path_exists(join_path(wal, name)))
    return Error(ErrorCode::NotFound, fmt::format("there is no {} in {}", name, wal));
  if (path_exists(status + ".done")) return {};
  return write_file_atomic(status + ".ready", "", 0600);
}

}  // namespace

std::vector<std::string> options_of_last_start(std::string_view postmaster_opts) {
  std::vector<std::string> options;
  auto words = split_command(postmaster_opts);
  if (!words) return options;
  for (const auto& word : *words) {
    auto equals = word.find('=');
    if (!word.starts_with("--") || equals == std::string::npos) continue;
    std::string name = replace_all(to_lower(word.substr(2, equals - 2)), "-", "_");
    if (name == "data_directory" || name == "archive_mode" || name == "archive_command") continue;
    options.push_back(word);
  }
  return options;
}

std::string fill_archive_command(std::string_view command, std::string_view path, std::string_view file) {
  std::string out;
  for (std::size_t i = 0; i < command.size(); ++i) {
    char next = i + 1 < command.size() ? command[i + 1] : 0;
    if (command[i] != '%' || (next != 'p' && next != 'f' && next != '%')) {
      out += command[i];
      continue;
    }
    out += next == 'p' ? path : next == 'f' ? file : std::string_view("%");
    ++i;
  }
  return out;
}

Task<void> archive_waiting_segments(DataContext context, Instant deadline) {
  std::string status_dir = join_path(wal_directory(context.data_dir()), "archive_status");
  auto names = co_await context.pg.pool.run(
      "reading archive_status", [status_dir] { return waiting_segments(status_dir); }, deadline);
  if (!names || names->empty()) co_return;
  auto mode = co_await configured_value(context, "archive_mode", deadline);
  auto command = co_await configured_value(context, "archive_command", deadline);
  if (!mode || !command || *mode == "off" || command->empty()) co_return;
  context.log.info("archiving {} segments that were waiting when postgres ended", names->size());
  for (const auto& name : *names) {
    bool archived = co_await archive_segment(context, *command, name);
    if (!archived) co_return;
  }
}

std::string wal_segment_name(Timeline timeline, Lsn at, std::uint64_t segment_size) {
  const std::uint64_t number = at.bytes / segment_size;
  const std::uint64_t per_id = 0x100000000ULL / segment_size;
  return fmt::format("{:08X}{:08X}{:08X}", timeline.id, number / per_id, number % per_id);
}

Task<Result<void>> archive_last_segment(DataContext context, Instant deadline) {
  auto control = co_await read_control(context, deadline);
  if (!control) co_return control.error();
  if (control->state != ControlState::ShutDown) {
    co_return Error(ErrorCode::Conflict, "postgres has not written its shutdown checkpoint");
  }
  // With "always" the standby archives that very segment itself once it is full.
  auto mode = co_await configured_value(context, "archive_mode", deadline);
  if (!mode) co_return mode.error();
  if (*mode != "on") co_return Result<void>();
  auto work = [wal = wal_directory(context.data_dir()), timeline = control->timeline, at = control->checkpoint] {
    return mark_for_archiving(wal, timeline, at);
  };
  auto marked = co_await context.pg.pool.run("marking the last segment for archiving", work, deadline);
  if (!marked) co_return marked;
  co_await archive_waiting_segments(context, deadline);
  co_return Result<void>();
}

Task<Result<void>> run_crash_recovery(DataContext context, Instant deadline) {
  auto alone = co_await require_alone(context, deadline);
  if (!alone) co_return alone;
  co_await archive_waiting_segments(context, deadline);
  std::string data_dir = context.data_dir();
  auto last_start = co_await context.pg.pool.run(
      "preparing crash recovery", [data_dir] { return prepare_directory(data_dir); }, deadline);
  if (!last_start) co_return last_start.error();

  ToolRun run{.tool = "postgres", .writes = true};
  run.arguments = {"--single", "-D", data_dir};
  for (auto& option : options_of_last_start(last_start->options)) run.arguments.push_back(std::move(option));
  run.arguments.insert(run.arguments.end(), {"--archive_mode=on", "--archive_command=false", "template1"});
  // No process works here, so the pid file is stale; its pid may be another program's or a zombie's by now, and
  // PostgreSQL would take that for a running server.
  if (!last_start->pid.empty()) run.environment["PG_GRANDPARENT_PID"] = last_start->pid;
  context.log.warning("running single-user crash recovery in {}", data_dir);
  auto exit = co_await run_tool(context, std::move(run), deadline);
  if (exit) {
    for (const auto& line : split(exit->err, '\n')) {
      if (!trim(line).empty()) context.log.info("single-user postgres: {}", line);
    }
  }
  co_return require_success(exit, "single-user crash recovery");
}

}  // namespace tamada
