#include "rules/world.h"

#include <charconv>
#include <map>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

#include "rules/telling.h"

namespace tamada {

namespace {

using Words = std::map<std::string, std::string>;

struct Line {
  std::string verb;
  std::string object;
  std::vector<std::string> rest;  // object included
  Words words;                    // key=value, and bare words with an empty value
};

Line split(std::string_view text) {
  std::istringstream in{std::string(text)};
  Line line;
  in >> line.verb;
  for (std::string word; in >> word;) {
    line.rest.push_back(word);
    if (line.object.empty() && word.find('=') == std::string::npos) {
      line.object = word;
      continue;
    }
    const auto equals = word.find('=');
    line.words[word.substr(0, equals)] = equals == std::string::npos ? "" : word.substr(equals + 1);
  }
  return line;
}

std::int64_t number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size()) throw std::runtime_error("no number: " + text);
  return value;
}

bool yes(const std::string& text) {
  if (text == "yes" || text.empty()) return true;
  if (text == "no") return false;
  throw std::runtime_error("neither yes nor no: " + text);
}

Lsn lsn(const std::string& text) {
  auto parsed = parse_lsn(text);
  if (!parsed) throw std::runtime_error(parsed.error().message);
  return *parsed;
}

// "300ms", "2s".
Duration duration(const std::string& text) {
  if (text.ends_with("ms")) return std::chrono::milliseconds(number(text.substr(0, text.size() - 2)));
  if (text.ends_with("s")) return std::chrono::seconds(number(text.substr(0, text.size() - 1)));
  throw std::runtime_error("no time span: " + text);
}

Tags tags(const std::string& text) {
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) throw std::runtime_error("no JSON object: " + text);
  return {parsed->as_object()};
}

template <class T>
T look_up(const std::map<std::string, T>& table, const std::string& word) {
  const auto found = table.find(word);
  if (found == table.end()) throw std::runtime_error("unknown word: " + word);
  return found->second;
}

Member& member_of(ClusterView& view, const std::string& name) {
  for (Member& m : view.members) {
    if (m.name == name) return m;
  }
  Member m;
  m.name = name;
  m.conn_url = fmt::format("postgres://{}:5432/postgres", name);
  m.api_url = fmt::format("http://{}:8008/patroni", name);
  m.state = PgState::Running;
  m.role = Role::Replica;
  m.timeline = Timeline{1};
  const auto at =
      std::find_if(view.members.begin(), view.members.end(), [&](const Member& o) { return o.name > name; });
  return *view.members.insert(at, std::move(m));
}

}  // namespace

World::World() {
  settings_.name = "n1";
  settings_.scope = "demo";
  settings_.postgresql.pg_ctl_timeout = 60s;
  settings_.bootstrap.present = true;
  settings_.restapi.connect_address = "n1:8008";
  o_.my_name = "n1";
  o_.store = StoreReach::Fresh;
  o_.follow_differs = false;
  o_.watchdog_running = true;
  o_.bootstrap_allowed = true;
  o_.promise.kind = PromiseStatus::Kind::None;
  o_.failsafe_map_confirmed = true;
  view_.initialize = InitializeKey{"7000000000000000001", 1};
  view_.config = ConfigDocument{{{"ttl", 30}}, 2};
  view_.config_revision = 2;
  view_.store_id = "store-a";
  view_.revision = 100;
  memory_.role_callback_ran = true;
  command("members n1 n2 n3");
  command("optime 0/3000000");
  command("postgres standby");
}

