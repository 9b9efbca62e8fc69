#include "api/member_facts.h"

#include "base/text.h"

namespace tamada {

namespace {

bool is_listed_standby(const Snapshot& snapshot, SynchronousMode mode) {
  if (snapshot.settings->dynamic.synchronous_mode != mode || !snapshot.view) return false;
  const SyncState& sync = snapshot.view->sync;
  // A leader that has not updated the key yet is no standby, whatever an old key says.
  return sync.leader != snapshot.settings->name && sync.lists(snapshot.settings->name);
}

}  // namespace

bool status_row_counts(const Snapshot& snapshot) {
  const bool alive = snapshot.state == PgState::Running || snapshot.state == PgState::Restarting ||
                     snapshot.state == PgState::Starting;
  return alive && snapshot.postgres.row.has_value();
}

Role shown_role(const Snapshot& snapshot) {
  if (!status_row_counts(snapshot)) return snapshot.role;
  if (!snapshot.postgres.row->in_recovery) return Role::Primary;
  return snapshot.role == Role::StandbyLeader ? Role::StandbyLeader : Role::Replica;
}

PgState shown_state(const Snapshot& snapshot) {
  if (snapshot.state == PgState::Running && !snapshot.postgres.row) return PgState::Unknown;
  return snapshot.state;
}

std::string_view replication_state(const Snapshot& snapshot) {
  if (!status_row_counts(snapshot)) return {};
  const StatusRow& row = *snapshot.postgres.row;
  if (!row.in_recovery || row.server_version < 90600) return {};
  if (row.receiver_status == "streaming") return "streaming";
  return row.restore_command_set ? "in archive recovery" : "";
}

bool holds_lock(const Snapshot& snapshot, Instant now) {
  return now < snapshot.lock_valid_until;
}

bool is_sync_standby(const Snapshot& snapshot) {
  return is_listed_standby(snapshot, SynchronousMode::On);
}
bool is_quorum_standby(const Snapshot& snapshot) {
  return is_listed_standby(snapshot, SynchronousMode::Quorum);
}

bool cluster_unlocked(const Snapshot& snapshot) {
  return !snapshot.view || snapshot.view->unlocked();
}

std::optional<json::object> clone_document(const Snapshot& snapshot) {
  const auto state = snapshot.clone ? snapshot.clone->read() : std::nullopt;
  if (!state) return std::nullopt;
  const auto number = [](std::optional<std::int64_t> n) { return n ? json::value(*n) : json::value(nullptr); };
  json::object clone{{"method", state->method}};
  clone["source"] = state->source.empty() ? json::value(nullptr) : json::value(state->source);
  clone["since"] = format_iso8601(state->since);
  clone["bytes_done"] = number(state->bytes_done);
  clone["bytes_total"] = number(state->bytes_total);
  return clone;
}

json::object effective_tags(const Snapshot& snapshot) {
  const bool published = !snapshot.own_member.name.empty();
  return published ? snapshot.own_member.tags.published() : snapshot.settings->tags.published();
}

std::string_view shown_version(Compatibility level) {
  const std::string_view version = peer_version(level);
  return version.empty() ? "1.5.4" : version;
}

}  // namespace tamada
