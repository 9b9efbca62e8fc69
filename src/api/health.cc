#include "api/health.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>

#include "api/member_facts.h"
#include "base/python_text.h"
#include "base/text.h"
#include "base/units.h"

namespace tamada {

namespace {

constexpr int kOk = 200;
constexpr int kNo = 503;
constexpr int code(bool ok) {
  return ok ? kOk : kNo;
}

std::optional<std::uint64_t> lag_limit(const QueryString& query) {
  const auto text = query.get("lag");
  if (!text) return std::nullopt;
  const auto bytes = parse_integer(*text, "B");
  if (!bytes) return std::nullopt;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(*bytes, 0));
}

Lsn leader_position(const Snapshot& snapshot) {
  Lsn position;
  if (snapshot.view && snapshot.view->status) position = snapshot.view->status->optime;
  if (snapshot.postgres.row) position = std::max(position, snapshot.postgres.row->latest_end_lsn);
  return position;
}

bool lags(const Snapshot& snapshot, const QueryString& query) {
  const auto limit = lag_limit(query);
  if (!limit || !snapshot.postgres.row) return false;
  return lag_bytes(leader_position(snapshot), snapshot.postgres.row->replayed_lsn) > *limit;
}

bool hidden_while_false(std::string_view tag) {
  static constexpr std::array<std::string_view, 5> kNames = {"clonefrom", "nofailover", "noloadbalance", "nosync",
                                                             "nostream"};
  return std::find(kNames.begin(), kNames.end(), tag) != kNames.end();
}

bool tag_matches(const json::object& tags, std::string_view name, std::string_view wanted) {
  const json::value* value = tags.if_contains(name);
  if (value == nullptr) return false;
  if (hidden_while_false(name) && value->is_bool() && !value->get_bool()) return false;
  if (value->is_string()) return std::string_view(value->get_string()) == wanted;
  return to_lower(python_text(*value)) == wanted;
}

bool tags_match(const Snapshot& snapshot, const QueryString& query) {
  for (const auto& [key, wanted] : query.all()) {
    if (!key.starts_with("tag_")) continue;
    if (!tag_matches(snapshot.settings->tags.raw, std::string_view(key).substr(4), wanted)) return false;
  }
  return true;
}

// Answers for the roles, before any path is looked at.
struct Codes {
  bool leader = false;
  bool primary = false;
  bool standby_leader = false;
  bool replica = false;  // the R of the reference
  bool running = false;
  bool has_view = false;
  bool sync_standby = false;
  bool quorum_standby = false;
  bool leading() const { return primary || standby_leader; }
};

Codes evaluate(const Snapshot& snapshot, Instant now, const QueryString& query) {
  Codes c;
  const Role role = shown_role(snapshot);
  c.has_view = snapshot.view != nullptr;
  c.running = shown_state(snapshot) == PgState::Running;
  c.sync_standby = is_sync_standby(snapshot);
  c.quorum_standby = is_quorum_standby(snapshot);
  c.replica = role == Role::Replica && c.running && !snapshot.settings->tags.noloadbalance() &&
              !lags(snapshot, query) && !snapshot.sick();
  if (!c.has_view && snapshot.paused) {
    c.primary = role == Role::Primary;
    c.standby_leader = role == Role::StandbyLeader;
    c.leader = c.leading();
  } else if (holds_lock(snapshot, now)) {
    c.leader = true;
    if (snapshot.settings->dynamic.standby_cluster) {
      c.standby_leader = role == Role::Replica || role == Role::StandbyLeader;
      c.replica = false;
    } else {
      // The lock alone takes no write: while PostgreSQL is still being promoted it answers /leader, not /primary. One
      // that runs but did not answer the last question stays primary: a slow query must not cut off all clients.
      c.primary = role == Role::Primary && snapshot.state == PgState::Running;
    }
  }
  return c;
}

bool has(std::string_view path, std::string_view word) {
  return path.find(word) != std::string_view::npos;
}

struct HealthRule {
  std::string_view name;
  bool (*matches)(std::string_view path);
  bool (*answer)(const Codes&);
  bool needs_view = false;
  bool filters_tags = true;
};

constexpr auto kRules = std::to_array<HealthRule>({
    {"standby-leader", [](std::string_view p) { return has(p, "standby_leader") || has(p, "standby-leader"); },
     [](const Codes& c) { return c.standby_leader; }, false, false},
    {"leader", [](std::string_view p) { return has(p, "leader"); }, [](const Codes& c) { return c.leader; }, false,
     false},
    {"primary",
     [](std::string_view p) { return p == "/" || has(p, "master") || has(p, "primary") || has(p, "read-write"); },
     [](const Codes& c) { return c.primary; }, false, false},
    {"replica", [](std::string_view p) { return has(p, "replica"); }, [](const Codes& c) { return c.replica; }},
    {"read-only", [](std::string_view p) { return has(p, "read-only") && !has(p, "sync") && !has(p, "quorum"); },
     [](const Codes& c) { return c.leading() || c.replica; }},
    {"health", [](std::string_view p) { return has(p, "health"); }, [](const Codes& c) { return c.running; }},
    {"sync", [](std::string_view p) { return p == "/sync" || p == "/synchronous"; },
     [](const Codes& c) { return c.sync_standby && c.replica; }, true},
    {"quorum", [](std::string_view p) { return p == "/quorum"; },
     [](const Codes& c) { return c.quorum_standby && c.replica; }, true},
    {"async", [](std::string_view p) { return p == "/async" || p == "/asynchronous"; },
     [](const Codes& c) { return !c.sync_standby && !c.quorum_standby && c.replica; }, true},
    {"read-only-quorum", [](std::string_view p) { return p == "/read-only-quorum"; },
     [](const Codes& c) { return c.leading() || (c.quorum_standby && c.replica); }, true},
    {"read-only-sync", [](std::string_view p) { return p == "/read-only-sync" || p == "/read-only-synchronous"; },
     [](const Codes& c) { return c.leading() || (c.sync_standby && c.replica); }, true},
});

const HealthRule* find_rule(std::string_view path) {
  auto it = std::find_if(kRules.begin(), kRules.end(), [&](const HealthRule& r) { return r.matches(path); });
  return it == kRules.end() ? nullptr : it;
}

}  // namespace

