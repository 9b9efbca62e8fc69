// Names to addresses without blocking (D8), as the sessions with PostgreSQL need it. The resolver of the net layer
// stands behind it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"

namespace tamada {

class HostResolver {
 public:
  virtual ~HostResolver() = default;
  // Numeric addresses, best first; never empty. Engine thread.
  virtual Task<Result<std::vector<std::string>>> resolve(std::string host, Instant deadline) = 0;
  // The addresses of `host` did not work: ask the name servers again at the next opportunity.
  virtual void distrust(const std::string& /*host*/) {}
};

}  // namespace tamada
