#include "postgres/recovery_settings.h"

#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "base/units.h"
#include "postgres/conninfo.h"
#include "postgres/version_table.h"

namespace tamada {

namespace {

bool wants_nobody(const Settings& settings, const FollowTarget& target) {
  return target.host.empty() || settings.tags.nostream();
}

// Renames what another version calls differently and drops what this one does not know.
GucMap fit_to_version(const GucMap& settings, int version) {
  GucMap result;
  for (const auto& [raw, value] : settings) {
    const std::string name = to_lower(raw);
    if (name == "trigger_file" || name == "promote_trigger_file") {
      if (auto fitting = trigger_file_guc(version); !fitting.empty()) result[std::string(fitting)] = value;
    } else if (name == "pause_at_recovery_target" && version >= 90500) {
      // 9.5 replaced the boolean by an action.
      if (find_guc(settings, "recovery_target_action") == nullptr)
        result["recovery_target_action"] = parse_boolean(value).value_or(true) ? "pause" : "promote";
    } else if (name == "recovery_target_action" && version != 0 && version < 90500) {
      if (value == "promote") result["pause_at_recovery_target"] = "false";
    } else if (guc_exists(version, name)) {
      result[name] = value;
    }
  }
  return result;
}

// Where the WAL may come from besides a stream, on every member; the delay is the standby leader's, or it would add up.
void add_standby_cluster(const Settings& settings, const FollowTarget& target, int version, GucMap& result) {
  if (!settings.dynamic.standby_cluster) return;
  const StandbyClusterSettings& remote = *settings.dynamic.standby_cluster;
  if (!remote.restore_command.empty()) result["restore_command"] = remote.restore_command;
  if (!remote.archive_cleanup_command.empty()) result["archive_cleanup_command"] = remote.archive_cleanup_command;
  if (target.remote && !remote.recovery_min_apply_delay.empty() && guc_exists(version, "recovery_min_apply_delay"))
    result["recovery_min_apply_delay"] = remote.recovery_min_apply_delay;
}

bool uses_passfile(const Settings& settings, int version) {
  return pg_version(version).passfile && !settings.postgresql.pgpass.empty() &&
         settings.postgresql.replication.contains("password");
}

// Our own reader of the key=value form: libpq refuses keys that are newer than itself, such as sslnegotiation.
std::optional<std::map<std::string, std::string>> read_pairs(std::string_view text) {
  std::map<std::string, std::string> pairs;
  for (text = trim(text); !text.empty(); text = trim(text)) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string key(trim(text.substr(0, equals)));
    text = trim(text.substr(equals + 1));
    const bool quoted = text.starts_with('\'');
    if (quoted) text.remove_prefix(1);
    std::string value;
    bool closed = !quoted;
    while (!text.empty()) {
      char c = text.front();
      text.remove_prefix(1);
      if (quoted ? c == '\'' : c == ' ' || c == '\t' || c == '\n') {
        closed = true;
        break;
      }
      if (c == '\\' && !text.empty()) {
        c = text.front();
        text.remove_prefix(1);
      }
      value += c;
    }
    if (!closed) return std::nullopt;
    pairs[key] = value;
  }
  return pairs;
}

std::optional<std::map<std::string, std::string>> read_conninfo(const std::string& text) {
  if (!text.starts_with("postgres://") && !text.starts_with("postgresql://")) return read_pairs(text);
  auto parsed = parse_conninfo(text);
  if (!parsed) return std::nullopt;
  return std::map<std::string, std::string>(parsed->items().begin(), parsed->items().end());
}

std::string default_of(std::string_view key) {
  if (key == "sslmode" || key == "gssencmode" || key == "channel_binding") return "prefer";
  if (key == "sslnegotiation") return "postgres";
  return {};
}

std::string value_of(const std::map<std::string, std::string>& info, const std::string& key) {
  if (auto it = info.find(key); it != info.end()) return it->second;
  if (auto it = info.find("requiressl"); key == "sslmode" && it != info.end() && it->second == "1") return "require";
  return default_of(key);
}

bool compared_by_us(std::string_view name) {
  return name != "pause_at_recovery_target" && name != "recovery_target_inclusive" &&
         name != "recovery_target_action" && name != "standby_mode" && name != "trigger_file" &&
         name != "promote_trigger_file";
}

// Set by an included file of the user and not steered by us: tolerated.
bool tolerated_when_not_wanted(std::string_view name) {
  return name == "archive_cleanup_command" || name == "recovery_end_command" || name == "recovery_min_apply_delay" ||
         name == "restore_command";
}

bool same_value(const std::string& name, const std::string& wanted, const std::string& in_force, int version) {
  if (name == "primary_conninfo") return same_conninfo(wanted, in_force, {.from_receiver = false, .version = version});
  if (name == "recovery_min_apply_delay") {
    auto a = parse_integer(wanted.empty() ? "0" : wanted, "ms");
    auto b = parse_integer(in_force.empty() ? "0" : in_force, "ms");
    return a && b && *a == *b;
  }
  return wanted == in_force;
}

}  // namespace

