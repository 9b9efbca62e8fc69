// What `list` and `topology` tell of each member, derived from one view of the cluster (cli.md 5.1, 5.2). Pure; how it
// is laid out is ctl/cluster_table.h's work.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/cluster_view.h"

namespace tamada::ctl {

// A WAL position and how far it is behind the leader's recorded one.
struct PositionCell {
  bool known = false;
  Lsn lsn;
  std::optional<std::int64_t> lag_mb;  // rounded; nullopt: ahead of the recorded position (1.5 only) or unknown
};

struct MemberRow {
  std::string name;
  std::string host;  // "host" or "host:port", empty when the member publishes no address
  std::string role;  // in the words of the level
  std::string state;
  Timeline timeline;
  bool is_leader = false;
  PositionCell position;  // one position: levels 1.5 and 3.0
  PositionCell receive;   // level 4.1
  PositionCell replay;
  bool pending_restart = false;
  std::vector<std::string> pending_reasons;  // "guc: old->new"
  std::string scheduled_restart;             // "" = none
  json::object tags;
  int depth = 0;  // in the tree: 0 = leader
};

// Sorted by name.
std::vector<MemberRow> member_rows(const ClusterView& view, Compatibility level);

// Leader first, then depth first; the name carries the branch ("  + name").
std::vector<MemberRow> topology_rows(const ClusterView& view, Compatibility level);

}  // namespace tamada::ctl
