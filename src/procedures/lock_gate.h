// The lock as procedures see it. The engine's lock keeper implements it.
#pragma once

#include <optional>

#include "base/task.h"
#include "base/time.h"
#include "ports/store.h"

namespace tamada {

class LockGate {
 public:
  virtual ~LockGate() = default;
  // The proven hold; nullopt when there is none or it was refused since.
  virtual std::optional<LockProof> proof() const = 0;
  // A confirmed renewal made now, tried until `deadline`. True when afterwards validity lasts at least `needed`.
  virtual Task<bool> confirm(Duration needed, Instant deadline) = 0;
  // Takes the key after a bootstrap, whatever stands there (dcs.md 2.1 "take leader").
  virtual Task<Result<void>> take(Instant deadline) = 0;
  // Deletes the key of our generation. Only after PostgreSQL is stopped in the sense of safety.md 3.1, or was never
  // writable under this generation. Unknown = it may still be there until its ttl; it is not renewed any more.
  virtual Task<WriteKind> release(std::optional<StatusDocument> final_status, Instant deadline) = 0;
};

}  // namespace tamada
