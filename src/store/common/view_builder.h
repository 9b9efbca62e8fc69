// From a store's raw keys to a ClusterView. Shared by all stores; pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "model/cluster_view.h"

namespace tamada {

struct StoredKey {
  std::string value;
  std::int64_t revision = 0;
  std::int64_t create_revision = 0;
  std::string session;  // lease or session it hangs on; empty = none
};

// By path below the cluster's base path: "leader", "members/node1".
using StoredKeys = std::map<std::string, StoredKey>;

// Unknown paths are left alone.
ClusterView build_view(const StoredKeys& keys, std::string store_id, std::int64_t revision);

// The position must also be written to /optime/leader: a member is registered that reads nothing else (dcs.md 1.12).
bool needs_optime_leader(const ClusterView& view);

}  // namespace tamada