int health_status(const Snapshot& snapshot, Instant now, std::string_view path, const QueryString& query) {
  const HealthRule* rule = find_rule(path);
  if (rule == nullptr) return kNo;
  const Codes codes = evaluate(snapshot, now, query);
  if (rule->needs_view && !codes.has_view) return kNo;
  if (rule->filters_tags && !tags_match(snapshot, query)) return kNo;
  return code(rule->answer(codes));
}

std::string_view health_rule_name(std::string_view path) {
  const HealthRule* rule = find_rule(path);
  return rule == nullptr ? std::string_view("none") : rule->name;
}

int liveness_status(const Snapshot& snapshot, Instant now) {
  if (snapshot.paused) return kOk;
  if (snapshot.loop_ran_at == kLongAgo) return kNo;
  const DynamicSettings& dynamic = snapshot.settings->dynamic;
  const bool primary = shown_role(snapshot) == Role::Primary && shown_state(snapshot) == PgState::Running;
  const auto threshold = primary ? dynamic.ttl : 2 * dynamic.ttl;
  return code(now < snapshot.loop_ran_at + dynamic.loop_wait + threshold);
}

int readiness_status(const Snapshot& snapshot, Instant now, const QueryString& query) {
  if (holds_lock(snapshot, now)) return kOk;
  if (shown_state(snapshot) != PgState::Running) return kNo;
  if (replication_state(snapshot) != "streaming") return kNo;
  const StatusRow& row = *snapshot.postgres.row;
  if (!snapshot.view && !row.latest_end_lsn.known()) return code(snapshot.failsafe_active);
  const bool write = query.get("mode") == "write";
  const Lsn position = write ? row.received_lsn : row.replayed_lsn;
  const std::uint64_t limit = lag_limit(query).value_or(snapshot.settings->dynamic.maximum_lag_on_failover);
  return code(lag_bytes(leader_position(snapshot), position) <= limit);
}

}  // namespace tamada
