#include "model/postgres_status.h"

#include <iterator>

#include <fmt/format.h>

namespace tamada {

namespace {

std::string_view word(DataDirState state) {
  switch (state) {
    case DataDirState::Unknown:
      return "unknown";
    case DataDirState::Missing:
      return "missing";
    case DataDirState::Empty:
      return "empty";
    case DataDirState::Present:
      return "present";
    case DataDirState::Inaccessible:
      return "inaccessible";
  }
  return "unknown";
}

std::string_view word(ProcessState state) {
  switch (state) {
    case ProcessState::Unknown:
      return "unknown";
    case ProcessState::NotRunning:
      return "not running";
    case ProcessState::Orphans:
      return "orphans";
    case ProcessState::Running:
      return "running";
    case ProcessState::SingleUser:
      return "single-user";
  }
  return "unknown";
}

std::string_view word(Accepting accepting) {
  switch (accepting) {
    case Accepting::Unknown:
      return "unknown";
    case Accepting::Yes:
      return "yes";
    case Accepting::Rejecting:
      return "rejecting";
    case Accepting::NoResponse:
      return "no response";
  }
  return "unknown";
}

// The words of pg_controldata.
std::string_view word(ControlState state) {
  switch (state) {
    case ControlState::Unknown:
      return "unknown";
    case ControlState::StartingUp:
      return "starting up";
    case ControlState::ShutDown:
      return "shut down";
    case ControlState::ShutDownInRecovery:
      return "shut down in recovery";
    case ControlState::ShuttingDown:
      return "shutting down";
    case ControlState::InCrashRecovery:
      return "in crash recovery";
    case ControlState::InArchiveRecovery:
      return "in archive recovery";
    case ControlState::InProduction:
      return "in production";
  }
  return "unknown";
}

std::string row_text(const StatusRow& row) {
  if (!row.in_recovery) return fmt::format("primary tl={} write={}", row.timeline.id, to_string(row.write_lsn));
  return fmt::format("standby tl={} received={} replayed={} receiver={}", row.timeline.id, to_string(row.received_lsn),
                     to_string(row.replayed_lsn), row.receiver_status.empty() ? "none" : row.receiver_status);
}

}  // namespace

std::string PostgresStatus::one_line() const {
  std::string out = fmt::format("data_dir={} process={}", word(data_dir), word(process));
  auto put = std::back_inserter(out);
  if (!data_dir_error.empty()) fmt::format_to(put, " data_dir_error='{}'", data_dir_error);
  if (postmaster) fmt::format_to(put, " pid={}", postmaster->pid);
  fmt::format_to(put, " accepting={}", word(accepting));
  if (row) fmt::format_to(put, " row=({})", row_text(*row));
  if (!row_error.empty()) fmt::format_to(put, " row_error='{}'", row_error);
  if (control) {
    fmt::format_to(put, " control=({} sysid={} tl={} checkpoint={})", word(control->state), control->system_identifier,
                   control->timeline.id, to_string(control->checkpoint));
  }
  if (recovery_configured) out += " recovery_configured";
  if (backup_label) out += " backup_label";
  return out;
}

}  // namespace tamada
