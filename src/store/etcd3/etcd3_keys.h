// What the parts of the etcd v3 store share: full key names, and what the members can read.
#pragma once

#include <string>
#include <string_view>

#include "model/cluster_view.h"
#include "ports/store.h"
#include "store/common/view_builder.h"
#include "store/etcd3/etcd3_codec.h"

namespace tamada::etcd3 {

struct Etcd3Keys {
  std::string prefix;  // "/service/batman/"
  std::string member_name;
  // Set by every view: a member is there that reads its leader's position only from /optime/leader.
  bool optime_needed = false;

  std::string leader() const { return prefix + "leader"; }
  std::string member() const { return prefix + "members/" + member_name; }
  std::string of(StoreKey key) const { return prefix + std::string(path_of(key)); }

  // The comparisons that hold exactly while the generation stands.
  std::vector<Compare> stands(const LockGeneration& generation) const;
  // The writes that publish a position.
  std::vector<Op> status_ops(const std::string& status_text, Lsn optime) const;
};

StoredKey stored_key(const KeyValue& kv);
// Keys outside the prefix are left out.
StoredKeys stored_keys(const std::vector<KeyValue>& kvs, std::string_view prefix);
// The generation a leader key stands for.
LockGeneration generation_of(const KeyValue& leader);

}  // namespace tamada::etcd3
