// One seed from beginning to end: bootstrap, faults, healing, and what must hold afterwards.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "sim/checkers.h"
#include "sim/faults.h"

namespace tamada::sim {

struct RunOptions {
  std::uint64_t seed = 1;
  std::chrono::minutes minutes{30};
  std::vector<int> steps;  // empty = all
  std::function<void(std::string)> trace;
};

struct RunResult {
  std::uint64_t seed = 0;
  std::vector<Violation> violations;
  CheckCounts counts;
  std::set<std::string> rules;
  std::vector<std::string> notes;  // what is worth a look but breaks nothing
  int faults = 0;
  SimTime simulated{0};
  std::uint64_t events = 0;
  std::uint64_t trace_hash = 0;
  Duration recovery{0};  // from the end of the faults until a primary was writable
  Duration complete{0};  // ... until all members were back
};

RunResult run_seed(const RunOptions& options);

}  // namespace tamada::sim
