#include "postgres/timeline_check.h"

#include <charconv>

#include <fmt/format.h>

#include "base/text.h"
#include "host/files.h"
#include "postgres/data_files.h"
#include "postgres/leader_probe.h"
#include "postgres/local_address.h"

namespace tamada {

namespace {

constexpr std::uint64_t kWalPage = 8192;
constexpr std::uint64_t kPageHeader = 24;
constexpr std::uint64_t kSegmentHeader = 40;
constexpr std::uint64_t kSegment = 16 * 1024 * 1024;

TimelineComparison unknown(std::string because) {
  return {TimelineComparison::Verdict::Unknown, std::move(because), {}};
}

// As xlogreader.c counts it: the length is rounded up to 8, a record that crosses pages skips their headers.
Lsn record_end(Lsn start, std::uint64_t length) {
  std::uint64_t at = start.bytes;
  while (true) {
    std::uint64_t room = kWalPage - at % kWalPage;
    if (length <= room) return {at + (length + 7) / 8 * 8};
    length -= room;
    at += room;
    at += at % kSegment == 0 ? kSegmentHeader : kPageHeader;
  }
}

// The text between `before` and the next comma or blank.
std::string_view field(std::string_view line, std::string_view before) {
  auto at = line.find(before);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + before.size());
  line = trim(line);
  return line.substr(0, line.find_first_of(", \t"));
}

Task<Result<LocalEnd>> running_end(DataContext context, const PostgresStatus& status, Instant deadline) {
  LocalEnd end;
  if (!status.row) {
    // A standby that does not let anybody in yet: it has replayed at least this much.
    if (status.control && status.control->state == ControlState::InArchiveRecovery) {
      StoppedEnd stopped = stopped_end(*status.control);
      if (stopped.end && !stopped.end->former_primary) co_return *stopped.end;
    }
    co_return Error(ErrorCode::Unavailable, "postgres here is not ready for a query");
  }
  auto identity = co_await identify_system(context, local_target(context.postgres(), LocalUse::Replication), deadline);
  if (identity) {
    end.timeline = identity->timeline;
  } else {
    context.log.warning("postgres here did not identify its system, its status row has to do: {}",
                        identity.error().text());
    end.timeline = status.row->timeline;
  }
  if (status.row->in_recovery) {
    end.position = status.row->replayed_lsn;
    end.received = status.row->received_lsn;
    co_return end;
  }
  end.former_primary = true;
  end.position = identity ? identity->position : status.row->write_lsn;
  end.checkpoint_end = end.position;
  co_return end;
}

Task<Result<LocalEnd>> local_end(DataContext context, const PostgresStatus& status, Instant deadline) {
  if (status.process == ProcessState::Running) co_return co_await running_end(context, status, deadline);
  if (status.process != ProcessState::NotRunning) {
    co_return Error(ErrorCode::Unavailable, "processes of postgres still work in the data directory");
  }
  if (!status.control) co_return Error(ErrorCode::Unavailable, "the control file could not be read");
  StoppedEnd stopped = stopped_end(*status.control);
  if (!stopped.end) co_return Error(ErrorCode::Unavailable, stopped.why);
  co_return *stopped.end;
}

}  // namespace

Result<WalRecord> parse_waldump_record(std::string_view output) {
  auto begin = output.find("rmgr: ");
  if (begin == std::string_view::npos) return Error(ErrorCode::Failed, "pg_waldump showed no record");
  std::string_view line = output.substr(begin);
  line = line.substr(0, line.find('\n'));
  auto slash = line.find("len (rec/tot):");
  auto tot = slash == std::string_view::npos ? slash : line.find('/', slash + 14);
  std::uint64_t length = 0;
  if (tot != std::string_view::npos) {
    std::string_view digits = trim(line.substr(tot + 1, line.find(',', tot) - tot - 1));
    auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (ec != std::errc() || end != digits.data() + digits.size()) length = 0;
  }
  auto start = parse_lsn(field(line, "lsn:"));
  auto previous = parse_lsn(field(line, "prev"));
  if (length == 0 || !start || !previous) return Error(ErrorCode::Failed, "pg_waldump showed an unreadable record");
  WalRecord record;
  record.end = record_end(*start, length);
  record.previous = *previous;
  record.is_switch = line.find("desc: SWITCH") != std::string_view::npos;
  return record;
}

Task<Result<WalRecord>> read_wal_record(DataContext context, Timeline timeline, Lsn at, Instant deadline) {
  std::string wal = wal_directory(context.data_dir());
  std::string tool = wal.ends_with("pg_xlog") ? "pg_xlogdump" : "pg_waldump";
  ToolRun run{.tool = tool, .environment = {{"LANG", "C"}, {"LC_ALL", "C"}}};
  run.arguments = {"-p", wal, "-t", std::to_string(timeline.id), "-s", to_string(at), "-n", "1"};
  auto exit = co_await run_tool(context, std::move(run), deadline);
  if (!exit) co_return exit.error();
  auto record = parse_waldump_record(exit->out);
  if (!record && !exit->ok()) co_return require_success(exit, tool).error();
  co_return record;
}

Task<TimelineComparison> compare_with_leader(DataContext context, Member leader, PostgresStatus status,
                                             Instant deadline) {
  // The local end first: the leader's position only grows.
  auto local = co_await local_end(context, status, deadline);
  if (!local) co_return unknown(local.error().text());
  auto facts = co_await probe_leader(context, leader, deadline);
  if (!facts) co_return unknown(facts.error().text());
  if (status.control && !status.control->system_identifier.empty() &&
      status.control->system_identifier != facts->identity.system_identifier) {
    co_return unknown(fmt::format("leader {} has system identifier {}, this member {}: another cluster", leader.name,
                                  facts->identity.system_identifier, status.control->system_identifier));
  }
  if (needs_checkpoint_end(*local, facts->history)) {
    auto record = co_await read_wal_record(context, local->timeline, local->position, deadline);
    if (!record) co_return unknown(record.error().wrap("the end of the last checkpoint record is not known").text());
    local->checkpoint_end = record->end;
  }
  TimelineComparison comparison = compare_histories(*local, facts->history);
  comparison.leader_timeline = facts->history.timeline;
  co_return comparison;
}

}  // namespace tamada
