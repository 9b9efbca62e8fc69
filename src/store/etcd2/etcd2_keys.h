// What the parts of the etcd v2 store share: full key names, the picture of all keys, and writes that compare a
// version.
//
// The v2 API writes one key at a time and compares only that key. What depends on another key - on leading, on what a
// race was decided on - is read through a quorum first, all keys as of one index; then the key is written only if it is
// still as it was read.
#pragma once

#include <string>
#include <variant>

#include "ports/store.h"
#include "store/common/view_builder.h"
#include "store/etcd2/etcd2_client.h"

namespace tamada::etcd2 {

// All keys of the cluster as of one index of the store.
struct Picture {
  StoredKeys keys;
  std::string cluster_id;
  std::int64_t index = 0;

  ClusterView view() const { return build_view(keys, cluster_id, index); }
  const StoredKey* find(const std::string& path) const;
  std::int64_t version(StoreKey key) const;  // 0 = absent
};

// The generation that a leader key stands for; a holder without a name when there is none.
LockGeneration generation_of(const StoredKey* leader);

struct Etcd2Keys {
  std::string prefix;  // "/service/batman/"
  std::string member_name;
  // Set by every view: a member is there that reads its leader's position only from /optime/leader.
  bool optime_needed = false;

  std::string leader() const { return prefix + "leader"; }
  std::string member() const { return prefix + "members/" + member_name; }
  std::string of(StoreKey key) const { return prefix + std::string(path_of(key)); }
};

Task<std::variant<Picture, Fault>> read_picture(Etcd2Client& client, const Etcd2Keys& keys, Instant deadline);

Task<Written<std::int64_t>> write_key(Etcd2Client& client, const Etcd2Keys& keys, StoreWrite request, Instant deadline);

}  // namespace tamada::etcd2
