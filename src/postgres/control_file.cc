#include "postgres/control_file.h"

#include <array>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include "base/text.h"
#include "postgres/crc32c.h"

namespace tamada {

namespace {

// Offsets in struct ControlFileData on the 64-bit platforms PostgreSQL runs on; from the definition of the struct in
// catalog/pg_control.h of each version. 17 put wal_level into padding of the checkpoint; 18 added
// default_char_signedness before the nonce, which moved the CRC.
constexpr std::size_t kSystemIdentifier = 0;
constexpr std::size_t kControlVersion = 8;
constexpr std::size_t kState = 16;
constexpr std::size_t kCheckpoint = 32;
constexpr std::size_t kRedo = 40;
constexpr std::size_t kTimeline = 48;
constexpr std::size_t kMinRecoveryPoint = 136;
constexpr std::size_t kMinRecoveryTimeline = 144;
constexpr std::size_t kWalLogHints = 176;
constexpr std::size_t kMaxConnections = 180;
constexpr std::size_t kMaxWorkerProcesses = 184;
constexpr std::size_t kMaxWalSenders = 188;
constexpr std::size_t kMaxPreparedXacts = 192;
constexpr std::size_t kMaxLocksPerXact = 196;
constexpr std::size_t kDataChecksumVersion = 252;

struct Layout {
  std::uint32_t version;
  std::size_t crc;
};
constexpr Layout kLayouts[] = {{1300, 288}, {1700, 288}, {1800, 292}};

constexpr std::array<std::string_view, 7> kStateWords{"starting up",   "shut down",         "shut down in recovery",
                                                      "shutting down", "in crash recovery", "in archive recovery",
                                                      "in production"};

template <class T>
T field(std::string_view bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::int64_t number_of(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Lsn lsn_of(std::string_view text) {
  auto lsn = parse_lsn(text);
  return lsn ? *lsn : Lsn{};
}

void assign(ControlData& data, std::string_view key, std::string_view value) {
  const auto integer = [&] { return static_cast<int>(number_of(value)); };
  const auto timeline = [&] { return Timeline{static_cast<std::uint32_t>(number_of(value))}; };
  if (key == "Database cluster state")
    data.state = parse_control_state(value);
  else if (key == "Database system identifier")
    data.system_identifier = value;
  else if (key == "pg_control version number")
    data.pg_control_version = integer();
  else if (key == "Latest checkpoint location")
    data.checkpoint = lsn_of(value);
  else if (key == "Latest checkpoint's REDO location")
    data.redo = lsn_of(value);
  else if (key == "Latest checkpoint's TimeLineID")
    data.timeline = timeline();
  else if (key == "Minimum recovery ending location")
    data.min_recovery_end = lsn_of(value);
  else if (key == "Min recovery ending loc's timeline")
    data.min_recovery_timeline = timeline();
  // "Current" stood before these names until 9.4.
  else if (key == "wal_log_hints setting" || key == "Current wal_log_hints setting")
    data.wal_log_hints = value == "on";
  else if (key == "max_connections setting" || key == "Current max_connections setting")
    data.max_connections = integer();
  else if (key == "max_worker_processes setting" || key == "Current max_worker_processes setting")
    data.max_worker_processes = integer();
  else if (key == "max_wal_senders setting")
    data.max_wal_senders = integer();
  else if (key == "max_prepared_xacts setting" || key == "Current max_prepared_xacts setting")
    data.max_prepared_xacts = integer();
  else if (key == "max_locks_per_xact setting" || key == "Current max_locks_per_xact setting")
    data.max_locks_per_xact = integer();
  else if (key == "Data page checksum version")
    data.data_checksums = number_of(value) != 0;
}

}  // namespace

ControlState parse_control_state(std::string_view text) {
  for (std::size_t i = 0; i < kStateWords.size(); ++i)
    if (kStateWords[i] == text) return static_cast<ControlState>(i + 1);
  return ControlState::Unknown;
}

std::string_view to_string(ControlState state) {
  const auto index = static_cast<std::size_t>(state);
  return index >= 1 && index <= kStateWords.size() ? kStateWords[index - 1] : "unknown";
}

Result<ControlData> parse_control_file(std::string_view bytes) {
  if (bytes.size() < kControlVersion + 4)
    return Error(ErrorCode::Invalid, fmt::format("pg_control has only {} bytes", bytes.size()));
  const auto version = field<std::uint32_t>(bytes, kControlVersion);
  const Layout* layout = nullptr;
  for (const Layout& known : kLayouts)
    if (known.version == version) layout = &known;
  if (layout == nullptr)
    return Error(ErrorCode::Unsupported, fmt::format("pg_control has version {}, whose layout is not known", version));
  if (bytes.size() < layout->crc + 4)
    return Error(ErrorCode::Invalid, fmt::format("pg_control has only {} bytes", bytes.size()));
  const auto stored = field<std::uint32_t>(bytes, layout->crc);
  if (crc32c(bytes.substr(0, layout->crc)) != stored)
    return Error(ErrorCode::Invalid, "pg_control has a wrong checksum", "the file is damaged or was being written");

  ControlData data;
  data.pg_control_version = static_cast<int>(version);
  data.system_identifier = fmt::format("{}", field<std::uint64_t>(bytes, kSystemIdentifier));
  const auto state = field<std::uint32_t>(bytes, kState);
  data.state = state < kStateWords.size() ? static_cast<ControlState>(state + 1) : ControlState::Unknown;
  data.checkpoint.bytes = field<std::uint64_t>(bytes, kCheckpoint);
  data.redo.bytes = field<std::uint64_t>(bytes, kRedo);
  data.timeline.id = field<std::uint32_t>(bytes, kTimeline);
  data.min_recovery_end.bytes = field<std::uint64_t>(bytes, kMinRecoveryPoint);
  data.min_recovery_timeline.id = field<std::uint32_t>(bytes, kMinRecoveryTimeline);
  data.wal_log_hints = field<std::uint8_t>(bytes, kWalLogHints) != 0;
  data.max_connections = field<std::int32_t>(bytes, kMaxConnections);
  data.max_worker_processes = field<std::int32_t>(bytes, kMaxWorkerProcesses);
  data.max_wal_senders = field<std::int32_t>(bytes, kMaxWalSenders);
  data.max_prepared_xacts = field<std::int32_t>(bytes, kMaxPreparedXacts);
  data.max_locks_per_xact = field<std::int32_t>(bytes, kMaxLocksPerXact);
  data.data_checksums = field<std::uint32_t>(bytes, kDataChecksumVersion) != 0;
  return data;
}

Result<ControlData> parse_pg_controldata(std::string_view output) {
  ControlData data;
  std::string other;
  for (const std::string& line : split(output, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) {
      if (!trim(line).empty()) other += (other.empty() ? "" : " ") + std::string(trim(line));
      continue;
    }
    assign(data, trim(std::string_view(line).substr(0, colon)), trim(std::string_view(line).substr(colon + 1)));
  }
  if (data.system_identifier.empty() && data.state == ControlState::Unknown)
    return Error(ErrorCode::Failed, "pg_controldata printed no control data" + (other.empty() ? "" : ": " + other));
  return data;
}

}  // namespace tamada
