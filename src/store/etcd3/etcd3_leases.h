// Leases: the calls, and the member key's own lease (safety.md 1.4).
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/log.h"
#include "ports/store.h"
#include "store/etcd3/etcd3_client.h"
#include "store/etcd3/etcd3_keys.h"

namespace tamada::etcd3 {

// A lease as the store answered for it.
struct Lease {
  std::string id;
  Duration ttl{0};          // granted; 0 = the answering node knows no such lease, which proves nothing
  Instant sent = kLongAgo;  // before the request that was answered; validity counts from here
  std::uint64_t raft_term = 0;

  Instant valid_until() const { return sent + ttl; }
};

using LeaseResult = std::variant<Lease, Fault>;

Task<LeaseResult> grant_lease(Etcd3Client& client, std::chrono::seconds ttl, Instant deadline);
Task<LeaseResult> keep_lease_alive(Etcd3Client& client, std::string id, Instant deadline);
Task<void> revoke_lease(Etcd3Client& client, std::string id, Instant deadline);

// members/<name> on a lease that nothing else hangs on.
class Etcd3MemberLease {
 public:
  Etcd3MemberLease(Clock& clock, Etcd3Client& client, const Etcd3Keys& keys)
      : clock_(clock), client_(client), keys_(keys) {}

  Task<Written<std::int64_t>> touch(std::string value, std::chrono::seconds ttl, bool keep_alive_only,
                                    Instant deadline);

 private:
  Task<std::optional<Fault>> ensure(std::chrono::seconds ttl, bool must_refresh, Instant deadline);

  Clock& clock_;
  Etcd3Client& client_;
  const Etcd3Keys& keys_;
  std::optional<Lease> lease_;
  std::chrono::seconds asked_ttl_{0};  // what lease_ was granted for; the store may have given more
  struct Put {
    std::string lease;
    std::int64_t revision = 0;
  };
  std::optional<Put> put_;  // the last that was answered
};

// A failed call as the outcome of a write: never refused, unless the store itself rejected the request.
template <class T>
Written<T> written_of(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::PermissionDenied:
    case FaultKind::BadCredentials:
    case FaultKind::Token:
    case FaultKind::Unsupported:
    case FaultKind::Rejected:
      if (!fault.may_be_applied) return Written<T>::make_refused({}, fault.error);
      break;
    default:
      break;
  }
  return Written<T>::make_unknown(fault.error);
}

}  // namespace tamada::etcd3
