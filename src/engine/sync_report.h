// What synchronous mode does now, for /explain and the metrics.
#pragma once

#include <string>
#include <vector>

namespace tamada {

// Empty where it does nothing.
struct SyncReport {
  std::string rule;
  std::string because;
  std::string names;                 // synchronous_standby_names in force
  int waiting = 0;                   // sessions whose commit waits
  int lowered = 0;                   // roles and databases outside the promise
  std::vector<std::string> details;  // who is no synchronous standby and why
};

}  // namespace tamada
