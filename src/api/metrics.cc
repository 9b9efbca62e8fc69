#include "api/metrics.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "api/member_facts.h"
#include "base/text.h"

namespace tamada {

namespace {

// Frozen: dashboards compare with these numbers.
struct StateNumber {
  PgState state;
  int number;
  std::string_view name;
};
constexpr auto kStateNumbers = std::to_array<StateNumber>({
    {PgState::InitializingNewCluster, 0, "initdb"},
    {PgState::InitdbFailed, 1, "initdb_failed"},
    {PgState::RunningCustomBootstrap, 2, "custom_bootstrap"},
    {PgState::CustomBootstrapFailed, 3, "custom_bootstrap_failed"},
    {PgState::CreatingReplica, 4, "creating_replica"},
    {PgState::Running, 5, "running"},
    {PgState::Starting, 6, "starting"},
    {PgState::StartingAfterCustomBootstrap, 7, "bootstrap_starting"},
    {PgState::StartFailed, 8, "start_failed"},
    {PgState::Restarting, 9, "restarting"},
    {PgState::RestartFailed, 10, "restart_failed"},
    {PgState::Stopping, 11, "stopping"},
    {PgState::Stopped, 12, "stopped"},
    {PgState::StopFailed, 13, "stop_failed"},
    {PgState::Crashed, 14, "crashed"},
});

int state_number(PgState state) {
  auto it = std::find_if(kStateNumbers.begin(), kStateNumbers.end(), [&](const auto& s) { return s.state == state; });
  return it == kStateNumbers.end() ? -1 : it->number;
}

std::string state_legend() {
  std::string out;
  for (const auto& s : kStateNumbers) out += fmt::format("{}{}={}", out.empty() ? "" : ", ", s.number, s.name);
  return out;
}

std::string escape_label(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

// "4.1.4" as 040104.
std::string packed_version(std::string_view version) {
  std::string out;
  for (const auto& part : split(version, '.')) out += part.size() < 2 ? "0" + part : part;
  return out;
}

std::string epoch(std::string_view time) {
  const auto parsed = parse_iso8601(time);
  if (!parsed) return "0";
  const auto micros = parsed->time.time_since_epoch().count();
  return micros % 1'000'000 == 0 ? fmt::format("{}", micros / 1'000'000)
                                 : fmt::format("{}.{:06d}", micros / 1'000'000, micros % 1'000'000);
}

class Page {
 public:
  explicit Page(const Snapshot& snapshot) {
    labels_ = fmt::format("{{scope=\"{}\"", escape_label(snapshot.settings->scope));
    if (snapshot.settings->compatibility == Compatibility::V4_1) {
      labels_ += fmt::format(",name=\"{}\"", escape_label(snapshot.settings->name));
    }
    labels_ += '}';
  }
  void add(std::string_view name, std::string_view type, std::string_view help, std::string_view value,
           std::string_view comment = {}) {
    text_ += fmt::format("# HELP {} {}\n", name, help);
    if (!comment.empty()) text_ += fmt::format("# {}\n", comment);
    text_ += fmt::format("# TYPE {} {}\n{}{} {}\n", name, type, name, labels_, value);
  }
  // Several values of one name, told apart by a label; added one after the other.
  void add_labelled(std::string_view name, std::string_view type, std::string_view help, std::string_view label,
                    std::string_view label_value, std::string_view value) {
    if (std::exchange(family_, name) != name)
      text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
    text_ += fmt::format("{}{},{}=\"{}\"}} {}\n", name, labels_.substr(0, labels_.size() - 1), label,
                         escape_label(label_value), value);
  }
  void flag(std::string_view name, std::string_view help, bool value) { add(name, "gauge", help, value ? "1" : "0"); }
  std::string take() { return std::move(text_); }

 private:
  std::string labels_;
  std::string family_;
  std::string text_;
};

void add_role(Page& page, const Snapshot& s) {
  const Role role = shown_role(s);
  if (s.settings->compatibility != Compatibility::V4_1) {
    page.flag("patroni_master", "Value is 1 if this node is the leader, 0 otherwise.", role == Role::Primary);
  }
  page.flag("patroni_primary", "Value is 1 if this node is the leader, 0 otherwise.", role == Role::Primary);
}

void add_standby(Page& page, const Snapshot& s, const StatusRow& row) {
  const Role role = shown_role(s);
  page.flag("patroni_standby_leader", "Value is 1 if this node is the standby_leader, 0 otherwise.",
            role == Role::StandbyLeader);
  page.flag("patroni_replica", "Value is 1 if this node is a replica, 0 otherwise.", role == Role::Replica);
  page.flag("patroni_sync_standby", "Value is 1 if this node is a sync standby, 0 otherwise.", is_sync_standby(s));
  page.flag("patroni_quorum_standby", "Value is 1 if this node is a quorum standby, 0 otherwise.",
            is_quorum_standby(s));
  const Lsn received = row.received_lsn.known() ? row.received_lsn : row.replayed_lsn;
  page.add("patroni_xlog_received_location", "counter",
           "Current location of the received Postgres transaction log, 0 if this node is not a replica.",
           std::to_string(row.in_recovery ? received.bytes : 0));
  page.add("patroni_xlog_replayed_location", "counter",
           "Current location of the replayed Postgres transaction log, 0 if this node is not a replica.",
           std::to_string(row.in_recovery ? row.replayed_lsn.bytes : 0));
  page.add("patroni_xlog_replayed_timestamp", "gauge",
           "Current timestamp of the replayed Postgres transaction log, 0 if null.", epoch(row.replayed_timestamp));
  page.flag("patroni_xlog_paused", "Value is 1 if the Postgres xlog is paused, 0 otherwise.", row.replay_paused);
}

void add_replication(Page& page, const Snapshot& s, const StatusRow& row) {
  if (row.server_version < 90600) return;
  const std::string_view state = replication_state(s);
  page.flag("patroni_postgres_streaming", "Value is 1 if Postgres is streaming, 0 otherwise.", state == "streaming");
  page.flag("patroni_postgres_in_archive_recovery", "Value is 1 if Postgres is replicating from archive, 0 otherwise.",
            state == "in archive recovery");
}

void add_cluster(Page& page, const Snapshot& s, const StatusRow& row) {
  page.add("patroni_postgres_server_version", "gauge", "Version of Postgres (if running), 0 otherwise.",
           std::to_string(row.server_version));
  page.flag("patroni_cluster_unlocked", "Value is 1 if the cluster is unlocked, 0 if locked.", cluster_unlocked(s));
  page.flag("patroni_failsafe_mode_is_active", "Value is 1 if failsafe mode is active, 0 if inactive.",
            s.failsafe_active);
  page.add("patroni_postgres_timeline", "gauge", "Postgres timeline of this node (if running), 0 otherwise.",
           std::to_string(row.timeline.id));
  const auto seen = std::chrono::duration_cast<std::chrono::seconds>(s.dcs_last_seen.time_since_epoch()).count();
  page.add("patroni_dcs_last_seen", "gauge", "Epoch timestamp when the store was last contacted successfully.",
           std::to_string(seen));
  page.flag("patroni_pending_restart", "Value is 1 if the node needs a restart, 0 otherwise.", s.pending_restart);
  page.flag("patroni_is_paused", "Value is 1 if auto failover is disabled, 0 otherwise.", s.paused);
  page.add("patroni_postgres_state", "gauge", "State of Postgres.", std::to_string(state_number(shown_state(s))),
           "Values: " + state_legend());
}

void add_health(Page& page, const Snapshot& s, Instant now) {
  page.flag("tamada_sick", "Value is 1 if PostgreSQL or its storage is sick by postgresql.health, 0 otherwise.",
            s.sick());
  for (const HealthCheck check : kHealthChecks) {
    const CheckState& state = s.health.checks[check];
    const bool trouble = state.kind == CheckState::Kind::Trouble;
    page.add(fmt::format("tamada_health_{}_trouble_seconds", to_string(check)), "gauge",
             fmt::format("Time for which the health check {} has found trouble, 0 without.", to_string(check)),
             fmt::format("{:.3f}", trouble ? std::max(0.001, to_seconds(now - state.since)) : 0.0));
  }
  const auto& data = s.health.data_volume;
  const auto& wal = s.health.wal_volume ? s.health.wal_volume : data;
  if (!data) return;
  page.add("tamada_volume_data_free_bytes", "gauge", "Free space of the data directory's volume.",
           std::to_string(data->free_bytes));
  page.add("tamada_volume_wal_free_bytes", "gauge", "Free space of the volume of pg_wal.",
           std::to_string(wal->free_bytes));
}

void add_own(Page& page, const Snapshot& s, Instant now) {
  const bool valid = now < s.lock_valid_until;
  page.add("tamada_lock_valid_seconds", "gauge", "Time for which the leader lock is still confirmed, 0 without it.",
           fmt::format("{:.3f}", valid ? to_seconds(s.lock_valid_until - now) : 0.0));
  page.add("tamada_longest_handler_seconds", "gauge", "Longest time the engine thread was busy without a break.",
           fmt::format("{:.6f}", to_seconds(s.longest_handler)));
  for (const SlotReport::Line& line : s.slots.slots) {
    page.add_labelled("tamada_slot_retained_bytes", "gauge", "WAL that a replication slot keeps from being removed.",
                      "slot", line.slot.name, std::to_string(line.retained_bytes));
  }
  page.add("tamada_logical_slot_gaps", "gauge", "Logical slots of this primary whose consumers may miss changes.",
           std::to_string(s.slots.gaps.size()));
  add_health(page, s, now);
}

}  // namespace

std::string metrics_text(const Snapshot& snapshot, Instant now) {
  static const StatusRow kNoRow;
  const bool asked = status_row_counts(snapshot);
  const StatusRow& row = asked ? *snapshot.postgres.row : kNoRow;
  Page page(snapshot);
  page.add("patroni_version", "gauge", "Patroni semver without periods.",
           packed_version(shown_version(snapshot.settings->compatibility)));
  page.flag("patroni_postgres_running", "Value is 1 if Postgres is running, 0 otherwise.",
            shown_state(snapshot) == PgState::Running);
  page.add("patroni_postmaster_start_time", "gauge", "Epoch seconds since Postgres started.",
           epoch(row.postmaster_start_time));
  add_role(page, snapshot);
  page.add("patroni_xlog_location", "counter",
           "Current location of the Postgres transaction log, 0 if this node is not the leader.",
           std::to_string(row.in_recovery ? 0 : row.write_lsn.bytes));
  add_standby(page, snapshot, row);
  add_replication(page, snapshot, row);
  add_cluster(page, snapshot, row);
  add_own(page, snapshot, now);
  return page.take();
}

}  // namespace tamada
