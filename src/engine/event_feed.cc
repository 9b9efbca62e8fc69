#include "engine/event_feed.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "core/plan_names.h"
#include "model/compatibility.h"

namespace tamada {

namespace {

json::value or_null(std::string_view text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

std::string_view or_nobody(std::string_view name) {
  return name.empty() ? "nobody" : name;
}

class Changes {
 public:
  Changes(const Snapshot& before, const Snapshot& after) : before_(before), after_(after) {}

  std::vector<MemberEvent> find() {
    role_and_state();
    timeline();
    lock();
    store();
    decision();
    health();
    switches();
    synchronous_set();
    configuration();
    return std::move(found_);
  }

 private:
  void add(std::string_view kind, std::string text, json::object data) {
    json::object all{{"text", std::move(text)}};
    for (auto& [key, value] : data) all[key] = std::move(value);
    found_.push_back({0, {}, std::string(kind), std::move(all)});
  }

  void from_to(std::string_view kind, std::string_view what, std::string_view from, std::string_view to) {
    add(kind, fmt::format("{} was {}, is {}", what, or_nobody(from), or_nobody(to)),
        {{"from", or_null(from)}, {"to", or_null(to)}});
  }

  void role_and_state() {
    const Compatibility level = after_.settings->compatibility;
    if (before_.role != after_.role) {
      from_to("role", "role", role_word(before_.role, level), role_word(after_.role, level));
    }
    if (before_.state_text != after_.state_text) from_to("state", "state", before_.state_text, after_.state_text);
  }

  void timeline() {
    const Timeline from = before_.own_member.timeline;
    const Timeline to = after_.own_member.timeline;
    if (!to.known() || from == to) return;
    add("timeline",
        from.known() ? fmt::format("timeline was {}, is {}", from.id, to.id) : fmt::format("timeline is {}", to.id),
        {{"from", from.known() ? json::value(from.id) : json::value(nullptr)}, {"to", to.id}});
  }

  void lock() {
    const bool had = before_.lock_valid_until != kLongAgo;
    const bool has = after_.lock_valid_until != kLongAgo;
    if (had == has) return;
    add("lock", has ? "this member has the leader lock" : "this member no longer has the leader lock", {{"held", has}});
  }

  void store() {
    if (bool(before_.view) != bool(after_.view)) {
      add("store", after_.view ? "the store is readable" : "the store has not been readable for longer than ttl",
          {{"readable", bool(after_.view)}});
    }
    if (!before_.view || !after_.view) return;
    const std::string_view from = before_.view->leader ? before_.view->leader->name() : std::string_view();
    const std::string_view to = after_.view->leader ? after_.view->leader->name() : std::string_view();
    if (from != to) from_to("leader", "leader", from, to);
  }

  void decision() {
    if (before_.explanation.rule == after_.explanation.rule && before_.plan == after_.plan) return;
    json::object data{
        {"rule", after_.explanation.rule}, {"action", name_of(after_.plan)}, {"because", after_.explanation.because}};
    if (after_.decisions && !after_.decisions->entries.empty()) data["past"] = after_.decisions->entries.back()->id;
    add("decision", after_.status, std::move(data));
  }

  void health() {
    using Level = HealthVerdict::Level;
    const auto word = [](Level level) {
      switch (level) {
        case Level::Suspect:
          return "suspect";
        case Level::Sick:
          return "sick";
        default:
          return "good";
      }
    };
    const std::string_view from = word(before_.health_verdict.level);
    const std::string_view to = word(after_.health_verdict.level);
    if (from == to) return;
    const std::string& because = after_.health_verdict.because;
    add("health", because.empty() ? fmt::format("health is {}", to) : fmt::format("health is {}: {}", to, because),
        {{"from", from}, {"to", to}, {"because", or_null(because)}});
  }

  void on_off(std::string_view kind, bool from, bool to, std::string_view on, std::string_view off) {
    if (from != to) add(kind, std::string(to ? on : off), {{"on", to}});
  }

  void switches() {
    on_off("pause", before_.paused, after_.paused, "the cluster is paused", "the cluster is no longer paused");
    on_off("failsafe", before_.failsafe_active, after_.failsafe_active, "failsafe mode is at work",
           "failsafe mode is no longer at work");
    on_off("watchdog", before_.watchdog_failed, after_.watchdog_failed, "the watchdog does not work",
           "the watchdog works again");
    on_off("pending_restart", before_.pending_restart, after_.pending_restart, "PostgreSQL needs a restart",
           "PostgreSQL no longer needs a restart");
  }

  void synchronous_set() {
    if (!before_.view || !after_.view) return;
    const SyncState& from = before_.view->sync;
    const SyncState& to = after_.view->sync;
    if (from.leader == to.leader && from.standbys == to.standbys && from.quorum == to.quorum) return;
    json::array standbys;
    for (const std::string& name : to.standbys) standbys.push_back(json::value(name));
    add("synchronous",
        to.empty() ? std::string("nobody is synchronous")
                   : fmt::format("synchronous to {}: {}", to.leader, or_nobody(join(to.standbys, ", "))),
        {{"leader", or_null(to.leader)}, {"standbys", std::move(standbys)}, {"quorum", to.quorum}});
  }

  void configuration() {
    const json::object& from = before_.settings->dynamic_document;
    const json::object& to = after_.settings->dynamic_document;
    std::vector<std::string> keys;
    for (const auto& [key, value] : to) {
      const json::value* old = from.if_contains(key);
      if (old == nullptr || *old != value) keys.emplace_back(key);
    }
    for (const auto& [key, value] : from) {
      if (!to.contains(key)) keys.emplace_back(key);
    }
    const bool local = before_.settings != after_.settings;
    if (keys.empty() && !local) return;
    json::array names;
    for (const std::string& key : keys) names.push_back(json::value(key));
    add("configuration",
        keys.empty() ? std::string("the settings of this member were read again")
                     : "the dynamic configuration changed: " + join(keys, ", "),
        {{"keys", std::move(names)}});
  }

  const Snapshot& before_;
  const Snapshot& after_;
  std::vector<MemberEvent> found_;
};

}  // namespace

std::vector<MemberEvent> changes_between(const Snapshot& before, const Snapshot& after) {
  return Changes(before, after).find();
}

void EventFeed::compare(const Snapshot& before, const Snapshot& after, WallTime now) {
  std::vector<MemberEvent> found = changes_between(before, after);
  if (found.empty() && shown_) return;
  if (run_.empty()) run_ = fmt::format("{:x}", now.time_since_epoch().count());
  for (MemberEvent& event : found) {
    event.number = ++last_;
    event.at = now;
    events_.push_back(std::make_shared<const MemberEvent>(std::move(event)));
  }
  while (events_.size() > kMostEvents) events_.pop_front();
  auto history = std::make_shared<EventHistory>();
  history->run = run_;
  history->events.assign(events_.begin(), events_.end());
  shown_ = std::move(history);
}

}  // namespace tamada
