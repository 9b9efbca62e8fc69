#include "ctl/cluster_rows.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/python_text.h"

namespace tamada::ctl {

namespace {

constexpr double kMegabyte = 1024.0 * 1024.0;
constexpr int kDefaultPort = 5432;

bool is_leader(const ClusterView& view, const Member& member) {
  return view.leader && view.leader->name() == member.name;
}

// "on", "quorum" or "": what the dynamic configuration asks for.
std::string synchronous_mode(const ClusterView& view) {
  const json::value* value = view.config ? view.config->value.if_contains("synchronous_mode") : nullptr;
  if (value == nullptr) return {};
  if (const bool* flag = value->if_bool()) return *flag ? "on" : "";
  const std::string text = python_text(*value);
  return text == "quorum" || text == "on" ? text : std::string();
}

std::string role_of(const ClusterView& view, const Member& member, Compatibility level) {
  if (is_leader(view, member)) {
    return member.role == Role::StandbyLeader && level != Compatibility::V1_5 ? "Standby Leader" : "Leader";
  }
  const std::string mode = synchronous_mode(view);
  const bool sync =
      !mode.empty() && view.leader && view.sync.leader == view.leader->name() && view.sync.lists(member.name);
  if (level == Compatibility::V1_5) return sync ? "Sync standby" : "";
  if (!sync) return "Replica";
  return mode == "quorum" && level == Compatibility::V4_1 ? "Quorum Standby" : "Sync Standby";
}

std::string state_of(const ClusterView& view, const Member& member, Compatibility level) {
  const bool standby = !is_leader(view, member) && member.state == PgState::Running;
  if (level == Compatibility::V4_1 && standby && !member.replication_state.empty()) return member.replication_state;
  return member.state_text;
}

PositionCell position_cell(Lsn lsn, Lsn recorded, Compatibility level) {
  PositionCell cell;
  cell.known = lsn.known();
  cell.lsn = lsn;
  const bool ahead = lsn.bytes > recorded.bytes;
  if (!cell.known || (ahead && level == Compatibility::V1_5)) return cell;
  const double bytes = static_cast<double>(lag_bytes(recorded, lsn));
  cell.lag_mb = static_cast<std::int64_t>(std::nearbyint(bytes / kMegabyte));
  return cell;
}

// Agents before 4.1 publish one position. It is what was received while they stream, else what was replayed.
void fill_positions(const ClusterView& view, const Member& member, Compatibility level, MemberRow& row) {
  const Lsn recorded = view.status ? view.status->optime : Lsn{};
  row.position = position_cell(member.xlog_location, recorded, level);
  Lsn receive = member.receive_lsn;
  Lsn replay = member.replay_lsn;
  if (!receive.known() && !replay.known()) {
    (member.replication_state == "streaming" ? receive : replay) = member.xlog_location;
  }
  row.receive = position_cell(receive, recorded, level);
  row.replay = position_cell(replay, recorded, level);
}

std::string scheduled_restart_of(const Member& member) {
  if (!member.scheduled_restart) return {};
  const json::value* schedule = member.scheduled_restart->if_contains("schedule");
  if (schedule == nullptr) return {};
  std::string out = python_text(*schedule);
  const json::value* version = member.scheduled_restart->if_contains("postgres_version");
  if (version != nullptr) out += " if version < " + python_text(*version);
  return out;
}

std::vector<std::string> reasons_of(const Member& member) {
  std::vector<std::string> reasons;
  for (const auto& [name, change] : member.pending_restart_reason) {
    const json::object* values = change.if_object();
    if (values == nullptr) continue;
    const auto text = [values](std::string_view key) {
      const json::value* value = values->if_contains(key);
      return value == nullptr ? std::string() : python_text(*value);
    };
    reasons.push_back(fmt::format("{}: {}->{}", std::string_view(name), text("old_value"), text("new_value")));
  }
  return reasons;
}

// Ports are shown as soon as one of them matters.
bool ports_needed(const ClusterView& view, Compatibility level) {
  if (level == Compatibility::V1_5) return false;
  std::set<std::string> hosts;
  for (const Member& member : view.members) {
    const std::string host = member.host();
    if (host.empty()) continue;
    if (member.port() != kDefaultPort || !hosts.insert(host).second) return true;
  }
  return false;
}

std::string parent_of(const ClusterView& view, const Member& member) {
  const std::string leader = view.leader ? view.leader->name() : std::string();
  const auto from = member.tags.replicatefrom();
  const bool usable = from && *from != member.name && view.member(*from) != nullptr;
  return usable ? *from : leader;
}

class Tree {
 public:
  Tree(const ClusterView& view, std::vector<MemberRow> rows) {
    for (MemberRow& row : rows) {
      const Member* member = view.member(row.name);
      if (row.is_leader) {
        root_ = row.name;
      } else {
        children_[parent_of(view, *member)].push_back(row.name);
      }
      rows_.emplace(row.name, std::move(row));
    }
  }

  std::vector<MemberRow> flattened() {
    if (!root_.empty()) add(root_, 0);
    for (const std::string& name : std::vector<std::string>(children_[root_])) add(name, 1);
    // What hangs on a member that does not exist, or on itself through a circle.
    while (!rows_.empty()) add(rows_.begin()->first, 1);
    return std::move(out_);
  }

 private:
  void add(std::string name, int depth) {
    auto node = rows_.extract(name);
    if (node.empty()) return;
    MemberRow row = std::move(node.mapped());
    row.depth = depth;
    if (depth > 0) row.name = std::string(2 * (static_cast<std::size_t>(depth) - 1), ' ') + "+ " + row.name;
    out_.push_back(std::move(row));
    if (depth == 0) return;
    for (const std::string& child : children_[name]) add(child, depth + 1);
  }

  std::string root_;
  std::map<std::string, MemberRow> rows_;  // not yet placed
  std::map<std::string, std::vector<std::string>> children_;
  std::vector<MemberRow> out_;
};

}  // namespace

std::vector<MemberRow> member_rows(const ClusterView& view, Compatibility level) {
  const bool ports = ports_needed(view, level);
  std::vector<MemberRow> rows;
  for (const Member& member : view.members) {
    MemberRow row;
    row.name = member.name;
    row.host = member.host();
    if (ports && !row.host.empty()) row.host += fmt::format(":{}", member.port());
    row.role = role_of(view, member, level);
    row.state = state_of(view, member, level);
    row.timeline = member.timeline;
    row.is_leader = is_leader(view, member);
    fill_positions(view, member, level, row);
    row.pending_restart = member.pending_restart;
    row.pending_reasons = reasons_of(member);
    row.scheduled_restart = scheduled_restart_of(member);
    row.tags = member.tags.raw;
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [](const MemberRow& a, const MemberRow& b) { return a.name < b.name; });
  return rows;
}

std::vector<MemberRow> topology_rows(const ClusterView& view, Compatibility level) {
  return Tree(view, member_rows(view, level)).flattened();
}

}  // namespace tamada::ctl
