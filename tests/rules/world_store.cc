// The store: its keys, how it is reached, and the lock.
#include "rules/world.h"

#include <fmt/format.h>

#include "rules/world_words.h"

namespace tamada {

using namespace scenario;

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

std::string World::promise(const std::string& to, Words words) {
  o_.promise = {PromiseStatus::Kind::None, "", kLongAgo};
  if (to == "none") return "";
  const Instant until = now_ + duration(words.contains("for") ? words["for"] : "30s");
  o_.promise = {PromiseStatus::Kind::Given, to, until};
  if (to == "forgotten") o_.promise = {PromiseStatus::Kind::Forgotten, "", until};
  if (to == "unknown") o_.promise = {};
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

}  // namespace tamada
