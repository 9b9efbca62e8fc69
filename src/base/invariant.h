// INVARIANT(x): what our own code guarantees, checked in release builds too. A broken one writes the condition and what
// the registered dump tells, then ends the process; the guard, the lock's ttl and the next start make that safe (S8).
// Never for what the environment can do.
#pragma once

#include <functional>

namespace tamada {

[[noreturn]] void invariant_failed(const char* condition, const char* file, int line);
// Called once, before the process ends; writes the ring of the last decisions. Pass nullptr to remove it.
void set_invariant_dump(std::function<void()> dump);

}  // namespace tamada

#define INVARIANT(condition) \
  ((condition) ? static_cast<void>(0) : ::tamada::invariant_failed(#condition, __FILE__, __LINE__))
