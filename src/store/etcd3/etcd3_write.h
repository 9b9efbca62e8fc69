// Conditional writes of single keys. Private to the etcd v3 store.
#pragma once

#include "ports/store.h"
#include "store/etcd3/etcd3_client.h"
#include "store/etcd3/etcd3_keys.h"

namespace tamada::etcd3 {

Task<Written<std::int64_t>> write_key(Etcd3Client& client, const Etcd3Keys& keys, StoreWrite request, Instant deadline);

}  // namespace tamada::etcd3