std::string World::command(std::string_view text) try {
  const Line line = split(text);
  const std::string& verb = line.verb;
  if (verb == "members") {
    for (const std::string& name : line.rest) member_of(view_, name);
    return "";
  }
  if (verb == "member") return member(line.object, line.words);
  if (verb == "forget-member") {
    std::erase_if(view_.members, [&](const Member& m) { return m.name == line.object; });
    return "";
  }
  if (verb == "initialize") {
    view_.initialize = InitializeKey{line.object == "empty" ? "" : line.object, ++view_.revision};
    if (line.object == "absent") view_.initialize.reset();
    return "";
  }
  if (verb == "config") {
    view_.config.reset();
    if (line.object == "present") view_.config = ConfigDocument{{{"ttl", 30}}, ++view_.revision};
    return "";
  }
  if (verb == "leader") return leader(line.object);
  if (verb == "optime") {
    view_.status = StatusDocument{lsn(line.object), {}, {}};
    view_.status_revision = ++view_.revision;
    return "";
  }
  if (verb == "timeline") {
    view_.history = HistoryDocument{{}, ++view_.revision, Timeline{static_cast<std::uint32_t>(number(line.object))}};
    return "";
  }
  if (verb == "sync") {
    view_.sync = {};
    if (line.object == "off") return "";
    view_.sync.leader = line.words.contains("leader") ? line.words.at("leader") : "";
    std::istringstream names(line.words.contains("standbys") ? line.words.at("standbys") : "");
    for (std::string name; std::getline(names, name, ',');) view_.sync.standbys.push_back(name);
    if (line.words.contains("quorum")) view_.sync.quorum = static_cast<int>(number(line.words.at("quorum")));
    return "";
  }
  if (verb == "failover") return failover(line.words);
  if (verb == "store") return store(line.object);
  if (verb == "lock") return lock(line.object, line.words);
  if (verb == "postgres") return postgres(line.object, line.words);
  if (verb == "promise") return promise(line.object, line.words);
  if (verb == "survey") return survey(line.rest);
  if (verb == "setting" || verb == "observe") {
    for (const auto& [key, value] : line.words) {
      const std::string wrong = verb == "setting" ? setting(key, value) : observe(key, value);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }
  if (verb == "tags") {
    settings_.tags = tags(std::string(text.substr(text.find('{'))));
    return "";
  }
  if (verb == "procedure") return procedure(line.object, line.words);
  if (verb == "event") return event(line.object, line.words);
  if (verb == "after") {
    now_ += duration(line.object);
    wall_ += duration(line.object);
    o_.postgres.observed_at = now_;
    return "";
  }
  return "unknown command";
} catch (const std::exception& problem) {
  return problem.what();
}

std::string World::member(const std::string& name, Words words) {
  Member& m = member_of(view_, name);
  m.revision = ++view_.revision;
  static const std::map<std::string, PgState> states = {
      {"running", PgState::Running}, {"stopped", PgState::Stopped}, {"starting", PgState::Starting}};
  static const std::map<std::string, Role> roles = {{"primary", Role::Primary},
                                                    {"replica", Role::Replica},
                                                    {"demoted", Role::Demoted},
                                                    {"standby_leader", Role::StandbyLeader}};
  for (const auto& [key, value] : words) {
    if (key == "state") {
      m.state = look_up(states, value);
    } else if (key == "role") {
      m.role = look_up(roles, value);
    } else if (key == "tags") {
      m.tags = tags(value);
    } else if (key == "timeline") {
      m.timeline = Timeline{static_cast<std::uint32_t>(number(value))};
    } else if (key == "api") {
      m.api_url = value;
    } else if (key == "conn") {
      m.conn_url = value;
    } else {
      return "unknown key " + key;
    }
  }
  return "";
}

std::string World::leader(const std::string& name) {
  if (view_.leader) {
    for (Member& m : view_.members) {
      if (m.name == view_.leader->name()) m.role = Role::Replica;
    }
  }
  view_.leader.reset();
  ++view_.revision;
  if (name == "none") return "";
  LeaderEntry entry;
  entry.generation = {name, view_.revision, fmt::format("lease-{}", view_.revision)};
  entry.revision = view_.revision;
  view_.leader = entry;
  for (Member& m : view_.members) {
    if (m.name == name) m.role = settings_.dynamic.standby_cluster ? Role::StandbyLeader : Role::Primary;
  }
  return "";
}

std::string World::failover(Words words) {
  view_.failover.reset();
  view_.failover_revision = ++view_.revision;
  if (words.empty()) return "";
  FailoverRequest request;
  request.revision = view_.revision;
  for (const auto& [key, value] : words) {
    if (key == "leader") request.leader = value;
    if (key == "candidate") request.candidate = value;
    if (key == "at") request.scheduled_at = wall_ + std::chrono::seconds(number(value));
    if (key == "invalid") request.schedule_invalid = true;
  }
  view_.failover = request;
  return "";
}

std::string World::store(const std::string& how) {
  if (how == "wiped") {
    ClusterView empty;
    empty.store_id = view_.store_id;
    empty.revision = view_.revision + 1;
    view_ = empty;
    o_.store = StoreReach::Fresh;
    return "";
  }
  if (how == "replaced") {
    view_.store_id = "store-b";
    view_.revision = 5;
    view_.leader.reset();
    o_.store = StoreReach::Fresh;
    return "";
  }
  if (how == "never-seen") {
    o_.view.reset();
    o_.store = StoreReach::Doubtful;
    memory_.role_callback_ran = false;
    return "";
  }
  o_.store = look_up(
      std::map<std::string, StoreReach>{
          {"fresh", StoreReach::Fresh}, {"doubtful", StoreReach::Doubtful}, {"unreachable", StoreReach::Unreachable}},
      how);
  return "";
}

std::string World::lock(const std::string& how, Words words) {
  if (how == "held") {
    if (!view_.leader || view_.leader->name() != o_.my_name) leader(o_.my_name);
    o_.lock = {view_.leader->generation, now_ + duration(words.contains("valid") ? words["valid"] : "30s"), false,
               false, words.contains("consented")};
  } else if (how == "held-unseen") {
    o_.lock = {LockGeneration{o_.my_name, view_.revision + 1, "lease-new"}, now_ + 30s, false, false, false};
  } else if (how == "lost") {
    o_.lock.held.reset();
    o_.lock.lost = true;
  } else if (how == "unknown") {
    o_.lock.held.reset();
    o_.lock.unknown = true;
  } else if (how == "none") {
    o_.lock = {};
    if (words.contains("recorded")) o_.lock.valid_until = now_ + duration(words["recorded"]);
  } else {
    return "unknown word: " + how;
  }
  return "";
}

std::string World::postgres(const std::string& how, Words words) {
  PostgresStatus status;
  status.observed_at = now_;
  status.data_dir = DataDirState::Present;
  status.major_version = 150000;
  status.process = ProcessState::Running;
  ControlData control;
  control.system_identifier = words.contains("sysid") ? words["sysid"] : "7000000000000000001";
  control.timeline = Timeline{words.contains("timeline") ? static_cast<std::uint32_t>(number(words["timeline"])) : 1};
  const Lsn position = lsn(words.contains("position") ? words["position"] : "0/3000000");
  StatusRow row;
  row.timeline = control.timeline;
  row.server_version = 150020;
  if (how == "primary") {
    row.write_lsn = position;
    control.state = ControlState::InProduction;
    status.row = row;
  } else if (how == "standby") {
    row.in_recovery = true;
    row.received_lsn = row.replayed_lsn = position;
    row.receiver_last_message_age_ms = words.contains("heard") ? duration(words["heard"]) / 1ms : -1;
    control.state = ControlState::InArchiveRecovery;
    status.recovery_configured = true;
    status.row = row;
  } else if (how == "stopped" || how == "orphans") {
    status.process = how == "stopped" ? ProcessState::NotRunning : ProcessState::Orphans;
    control.state = ControlState::InProduction;
  } else if (how == "starting" || how == "unresponsive") {
    status.accepting = how == "starting" ? Accepting::Rejecting : Accepting::NoResponse;
    control.state = ControlState::InCrashRecovery;
  } else if (how == "empty" || how == "inaccessible") {
    status.data_dir = how == "empty" ? DataDirState::Empty : DataDirState::Inaccessible;
    status.data_dir_error = how == "empty" ? "" : "Input/output error";
    status.process = ProcessState::NotRunning;
  } else if (how == "unknown") {
    status.process = ProcessState::Unknown;
  } else {
    return "unknown word: " + how;
  }
  static const std::map<std::string, ControlState> states = {{"production", ControlState::InProduction},
                                                             {"shutdown", ControlState::ShutDown},
                                                             {"standby", ControlState::ShutDownInRecovery}};
  if (words.contains("control")) control.state = look_up(states, words["control"]);
  if (words.contains("recovery")) status.recovery_configured = yes(words["recovery"]);
  if (status.data_dir == DataDirState::Present && !words.contains("nocontrol")) status.control = control;
  o_.postgres = status;
  return "";
}

std::string World::promise(const std::string& to, Words words) {
  o_.promise = {PromiseStatus::Kind::None, "", kLongAgo};
  if (to == "none") return "";
  const Instant until = now_ + duration(words.contains("for") ? words["for"] : "30s");
  o_.promise = {PromiseStatus::Kind::Given, to, until};
  if (to == "forgotten") o_.promise = {PromiseStatus::Kind::Forgotten, "", until};
  if (to == "unknown") o_.promise = {};
  return "";
}

// n2=standby@0/3000000,moving,priority:5 n3=refused
std::string World::survey(const std::vector<std::string>& answers) {
  o_.survey.reset();
  if (answers.size() == 1 && answers[0] == "none") return "";
  PeerSurvey survey{now_, now_, {}};
  for (const std::string& answer : answers) {
    const auto equals = answer.find('=');
    PeerReport report;
    report.member = answer.substr(0, equals);
    report.url = fmt::format("http://{}:8008/patroni", report.member);
    report.timeline = Timeline{1};
    report.position_final = report.receiver_stopped = true;
    std::istringstream parts(equals == std::string::npos ? "" : answer.substr(equals + 1));
    for (std::string part; std::getline(parts, part, ',');) {
      if (part == "silent" || part == "refused") {
        report.problem = part == "silent" ? "no answer within 1.2 s" : "connection refused";
      } else if (part.starts_with("standby@")) {
        report.answered = report.in_recovery = true;
        report.position = lsn(part.substr(8));
      } else if (part == "primary") {
        report.answered = report.is_primary = true;
      } else if (part == "stopped") {
        report.answered = true;
      } else if (part == "moving") {
        report.position_final = report.receiver_stopped = false;
      } else if (part == "heard") {
        report.upstream_alive = true;
      } else if (part == "watchdog_failed") {
        report.watchdog_failed = true;
      } else if (part.starts_with("priority:")) {
        report.tags.raw["failover_priority"] = number(part.substr(9));
      } else if (part == "nofailover") {
        report.tags.raw["nofailover"] = true;
      } else if (part.starts_with("timeline:")) {
        report.timeline = Timeline{static_cast<std::uint32_t>(number(part.substr(9)))};
      } else {
        return "unknown answer: " + part;
      }
    }
    survey.reports.push_back(report);
  }
  o_.survey = survey;
  return "";
}

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
  } else if (key == "shutting_down") {
    o_.shutting_down = yes(value);
  } else if (key == "callback_ran") {
    memory_.role_callback_ran = yes(value);
  } else if (key == "reinitialize") {
    o_.reinitialize.reset();
    if (yes(value)) o_.reinitialize = ReinitializeRequest{};
  } else if (key == "restart") {
    o_.restart.reset();
    if (value != "no") o_.restart = RestartRequest{.role = value == "any" ? "" : value};
  } else if (key == "unfinished") {
    o_.unfinished = look_up(std::map<std::string, UnfinishedWork>{{"no", UnfinishedWork::None},
                                                                  {"bootstrap", UnfinishedWork::Bootstrap},
                                                                  {"clone", UnfinishedWork::Clone},
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
    if (key == "diverged") event.diverged = yes(value);
    if (key == "timeout") event.timeout = std::chrono::seconds(number(value));
    if (key == "detail") event.detail = value;
  }
  memory_ = apply_event(memory_, event, now_, settings_);
  return "";
}

std::string World::decide_and_tell() {
  if (o_.store != StoreReach::Doubtful || o_.view) o_.view = view_;
  Decision decision = decide(o_, memory_, now_, wall_, settings_);
  memory_ = decision.memory;
  return tell(decision, now_);
}

}  // namespace tamada
