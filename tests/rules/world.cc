// What every world begins with, and which command goes where.
#include "rules/world.h"

#include <sstream>

#include "rules/telling.h"
#include "rules/world_words.h"

namespace tamada {

using namespace scenario;

World::World() {
  settings_.name = "n1";
  settings_.scope = "demo";
  settings_.postgresql.pg_ctl_timeout = 60s;
  for (HealthCheckSettings& check : settings_.postgresql.health.checks) check = {HealthPolicy::Failover, 30s};
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
  if (verb == "claimed_timeline") {
    view_.claimed_timeline = Timeline{static_cast<std::uint32_t>(number(line.object))};
    view_.timeline_revision = ++view_.revision;
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

std::string World::decide_and_tell() {
  if (o_.store != StoreReach::Doubtful || o_.view) o_.view = view_;
  Decision decision = decide(o_, memory_, now_, wall_, settings_);
  memory_ = decision.memory;
  return tell(decision, now_);
}

}  // namespace tamada
