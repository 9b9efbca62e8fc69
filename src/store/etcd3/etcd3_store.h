// The Store on etcd v3, through its JSON gateway; keys and values as Patroni's (dcs.md 1, 4).
//
// One thread. Time only from the Clock, I/O only through the HttpTransport, so it runs unchanged in the simulator. The
// lock is in etcd3_lock.h, leases in etcd3_leases.h, the watch in etcd3_watch.h, nodes and retries in etcd3_client.h.
#pragma once

#include <memory>

#include "base/log.h"
#include "net/http.h"
#include "net/resolver.h"
#include "ports/clock.h"
#include "ports/store.h"
#include "store/common/etcd_config.h"

namespace tamada {

class Etcd3Store final : public Store {
 public:
  // `resolver` may be null: then there is no discovery by DNS service records.
  Etcd3Store(Executor executor, Clock& clock, HttpTransport& transport, EtcdConfig config, Resolver* resolver,
             Logger log);
  ~Etcd3Store() override;

  // For requests from now on (reload). The cluster's prefix and the member's name must not change.
  void update_config(EtcdConfig config);

  Task<Result<ClusterView>> load(Instant deadline) override;
  void watch(StoreListener& listener) override;
  Task<Written<LockProof>> acquire_leader(AcquireRequest request, Instant deadline) override;
  Task<Written<LockProof>> renew(LockGeneration generation, RenewRequest request, Instant deadline) override;
  Task<Written<std::int64_t>> release(LockGeneration generation, std::optional<StatusDocument> final_status,
                                      Instant deadline) override;
  Task<Written<LockProof>> adopt_leader(AdoptionRecord record, std::chrono::seconds ttl, Instant deadline) override;
  Task<Written<std::int64_t>> touch_member(std::string value, std::chrono::seconds ttl, bool keep_alive_only,
                                           Instant deadline) override;
  Task<Written<std::int64_t>> write(StoreWrite request, Instant deadline) override;
  Task<Written<std::int64_t>> delete_cluster(Instant deadline) override;
  std::string_view kind() const override { return "etcd3"; }
  Task<void> stop() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tamada
