// The leader key: acquire, renew, release, adopt (safety.md 1). It lives by its own ttl; its generation is the name in
// it and its createdIndex, which every change but a new creation keeps.
//
// A renewal is one compare-and-swap of exactly the version that was written last: it goes through the raft log, so that
// the answer is the proof, and nothing has to be confirmed. Nodes stamp the end of a ttl by their own wall clocks, and
// the leading node ends it by its own (docs/stores.md): keep the clocks of etcd's nodes together.
#pragma once

#include <optional>
#include <string>

#include "base/async.h"
#include "base/log.h"
#include "ports/store.h"
#include "store/etcd2/etcd2_keys.h"

namespace tamada::etcd2 {

class Etcd2Lock {
 public:
  Etcd2Lock(Clock& clock, Etcd2Client& client, const Etcd2Keys& keys) : clock_(clock), client_(client), keys_(keys) {}

  Task<Written<LockProof>> acquire(AcquireRequest request, Instant deadline);
  Task<Written<LockProof>> renew(LockGeneration generation, RenewRequest request, Instant deadline);
  Task<Written<std::int64_t>> release(LockGeneration generation, std::optional<StatusDocument> final_status,
                                      Instant deadline);
  Task<Written<LockProof>> adopt(AdoptionRecord record, std::chrono::seconds ttl, Instant deadline);

 private:
  struct Version {
    LockGeneration generation;
    std::int64_t index = 0;  // modifiedIndex
  };
  // The version at which the generation stands now, read through a quorum; a Written without value when it does not.
  Task<Written<Version>> look(const LockGeneration& generation, Instant deadline);
  Task<Written<LockProof>> swap(LockGeneration generation, std::chrono::seconds ttl, Instant deadline);
  Task<Written<LockProof>> judge_acquired(const AcquireRequest& request, LockProof proof, std::int64_t index,
                                          Instant deadline);
  Task<void> publish(const LockGeneration& generation, const StatusDocument& status, Instant deadline);

  Clock& clock_;
  Etcd2Client& client_;
  const Etcd2Keys& keys_;
  std::optional<Version> last_;       // as this process wrote or read it
  std::int64_t status_version_ = -1;  // of /status, as this process wrote it last; -1 = not known
  std::string status_text_;
};

}  // namespace tamada::etcd2
