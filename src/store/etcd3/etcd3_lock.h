// The leader key: acquire, renew, release, adopt (safety.md 1). Each acquisition has a lease of its own.
//
// A renewal is proven by a keepalive and then, after its answer, a linearizable transaction that compares value, lease
// and create_revision - and both answers must carry the same raft term. Why the term: an etcd leader that was deposed
// but does not know it answers keepalives too (M1). The keepalive's header is written by the answering member before it
// renews, so its term says whose lease book was refreshed. The transaction needs a quorum after that; if its term is
// the same, no later leader existed when the lease was refreshed, whose book would count and was not touched.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/async.h"
#include "base/log.h"
#include "ports/store.h"
#include "store/etcd3/etcd3_leases.h"

namespace tamada::etcd3 {

class Etcd3Lock {
 public:
  Etcd3Lock(Executor executor, Clock& clock, Etcd3Client& client, const Etcd3Keys& keys, Logger log)
      : clock_(clock), client_(client), keys_(keys), log_(std::move(log)), background_(std::move(executor)) {}

  Task<Written<LockProof>> acquire(AcquireRequest request, Instant deadline);
  Task<Written<LockProof>> renew(LockGeneration generation, RenewRequest request, Instant deadline);
  Task<Written<std::int64_t>> release(LockGeneration generation, std::optional<StatusDocument> final_status,
                                      Instant deadline);
  Task<Written<LockProof>> adopt(AdoptionRecord record, Instant deadline);
  // A change of ttl moves the key to another lease, which changes its generation. For a caller that does not know yet.
  LockGeneration current(const LockGeneration& generation) const;
  Task<void> stop() { return background_.stop(); }

 private:
  // A move to another lease whose outcome is not known: the key hangs on one of the two.
  struct Move {
    LockGeneration from;
    Lease to;
    std::chrono::seconds asked_ttl{0};
  };
  Task<Written<LockProof>> confirm(LockGeneration generation, const std::optional<StatusDocument>& status,
                                   const std::string& store_id, Instant deadline);
  Task<Written<LockProof>> change_ttl(LockProof proof, std::chrono::seconds ttl, Instant deadline);
  Task<std::optional<Lease>> lease_for_move(const LockProof& proof, std::chrono::seconds ttl, Instant deadline);
  bool moved(const LockGeneration& from, const KeyValue& found);
  void settle_move(const LockGeneration& from, const LockGeneration& to);
  Txn acquire_txn(const AcquireRequest& request, const std::string& lease) const;
  void revoke_later(std::string lease);

  Clock& clock_;
  Etcd3Client& client_;
  const Etcd3Keys& keys_;
  Logger log_;
  std::optional<Move> move_;
  std::optional<std::pair<LockGeneration, LockGeneration>> last_move_;
  std::set<std::chrono::seconds> impossible_ttls_;  // the store granted more
  TaskScope background_;
};

}  // namespace tamada::etcd3
