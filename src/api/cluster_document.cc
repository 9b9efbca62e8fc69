#include "api/cluster_document.h"

#include "api/member_facts.h"
#include "api/self_report.h"
#include "base/text.h"

namespace tamada {

namespace {

// Words of /cluster; never "master" or "primary".
std::string_view role_in_cluster(const ClusterView& view, const Settings& settings, const Member& member) {
  if (view.leader && view.leader->name() == member.name) {
    return settings.dynamic.standby_cluster ? "standby_leader" : "leader";
  }
  if (view.sync.leader == member.name || !view.sync.lists(member.name)) return "replica";
  switch (settings.dynamic.synchronous_mode) {
    case SynchronousMode::Off:
      return "replica";
    case SynchronousMode::On:
      return "sync_standby";
    case SynchronousMode::Quorum:
      return "quorum_standby";
  }
  return "replica";
}

struct Position {
  std::string_view lsn_key;
  std::string_view lag_key;
  Lsn value;
};

// A position nobody knows is a word, and its pair is written the other way round.
void add_position(json::object& out, const Position& position, Lsn leader, bool with_lsn) {
  if (!position.value.known()) {
    if (with_lsn) out[position.lsn_key] = "unknown";
    out[position.lag_key] = "unknown";
    return;
  }
  out[position.lag_key] = lag_bytes(leader, position.value);
  if (with_lsn) out[position.lsn_key] = to_string(position.value);
}

void add_positions(json::object& out, const Member& member, Lsn leader, Compatibility level) {
  const bool newest = level == Compatibility::V4_1;
  if (newest) {
    add_position(out, {"receive_lsn", "receive_lag", member.receive_lsn}, leader, true);
    add_position(out, {"replay_lsn", "replay_lag", member.replay_lsn}, leader, true);
  }
  add_position(out, {"lsn", "lag", member.xlog_location}, leader, newest);
}

json::object member_document(const ClusterView& view, const Settings& settings, const Member& member) {
  const Compatibility level = settings.compatibility;
  const std::string_view role = role_in_cluster(view, settings, member);
  const bool leads = role == "leader" || role == "standby_leader";
  json::object out{{"name", member.name}, {"role", role}};
  const bool replicates = !leads && member.state == PgState::Running && !member.replication_state.empty();
  out["state"] = replicates && level == Compatibility::V4_1 ? member.replication_state : member.state_text;
  if (!member.api_url.empty()) out["api_url"] = member.api_url;
  if (const std::string host = member.host(); !host.empty()) {
    out["host"] = host;
    out["port"] = member.port();
  }
  if (member.timeline.known()) out["timeline"] = member.timeline.id;
  if (member.pending_restart) out["pending_restart"] = true;
  if (!member.pending_restart_reason.empty()) out["pending_restart_reason"] = member.pending_restart_reason;
  if (member.scheduled_restart) out["scheduled_restart"] = *member.scheduled_restart;
  if (json::object tags = member.tags.published(); !tags.empty()) out["tags"] = std::move(tags);
  if (!leads) add_positions(out, member, view.status ? view.status->optime : Lsn{}, level);
  return out;
}

json::object scheduled_switchover(const FailoverRequest& request) {
  json::object out{{"at", format_iso8601(*request.scheduled_at, request.offset_minutes)}};
  if (!request.leader.empty()) out["from"] = request.leader;
  if (!request.candidate.empty()) out["to"] = request.candidate;
  return out;
}

json::array slots_document(const SlotReport& report) {
  json::array out;
  for (const SlotReport::Line& line : report.slots) {
    const SlotInfo& slot = line.slot;
    json::object one{{"name", slot.name},
                     {"type", slot.physical ? "physical" : "logical"},
                     {"active", slot.active},
                     {"retained_bytes", line.retained_bytes}};
    if (!slot.database.empty()) one["database"] = slot.database;
    if (!slot.wal_status.empty()) one["wal_status"] = slot.wal_status;
    if (line.sound) one["sound"] = *line.sound;
    if (const auto gap = report.gaps.find(slot.name); gap != report.gaps.end()) one["gap"] = gap->second;
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

json::object cluster_document(const ClusterView& view, const Settings& settings, bool paused) {
  json::array members;
  for (const Member& member : view.members) members.push_back(member_document(view, settings, member));
  json::object out{{"members", std::move(members)}};
  if (paused) out["pause"] = true;
  if (view.failover && view.failover->scheduled_at) out["scheduled_switchover"] = scheduled_switchover(*view.failover);
  if (settings.compatibility == Compatibility::V4_1) out["scope"] = settings.scope;
  return out;
}

json::array history_document(const ClusterView& view) {
  json::array out;
  if (!view.history) return out;
  for (const HistoryLine& line : view.history->lines) {
    json::array one{line.timeline.id, line.lsn.bytes, line.reason};
    if (line.elements > 3) one.push_back(json::value(line.timestamp));
    if (line.elements > 4) one.push_back(json::value(line.new_leader));
    out.push_back(std::move(one));
  }
  return out;
}

json::object explain_document(const Snapshot& snapshot, Instant now) {
  const Explanation& why = snapshot.explanation;
  json::object out{{"member", snapshot.settings->name},
                   {"status", snapshot.status},
                   {"rule", why.rule},
                   {"situation", why.situation},
                   {"because", why.because}};
  json::object facts;
  for (const auto& [name, value] : why.facts) facts[name] = value;
  out["facts"] = std::move(facts);
  json::array details;
  for (const auto& line : why.details) details.push_back(json::value(line));
  out["details"] = std::move(details);
  if (snapshot.procedure.kind != ProcedureKind::None) out["procedure"] = snapshot.procedure.name;
  if (auto clone = clone_document(snapshot)) out["clone"] = std::move(*clone);
  if (!snapshot.sync.rule.empty()) {
    json::object sync{{"rule", snapshot.sync.rule},
                      {"because", snapshot.sync.because},
                      {"synchronous_standby_names", snapshot.sync.names},
                      {"commits_waiting", snapshot.sync.waiting},
                      {"outside_the_promise", snapshot.sync.lowered}};
    json::array why_not;
    for (const auto& line : snapshot.sync.details) why_not.push_back(json::value(line));
    sync["details"] = std::move(why_not);
    out["synchronous"] = std::move(sync);
  }
  if (!snapshot.slots.slots.empty()) out["slots"] = slots_document(snapshot.slots);
  const bool valid = now < snapshot.lock_valid_until;
  out["lock_valid_for"] = valid ? json::value(to_seconds(snapshot.lock_valid_until - now)) : json::value(nullptr);
  out["postgres"] = snapshot.postgres.one_line();
  out["self"] = self_report(snapshot);
  if (snapshot.decisions && !snapshot.decisions->entries.empty()) {
    const DecisionHistory& past = *snapshot.decisions;
    json::object kept{{"from", past.entries.front()->id},
                      {"to", past.entries.back()->id},
                      {"since", format_iso8601(past.entries.front()->first)}};
    kept["last_race"] = past.last_race ? json::value(past.last_race->id) : json::value(nullptr);
    out["past"] = std::move(kept);
  }
  return out;
}

}  // namespace tamada
