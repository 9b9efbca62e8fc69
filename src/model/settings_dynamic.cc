#include <algorithm>

#include "base/python_text.h"
#include "base/text.h"
#include "base/units.h"
#include "model/settings_build.h"
#include "model/settings_merge.h"
#include "model/settings_sections.h"

namespace tamada {

namespace {

using std::chrono::seconds;

SynchronousMode synchronous_mode(SettingReader& in) {
  const json::value* value = in.raw("synchronous_mode");
  if (value == nullptr) {
    in.note_origin("synchronous_mode", "default");
    in.note_value("synchronous_mode", false);
    return SynchronousMode::Off;
  }
  const std::string word = value->is_structured() ? "" : to_lower(python_text(*value));
  if (word == "quorum") return SynchronousMode::Quorum;
  const auto on = parse_boolean(word);
  if (!on) {
    in.refuse("synchronous_mode", "a boolean or quorum", "using false");
    in.note_value("synchronous_mode", false);
  }
  return on.value_or(false) ? SynchronousMode::On : SynchronousMode::Off;
}

// The old name counts when the new one is not there.
std::int64_t renamed(SettingReader& in, std::string_view name, std::string_view old_name) {
  if (!in.has(name)) {
    if (const auto value = in.optional_integer(old_name)) return *value;
  }
  return in.integer(name);
}

// One number, or one for each host with commas.
bool usable_ports(const std::string& text) {
  const std::vector<std::string> ports = split(text, ',');
  return std::all_of(ports.begin(), ports.end(), [](const std::string& port) {
    const auto number = parse_integer(port);
    return number && *number > 0 && *number < 65536;
  });
}

std::optional<StandbyClusterSettings> standby_cluster(SettingReader& in) {
  const auto says = [&in](std::string_view path) {
    const json::value* value = in.raw(path);
    return value != nullptr && is_truthy(*value);
  };
  const bool active =
      says("standby_cluster.host") || says("standby_cluster.port") || says("standby_cluster.restore_command");
  if (!active) return std::nullopt;
  StandbyClusterSettings out;
  out.host = in.text("standby_cluster.host");
  out.port = in.text("standby_cluster.port");
  std::erase(out.host, ' ');  // "a, b": libpq would look for a host named " b"
  std::erase(out.port, ' ');
  if (!out.port.empty() && !usable_ports(out.port)) {
    in.refuse("standby_cluster.port", "a port, or one for each host with commas", "using 5432");
    out.port = "5432";
  }
  if (out.host.empty() && !out.port.empty()) out.host = "localhost";
  out.primary_slot_name = in.optional_text("standby_cluster.primary_slot_name");
  if (in.has("standby_cluster.create_replica_methods")) {
    out.create_replica_methods = in.text_list("standby_cluster.create_replica_methods");
  }
  out.restore_command = in.text("standby_cluster.restore_command");
  out.archive_cleanup_command = in.text("standby_cluster.archive_cleanup_command");
  out.recovery_min_apply_delay = in.text("standby_cluster.recovery_min_apply_delay");
  return out;
}

// In a standby cluster nobody is writable under the lock.
void without_effect(SettingReader& in, const std::string& mode) {
  in.warn(mode + " has no effect in a standby cluster");
  in.note_value(mode, false);
  in.note_reason(mode, "has no effect in a standby cluster");
}

json::object permanent_slots(SettingReader& in) {
  for (const char* name : {"permanent_replication_slots", "permanent_slots", "slots"}) {
    if (in.has(name)) return in.mapping(name);
  }
  return {};
}

void raise(seconds& value, seconds least, std::string_view name, std::vector<std::string>& warnings) {
  if (value >= least) return;
  warnings.push_back(std::string(name) + "=" + std::to_string(value.count()) + " can't be smaller than " +
                     std::to_string(least.count()) + ", adjusting");
  value = least;
}

std::string timing_text(const DynamicSettings& d) {
  return "ttl=" + std::to_string(d.ttl.count()) + ", loop_wait=" + std::to_string(d.loop_wait.count()) +
         ", retry_timeout=" + std::to_string(d.retry_timeout.count());
}

}  // namespace

void correct_timing(DynamicSettings& dynamic, bool peer_minima, std::vector<std::string>& warnings) {
  raise(dynamic.ttl, seconds(peer_minima ? 20 : 3), "ttl", warnings);
  raise(dynamic.loop_wait, seconds(1), "loop_wait", warnings);
  raise(dynamic.retry_timeout, seconds(peer_minima ? 3 : 1), "retry_timeout", warnings);
  const std::string before = timing_text(dynamic);
  if (seconds(1) + 2 * dynamic.retry_timeout > dynamic.ttl) {
    dynamic.loop_wait = seconds(1);
    dynamic.retry_timeout = (dynamic.ttl - seconds(1)) / 2;
  } else if (dynamic.loop_wait + 2 * dynamic.retry_timeout > dynamic.ttl) {
    dynamic.loop_wait = dynamic.ttl - 2 * dynamic.retry_timeout;
  } else {
    return;
  }
  warnings.push_back("Violated the rule \"loop_wait + 2*retry_timeout <= ttl\" with " + before + "; using " +
                     timing_text(dynamic));
}

DynamicSettings build_dynamic(SettingReader& in) {
  DynamicSettings out;
  out.ttl = in.seconds("ttl");
  out.loop_wait = in.seconds("loop_wait");
  out.retry_timeout = in.seconds("retry_timeout");
  out.maximum_lag_on_failover = static_cast<std::uint64_t>(in.integer("maximum_lag_on_failover"));
  out.maximum_lag_on_syncnode = in.integer("maximum_lag_on_syncnode");
  out.max_timelines_history = static_cast<int>(in.integer("max_timelines_history"));
  out.check_timeline = in.boolean("check_timeline");
  out.primary_start_timeout = seconds(renamed(in, "primary_start_timeout", "master_start_timeout"));
  out.primary_stop_timeout = seconds(renamed(in, "primary_stop_timeout", "master_stop_timeout"));
  out.synchronous_mode = synchronous_mode(in);
  out.synchronous_mode_strict = in.boolean("synchronous_mode_strict");
  out.synchronous_node_count = static_cast<int>(in.integer("synchronous_node_count"));
  out.failsafe_mode = in.boolean("failsafe_mode");
  out.pause = in.boolean("pause");
  out.member_slots_ttl = in.seconds("member_slots_ttl");
  out.standby_cluster = standby_cluster(in);
  out.slots = permanent_slots(in);
  out.ignore_slots = in.list("ignore_slots");
  if (out.synchronous_mode_strict && out.synchronous_node_count < 1) {
    out.synchronous_node_count = 1;
    in.note_value("synchronous_node_count", 1);
    in.note_reason("synchronous_node_count", "synchronous_mode_strict needs at least 1");
  }
  if (out.standby_cluster && out.synchronous_mode != SynchronousMode::Off) {
    without_effect(in, "synchronous_mode");
    out.synchronous_mode = SynchronousMode::Off;
  }
  if (out.standby_cluster && out.failsafe_mode) {
    without_effect(in, "failsafe_mode");
    out.failsafe_mode = false;
  }
  return out;
}

}  // namespace tamada
