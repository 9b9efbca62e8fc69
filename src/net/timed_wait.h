// Waiting with a limit on a real timer, for adapters that serve real sockets. What the simulator runs waits on a Clock.
#pragma once

#include "base/async.h"
#include "base/time.h"

namespace tamada {

// Waits until `list` is resumed, at most `limit`. False when the time was up. Its expiry resumes all who wait on the
// list, so every caller checks its own condition again. Cancellable.
Task<bool> wait_until(Executor executor, WaitList& list, Duration limit);

}  // namespace tamada
