#include "store/etcd3/etcd3_keys.h"

namespace tamada::etcd3 {

std::vector<Compare> Etcd3Keys::stands(const LockGeneration& generation) const {
  return {Compare::value(leader(), generation.holder), Compare::create(leader(), generation.create_revision),
          Compare::lease(leader(), generation.session.empty() ? "0" : generation.session)};
}

std::vector<Op> Etcd3Keys::status_ops(const std::string& status_text, Lsn optime) const {
  std::vector<Op> ops{Op::put(of(StoreKey::Status), status_text)};
  if (optime_needed) ops.push_back(Op::put(of(StoreKey::OptimeLeader), std::to_string(optime.bytes)));
  return ops;
}

StoredKey stored_key(const KeyValue& kv) {
  return {kv.value, kv.mod_revision, kv.create_revision, kv.lease};
}

StoredKeys stored_keys(const std::vector<KeyValue>& kvs, std::string_view prefix) {
  StoredKeys keys;
  for (const KeyValue& kv : kvs) {
    if (kv.key.starts_with(prefix)) keys.emplace(kv.key.substr(prefix.size()), stored_key(kv));
  }
  return keys;
}

LockGeneration generation_of(const KeyValue& leader) {
  return {leader.value, leader.create_revision, leader.lease};
}

}  // namespace tamada::etcd3
