#include "postgres/server_parameters.h"

#include <charconv>

#include <fmt/format.h>

#include "base/text.h"
#include "base/units.h"
#include "postgres/config_check.h"
#include "postgres/version_table.h"

namespace tamada {

namespace {

constexpr std::int64_t kSegmentMb = 16;

void adapt_wal_level(GucMap& file, int version) {
  const std::string* level = find_guc(file, "wal_level");
  if (level == nullptr) return;
  const std::string lower = to_lower(*level);
  // 9.6 renamed it; both words mean the same.
  if (pg_version(version).number >= 90600 && lower == "hot_standby") set_guc(file, "wal_level", "replica");
  if (pg_version(version).number < 90600 && lower == "replica") set_guc(file, "wal_level", "hot_standby");
}

void adapt_wal_retention(GucMap& file, int version) {
  const std::string* segments = find_guc(file, "wal_keep_segments");
  const std::string* size = find_guc(file, "wal_keep_size");
  if (guc_exists(version, "wal_keep_size") && version != 0) {
    if (size == nullptr && segments != nullptr)
      if (auto count = parse_integer(*segments))
        set_guc(file, "wal_keep_size", fmt::format("{}MB", *count * kSegmentMb));
    erase_guc(file, "wal_keep_segments");
  } else if (version != 0) {
    if (segments == nullptr && size != nullptr)
      if (auto mb = parse_integer(*size, "MB"))
        set_guc(file, "wal_keep_segments", fmt::format("{}", (*mb + 8) / kSegmentMb));
    erase_guc(file, "wal_keep_size");
  }
}

void take_recovery_settings(GucMap& file, GucMap& recovery) {
  for (auto it = file.begin(); it != file.end();) {
    if (!is_recovery_guc(it->first)) {
      ++it;
      continue;
    }
    recovery.insert(*it);
    it = file.erase(it);
  }
}

void drop_unknown_to_version(GucMap& file, int version) {
  for (auto it = file.begin(); it != file.end();) it = guc_exists(version, it->first) ? std::next(it) : file.erase(it);
}

void raise_one(ServerParameters& result, int version, const std::string& name, int needed) {
  if (!standby_minimum_applies(version, name)) return;
  const std::string* configured = find_guc(result.file, name);
  if (configured == nullptr) return;
  auto value = parse_integer(*configured);
  if (!value || *value >= needed) return;
  result.raised[name] = {*configured, fmt::format("{}", needed)};
  set_guc(result.file, name, fmt::format("{}", needed));
}

void raise_for_standby(ServerParameters& result, int version, const ControlData& control) {
  raise_one(result, version, "max_connections", control.max_connections);
  raise_one(result, version, "max_prepared_transactions", control.max_prepared_xacts);
  raise_one(result, version, "max_locks_per_transaction", control.max_locks_per_xact);
  raise_one(result, version, "max_worker_processes", control.max_worker_processes);
  raise_one(result, version, "max_wal_senders", control.max_wal_senders);
}

// While synchronous mode is on the resolver's value counts and the user's is dropped. A value of the resolver that is
// not empty stays until the resolver itself clears it, also after the mode was switched off.
void apply_synchronous_names(GucMap& file, const Settings& settings, const ParameterRequest& request) {
  const auto& names = request.synchronous_standby_names;
  if (names && !names->empty()) {
    set_guc(file, "synchronous_standby_names", *names);
  } else if (settings.dynamic.synchronous_mode != SynchronousMode::Off) {
    erase_guc(file, "synchronous_standby_names");
  }
}

}  // namespace

const std::string* find_guc(const GucMap& map, std::string_view name) {
  if (auto it = map.find(std::string(name)); it != map.end()) return &it->second;
  for (const auto& [key, value] : map)
    if (equal_ignoring_case(key, name)) return &value;
  return nullptr;
}

void erase_guc(GucMap& map, std::string_view name) {
  for (auto it = map.begin(); it != map.end();)
    it = equal_ignoring_case(it->first, name) ? map.erase(it) : std::next(it);
}

void set_guc(GucMap& map, const std::string& name, std::string value) {
  erase_guc(map, name);
  map[name] = std::move(value);
}

ServerParameters server_parameters(const Settings& settings, const ParameterRequest& request) {
  ServerParameters result;
  for (const auto& [name, value] : settings.postgresql.parameters) set_guc(result.file, name, value);
  take_recovery_settings(result.file, result.recovery);
  drop_unknown_to_version(result.file, request.version);
  // Retention looks at both names, one of which the version does not know: taken from the settings again.
  for (const char* name : {"wal_keep_segments", "wal_keep_size"})
    if (const std::string* value = find_guc(settings.postgresql.parameters, name)) set_guc(result.file, name, *value);
  adapt_wal_retention(result.file, request.version);
  adapt_wal_level(result.file, request.version);
  apply_synchronous_names(result.file, settings, request);
  if (request.standby_of) raise_for_standby(result, request.version, *request.standby_of);
  if (request.custom_bootstrap) set_guc(result.file, "archive_mode", "off");
  apply_corrections(result.file, request.corrections);

  for (std::string_view name : kCommandLineGucs) {
    const std::string* value = find_guc(result.file, name);
    if (value == nullptr) continue;
    const bool promotes =
        request.custom_bootstrap && name == "hot_standby" && request.bootstrap_target_action == "promote";
    result.command_line.emplace_back(name, promotes ? "off" : *value);
  }
  return result;
}

}  // namespace tamada
