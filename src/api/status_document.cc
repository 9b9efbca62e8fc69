#include "api/status_document.h"

#include <fmt/format.h>

#include "api/member_facts.h"
#include "base/text.h"
#include "base/version.h"

namespace tamada {

namespace {

json::object xlog_of(const StatusRow& row, Compatibility level) {
  if (!row.in_recovery) return {{"location", row.write_lsn.bytes}};
  // Before anything was received the replayed position stands in.
  const Lsn received = row.received_lsn.known() ? row.received_lsn : row.replayed_lsn;
  json::object xlog{{"received_location", received.bytes}, {"replayed_location", row.replayed_lsn.bytes}};
  xlog["replayed_timestamp"] =
      row.replayed_timestamp.empty() ? json::value(nullptr) : json::value(shown_time(row.replayed_timestamp, level));
  xlog["paused"] = row.replay_paused;
  return xlog;
}

json::array replication_of(const StatusRow& row) {
  json::array list;
  for (const auto& c : row.replication) {
    json::object one{{"usename", c.usename}, {"application_name", c.application_name}};
    one["client_addr"] = c.client_addr.empty() ? json::value(nullptr) : json::value(c.client_addr);
    one["state"] = c.state;
    one["sync_state"] = c.sync_state;
    one["sync_priority"] = c.sync_priority;
    list.push_back(std::move(one));
  }
  return list;
}

std::string state_of(const Snapshot& snapshot, Compatibility level) {
  const PgState state = shown_state(snapshot);
  if (state != snapshot.state || snapshot.state_text.empty()) return state_word(state, level);
  return snapshot.state_text;
}

void add_query_part(json::object& doc, const Snapshot& snapshot, Compatibility level) {
  const StatusRow& row = *snapshot.postgres.row;
  doc["server_version"] = row.server_version;
  if (level == Compatibility::V1_5) doc["cluster_unlocked"] = cluster_unlocked(snapshot);
  doc["xlog"] = xlog_of(row, level);
  if (level != Compatibility::V1_5 && is_sync_standby(snapshot)) doc["sync_standby"] = true;
  if (is_quorum_standby(snapshot)) doc["quorum_standby"] = true;
  doc["timeline"] = row.timeline.known() ? json::value(row.timeline.id) : json::value(nullptr);
  const std::string_view replication = replication_state(snapshot);
  if (!replication.empty() && level == Compatibility::V4_1) doc["replication_state"] = replication;
  if (!row.replication.empty()) doc["replication"] = replication_of(row);
}

void add_cluster_part(json::object& doc, const Snapshot& snapshot, Compatibility level) {
  if (level == Compatibility::V1_5) return;
  if (level == Compatibility::V4_1 && snapshot.paused) doc["pause"] = true;
  if (cluster_unlocked(snapshot)) doc["cluster_unlocked"] = true;
  if (snapshot.failsafe_active) doc["failsafe_mode_is_active"] = true;
  doc["dcs_last_seen"] =
      std::chrono::duration_cast<std::chrono::seconds>(snapshot.dcs_last_seen.time_since_epoch()).count();
}

// The system identifier is known from a data directory that is ours and whole.
bool shows_system_identifier(const Snapshot& snapshot) {
  return snapshot.postgres.control && !snapshot.postgres.control->system_identifier.empty() &&
         snapshot.state != PgState::CreatingReplica && snapshot.state != PgState::InitializingNewCluster;
}

void add_member_part(json::object& doc, const Snapshot& snapshot, Compatibility level) {
  json::object tags = effective_tags(snapshot);
  if (!tags.empty()) doc["tags"] = std::move(tags);
  if (shows_system_identifier(snapshot)) {
    doc["database_system_identifier"] = snapshot.postgres.control->system_identifier;
  }
  if (snapshot.pending_restart) {
    doc["pending_restart"] = true;
    if (level == Compatibility::V4_1 && !snapshot.pending_restart_reason.empty()) {
      doc["pending_restart_reason"] = snapshot.pending_restart_reason;
    }
  }
  json::object patroni{{"version", shown_version(level)}, {"scope", snapshot.settings->scope}};
  if (level == Compatibility::V4_1) patroni["name"] = snapshot.settings->name;
  doc["patroni"] = std::move(patroni);
  if (snapshot.own_member.scheduled_restart) {
    json::object scheduled = *snapshot.own_member.scheduled_restart;
    scheduled.erase("postmaster_start_time");
    doc["scheduled_restart"] = std::move(scheduled);
  }
  if (snapshot.watchdog_failed) doc["watchdog_failed"] = true;
  if (level != Compatibility::V4_1 && snapshot.paused) doc["pause"] = true;
}

// Only while something is wrong.
json::object health_of(const Snapshot& snapshot) {
  json::object trouble;
  for (const HealthCheck check : kHealthChecks) {
    const CheckState& state = snapshot.health.checks[check];
    if (state.kind == CheckState::Kind::Trouble) trouble[to_string(check)] = state.text;
  }
  json::object health;
  if (!trouble.empty()) {
    health["state"] = snapshot.sick() ? "sick" : "suspect";
    health["trouble"] = std::move(trouble);
  }
  if (!snapshot.health.notice.empty()) health["notice"] = snapshot.health.notice;
  return health;
}

void add_own_part(json::object& doc, const Snapshot& snapshot) {
  json::object own;
  own["version"] = own_version();
  if (snapshot.promoting) own["promoting"] = true;
  if (snapshot.standby) own["standby"] = true;
  own["receiver_stopped"] = snapshot.receiver_stopped;
  own["upstream_alive"] = snapshot.upstream_alive;
  own["rule"] = snapshot.explanation.rule;
  if (!snapshot.slots.gaps.empty()) {
    json::object gaps;
    for (const auto& [slot, why] : snapshot.slots.gaps) gaps[slot] = why;
    own["logical_slot_gaps"] = std::move(gaps);
  }
  if (auto clone = clone_document(snapshot)) own["clone"] = std::move(*clone);
  if (snapshot.sick()) own["sick"] = true;
  if (json::object health = health_of(snapshot); !health.empty()) own["health"] = std::move(health);
  doc["tamada"] = std::move(own);
}

}  // namespace

std::string shown_time(std::string_view text, Compatibility level) {
  const auto parsed = parse_iso8601(text);
  if (!parsed) return std::string(text);
  std::string iso = format_iso8601(parsed->time, parsed->offset_minutes);
  iso[iso.find('T')] = ' ';
  if (level != Compatibility::V1_5) return iso;
  const auto micros = parsed->time.time_since_epoch().count() % 1'000'000;
  const std::string zone = parsed->offset_minutes == 0 ? "UTC" : fmt::format("{:+03d}", parsed->offset_minutes / 60);
  return fmt::format("{}.{:03d} {}", iso.substr(0, 19), (micros < 0 ? micros + 1'000'000 : micros) / 1000, zone);
}

json::object status_document(const Snapshot& snapshot) {
  const Compatibility level = snapshot.settings->compatibility;
  json::object doc;
  doc["state"] = state_of(snapshot, level);
  const bool asked = status_row_counts(snapshot);
  if (asked && !snapshot.postgres.row->postmaster_start_time.empty()) {
    doc["postmaster_start_time"] = shown_time(snapshot.postgres.row->postmaster_start_time, level);
  }
  // 1.5.4 had the word in the store only.
  const Role role = shown_role(snapshot);
  const bool plain = level == Compatibility::V1_5 && role == Role::StandbyLeader;
  doc["role"] = role_word(plain ? Role::Replica : role, level);
  if (asked) add_query_part(doc, snapshot, level);
  add_cluster_part(doc, snapshot, level);
  add_member_part(doc, snapshot, level);
  add_own_part(doc, snapshot);
  return doc;
}

}  // namespace tamada
