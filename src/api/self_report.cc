#include "api/self_report.h"

#include <array>

#include "api/access.h"
#include "base/text.h"
#include "model/compatibility.h"

namespace tamada {

namespace {

std::string parameter(const Settings& settings, std::string_view name) {
  for (const auto& [key, value] : settings.postgresql.parameters) {
    if (equal_ignoring_case(key, name)) return value;
  }
  return "";
}

std::string_view watchdog_word(WatchdogSettings::Mode mode) {
  switch (mode) {
    case WatchdogSettings::Mode::Off:
      return "off";
    case WatchdogSettings::Mode::Automatic:
      return "automatic";
    case WatchdogSettings::Mode::Required:
      return "required";
  }
  return "";
}

// Lines for clients on the network that ask for no password; those from this host are the operator's business.
json::array trusting_lines(const PostgresSettings& settings) {
  json::array out;
  for (const std::string& line : settings.pg_hba.value_or(std::vector<std::string>{})) {
    const auto words = split_list(line, ' ');
    const bool network = words.size() >= 5 && words[0].starts_with("host") && words.back() == "trust";
    if (!network || words[3].starts_with("127.") || words[3].starts_with("::1") || words[3] == "localhost") continue;
    out.push_back(json::value(line));
  }
  return out;
}

std::string_view archiving(const Settings& settings) {
  const std::string mode = to_lower(parameter(settings, "archive_mode"));
  if (mode.empty() || mode == "off" || mode == "false" || mode == "no" || mode == "0") return "off";
  const bool somewhere =
      !trim(parameter(settings, "archive_command")).empty() || !trim(parameter(settings, "archive_library")).empty();
  return somewhere ? "on" : "nowhere";
}

bool keeps_wal(const Settings& settings) {
  for (const char* name : {"wal_keep_size", "wal_keep_segments"}) {
    const std::string value = parameter(settings, name);
    if (!value.empty() && value[0] >= '1' && value[0] <= '9') return true;
  }
  return false;
}

void add_limits(json::object& out, const Snapshot& snapshot) {
  struct Limit {
    const char* name;
    int ControlData::* field;
  };
  static constexpr std::array<Limit, 5> kLimits{{{"max_connections", &ControlData::max_connections},
                                                 {"max_worker_processes", &ControlData::max_worker_processes},
                                                 {"max_wal_senders", &ControlData::max_wal_senders},
                                                 {"max_prepared_transactions", &ControlData::max_prepared_xacts},
                                                 {"max_locks_per_transaction", &ControlData::max_locks_per_xact}}};
  const auto& control = snapshot.postgres.control;
  for (const Limit& limit : kLimits) {
    if (control) out[limit.name] = (*control).*limit.field;
    const std::string configured = parameter(*snapshot.settings, limit.name);
    if (!configured.empty()) out[std::string("configured_") + limit.name] = configured;
  }
  if (!control) return;
  out["wal_log_hints"] = control->wal_log_hints;
  out["data_checksums"] = control->data_checksums;
}

void add_volume(json::object& out, std::string_view name, const std::optional<VolumeSpace>& space) {
  if (space) out[name] = {{"total_bytes", space->total_bytes}, {"free_bytes", space->free_bytes}};
}

}  // namespace

json::object self_report(const Snapshot& snapshot) {
  const Settings& settings = *snapshot.settings;
  const RestApiSettings& rest = settings.restapi;
  json::object out{{"compatibility", to_string(settings.compatibility)},
                   {"watchdog", watchdog_word(settings.watchdog.mode)},
                   {"rest_authentication", !rest.username.empty()},
                   {"rest_tls", !rest.certfile.empty()}};
  const bool guarded = !rest.username.empty() || !rest.allowlist.empty() || rest.allowlist_include_members ||
                       rest.verify_client != RestApiSettings::VerifyClient::None;
  out["writes_open"] = !guarded && !closed_by_default(rest);
  out["use_pg_rewind"] = settings.postgresql.use_pg_rewind;
  out["use_slots"] = settings.postgresql.use_slots;
  out["keeps_wal"] = keeps_wal(settings);
  out["archiving"] = archiving(settings);
  out["hba_trust"] = trusting_lines(settings.postgresql);
  out["log_level"] = settings.log.level;
  add_limits(out, snapshot);
  add_volume(out, "data_volume", snapshot.health.data_volume);
  add_volume(out, "wal_volume", snapshot.health.wal_volume);
  return out;
}

}  // namespace tamada