std::string primary_conninfo(const Settings& settings, const FollowTarget& target, int version) {
  if (wants_nobody(settings, target)) return {};
  const PostgresSettings& postgres = settings.postgresql;
  const ConnectTarget where{target.host, target.port};
  const bool all_levels_below_4 = settings.compatibility != Compatibility::V4_1;
  Conninfo info = make_conninfo(postgres.replication, where, all_levels_below_4 ? std::string() : postgres.database);
  info.set("application_name", settings.name);
  if (!info.has("sslmode")) info.set("sslmode", "prefer");
  const PgVersion& features = pg_version(version);
  if (features.gssencmode && !info.has("gssencmode")) info.set("gssencmode", "prefer");
  if (features.channel_binding && !info.has("channel_binding")) info.set("channel_binding", "prefer");
  if (features.sslnegotiation && !info.has("sslnegotiation")) info.set("sslnegotiation", "postgres");
  if (!features.gssencmode) info = info.without("gssencmode");
  if (!features.channel_binding) info = info.without("channel_binding");
  if (!features.sslnegotiation) info = info.without("sslnegotiation");
  if (version != 0 && version < 130000) info = info.without("sslpassword");
  if (version != 0 && version < 140000) info = info.without("sslcrldir");
  if (!postgres.krbsrvname.empty()) info.set("krbsrvname", postgres.krbsrvname);
  // Several hosts of a remote cluster: only the primary among them is wanted.
  if (target.remote && version >= 100000) prefer_writable_host(info);
  if (uses_passfile(settings, version)) info = info.without("password").set("passfile", postgres.pgpass);
  return info.text();
}

std::string follow_pgpass(const Settings& settings, const FollowTarget& target, int version) {
  if (wants_nobody(settings, target) || !uses_passfile(settings, version)) return {};
  return pgpass_content({target.host, target.port}, settings.postgresql.replication);
}

GucMap recovery_settings(const Settings& settings, const RecoveryRequest& request) {
  const int version = request.version;
  const GucMap& configured =
      request.from_parameters.empty() ? settings.postgresql.recovery_conf : request.from_parameters;
  GucMap base;
  for (const auto& [name, value] : configured) {
    const std::string lower = to_lower(name);
    if (lower.starts_with("recovery_target") || lower == "primary_conninfo" || lower == "primary_slot_name") continue;
    base[lower] = value;
  }
  GucMap result = fit_to_version(base, version);
  if (pg_version(version).recovery_conf) {
    result["standby_mode"] = "on";
  } else {
    for (const char* target : {"recovery_target", "recovery_target_name", "recovery_target_time", "recovery_target_xid",
                               "recovery_target_lsn"})
      result[target] = "";
  }
  result["recovery_target_timeline"] = "latest";
  if (std::string info = primary_conninfo(settings, request.follow, version); !info.empty()) {
    result["primary_conninfo"] = info;
    if (!request.follow.slot.empty() && pg_version(version).slots && settings.postgresql.use_slots)
      result["primary_slot_name"] = request.follow.slot;
  }
  add_standby_cluster(settings, request.follow, version, result);
  return result;
}

GucMap bootstrap_recovery_settings(const GucMap& configured, int version) {
  GucMap result = fit_to_version(configured, version);
  if (!pg_version(version).recovery_conf) erase_guc(result, "standby_mode");
  return result;
}

bool same_conninfo(const std::string& wanted, const std::string& running, const ConninfoComparison& how) {
  if (wanted.empty() || running.empty()) return wanted.empty() == running.empty();
  auto want = read_conninfo(wanted);
  auto have = read_conninfo(running);
  if (!want || !have) return wanted == running;
  for (const auto& [key, value] : *want) {
    if (key == "dbname" && (how.from_receiver || how.version < 170000)) continue;
    if (key == "password" && how.from_receiver) continue;
    if (value_of(*have, key) != value) return false;
  }
  return true;
}

std::set<std::string> recovery_differences(const GucMap& wanted, const GucMap& in_force, int version) {
  std::set<std::string> names;
  for (const auto& [name, value] : wanted) {
    const std::string* current = find_guc(in_force, name);
    if (compared_by_us(name) && !same_value(name, value, current ? *current : std::string(), version))
      names.insert(name);
  }
  for (const auto& [raw, value] : in_force) {
    const std::string name = to_lower(raw);
    if (value.empty() || !is_recovery_guc(name) || !compared_by_us(name) || find_guc(wanted, name) != nullptr) continue;
    if (!tolerated_when_not_wanted(name) || name == "primary_conninfo" || name == "primary_slot_name")
      names.insert(name);
  }
  return names;
}

bool recovery_needs_restart(const std::set<std::string>& names, int version) {
  for (const std::string& name : names)
    if (recovery_guc_needs_restart(version, name)) return true;
  return false;
}

}  // namespace tamada
