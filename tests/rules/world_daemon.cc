// The daemon: its settings, what else it observes, what it is doing and what came of it.
#include "rules/world.h"

#include <sstream>

#include "rules/world_words.h"

namespace tamada {

using namespace scenario;

std::string World::setting(const std::string& key, const std::string& value) {
  DynamicSettings& d = settings_.dynamic;
  PostgresSettings& p = settings_.postgresql;
  if (key == "me") {
    settings_.name = o_.my_name = value;
  } else if (key == "compatibility") {
    settings_.compatibility = *parse_compatibility(value);
  } else if (key == "ttl") {
    d.ttl = std::chrono::seconds(number(value));
  } else if (key == "loop_wait") {
    d.loop_wait = std::chrono::seconds(number(value));
  } else if (key == "maximum_lag_on_failover") {
    d.maximum_lag_on_failover = static_cast<std::uint64_t>(number(value));
  } else if (key == "check_timeline") {
    d.check_timeline = yes(value);
  } else if (key == "primary_start_timeout") {
    d.primary_start_timeout = std::chrono::seconds(number(value));
  } else if (key == "pause") {
    d.pause = yes(value);
  } else if (key == "failsafe_mode") {
    d.failsafe_mode = yes(value);
  } else if (key == "failsafe") {
    std::istringstream names(value);
    for (std::string name; std::getline(names, name, ',');)
      view_.failsafe[name] = fmt::format("http://{}:8008/patroni", name);
  } else if (key == "synchronous_mode") {
    d.synchronous_mode = value == "quorum" ? SynchronousMode::Quorum
                         : yes(value)      ? SynchronousMode::On
                                           : SynchronousMode::Off;
  } else if (key == "standby_cluster") {
    d.standby_cluster.reset();
    if (value != "no") d.standby_cluster = StandbyClusterSettings{.host = value, .port = "5433"};
    if (value == "archive") d.standby_cluster = StandbyClusterSettings{.restore_command = "fetch %f %p"};
  } else if (key == "health_policy") {
    for (const HealthCheck check : kHealthChecks) {
      p.health.checks[check].policy = value == "failover" ? HealthPolicy::Failover : HealthPolicy::Report;
    }
  } else if (key == "remove_on_diverged") {
    p.remove_data_directory_on_diverged_timelines = yes(value);
  } else if (key == "remove_on_rewind_failure") {
    p.remove_data_directory_on_rewind_failure = yes(value);
  } else {
    return "unknown setting: " + key;
  }
  return "";
}

std::string World::observe(const std::string& key, const std::string& value) {
  if (key == "can_rewind") {
    o_.can_rewind = yes(value);
  } else if (key == "bootstrap_allowed") {
    o_.bootstrap_allowed = yes(value);
  } else if (key == "can_clone_without_leader") {
    o_.can_clone_without_leader = yes(value);
  } else if (key == "watchdog_healthy") {
    o_.watchdog_healthy = yes(value);
  } else if (key == "watchdog_running") {
    o_.watchdog_running = yes(value);
  } else if (key == "follow_differs") {
    o_.follow_differs = yes(value);
  } else if (key == "failsafe_map_confirmed") {
    o_.failsafe_map_confirmed = yes(value);
  } else if (key == "other_timeline_origin") {
    o_.other_timeline_origin = yes(value);
  } else if (key == "trouble") {  // storage:40s, or no
    o_.health = {};
    for (const HealthCheck check : kHealthChecks) {
      o_.health.checks[check].kind = CheckState::Kind::Good;
      if (!value.starts_with(to_string(check))) continue;
      o_.health.checks[check] = {CheckState::Kind::Trouble, now_ - duration(value.substr(value.find(':') + 1)),
                                 "no answer"};
    }
  } else if (key == "shutting_down") {
    o_.shutting_down = yes(value);
  } else if (key == "callback_ran") {
    memory_.role_callback_ran = yes(value);
  } else if (key == "reinitialize") {
    o_.reinitialize.reset();
    if (value == "force") {
      o_.reinitialize = ReinitializeRequest{.force = true};
    } else if (yes(value)) {
      o_.reinitialize = ReinitializeRequest{};
    }
  } else if (key == "restart") {
    o_.restart.reset();
    if (value != "no") o_.restart = RestartRequest{.role = value == "any" ? "" : value};
  } else if (key == "scheduled_restart") {  // 30s from now, or no
    o_.scheduled_restart.reset();
    if (value == "no") return "";
    o_.scheduled_restart.emplace();
    o_.scheduled_restart->at = wall_ + duration(value);
    o_.scheduled_restart->postmaster_start_time = "2023-11-14 22:00:00+00:00";
  } else if (key == "postmaster_started") {  // T22:00:00 and on, or no; the scheduled restart means that of 22:00
    if (o_.postgres.row) o_.postgres.row->postmaster_start_time = value == "no" ? "" : "2023-11-14 " + value + "+00:00";
  } else if (key == "slots_to_copy") {
    o_.slots_to_copy.clear();
    if (value != "none") o_.slots_to_copy = {value};
  } else if (key == "unfinished") {
    o_.unfinished = look_up(std::map<std::string, UnfinishedWork>{{"no", UnfinishedWork::None},
                                                                  {"bootstrap", UnfinishedWork::Bootstrap},
                                                                  {"clone", UnfinishedWork::Clone},
                                                                  {"fill", UnfinishedWork::Fill},
                                                                  {"rewind", UnfinishedWork::Rewind}},
                            value);
  } else {
    return "unknown key: " + key;
  }
  return "";
}

std::string World::procedure(const std::string& kind, Words words) {
  static const std::map<std::string, ProcedureKind> kinds = {
      {"none", ProcedureKind::None},       {"bootstrap", ProcedureKind::Bootstrap}, {"clone", ProcedureKind::Clone},
      {"promote", ProcedureKind::Promote}, {"demote", ProcedureKind::Demote},       {"rewind", ProcedureKind::Rewind},
      {"restart", ProcedureKind::Restart}, {"start", ProcedureKind::Start},         {"follow", ProcedureKind::Follow}};
  o_.procedure = {look_up(kinds, kind), kind, now_};
  memory_.promotion_asked = words.contains("committed");
  return "";
}

std::string World::event(const std::string& kind, Words words) {
  using Kind = Event::Kind;
  static const std::map<std::string, Kind> kinds = {
      {"AcquireRefused", Kind::AcquireRefused}, {"LockReleased", Kind::LockReleased},
      {"PromotionAsked", Kind::PromotionAsked}, {"Promoted", Kind::Promoted},
      {"PromoteFailed", Kind::PromoteFailed},   {"Demoted", Kind::Demoted},
      {"StartLaunched", Kind::StartLaunched},   {"StartSucceeded", Kind::StartSucceeded},
      {"StartFailed", Kind::StartFailed},       {"CompareDone", Kind::CompareDone},
      {"RewindDone", Kind::RewindDone},         {"CrashRecoveryDone", Kind::CrashRecoveryDone},
      {"CloneDone", Kind::CloneDone},           {"BootstrapDone", Kind::BootstrapDone},
      {"RestartAsked", Kind::RestartAsked},     {"PostgresStoppedByUs", Kind::PostgresStoppedByUs},
      {"DataDirRemoved", Kind::DataDirRemoved}, {"CheckpointDone", Kind::CheckpointDone},
      {"CallbackRan", Kind::CallbackRan}};
  Event event{.kind = look_up(kinds, kind)};
  for (const auto& [key, value] : words) {
    if (key == "ok") event.ok = yes(value);
    if (key == "as_primary") event.as_primary = yes(value);
    if (key == "voluntary") event.voluntary = yes(value);
    if (key == "leader_went_away") event.leader_went_away = yes(value);
    if (key == "pre_promote") event.pre_promote = yes(value);
    if (key == "ordered") event.ordered = yes(value);
    if (key == "diverged") event.diverged = yes(value);
    if (key == "timeout") event.timeout = std::chrono::seconds(number(value));
    if (key == "detail") event.detail = value;
  }
  memory_ = apply_event(memory_, event, now_, settings_);
  return "";
}

}  // namespace tamada
