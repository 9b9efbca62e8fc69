// Runs many seeds in child processes, so that a seed that ends its process is a finding and not the end of the run.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "sim/runner.h"

namespace tamada::sim {

struct FarmReport {
  std::uint64_t seeds = 0;
  double simulated_hours = 0;
  double real_seconds = 0;
  std::uint64_t events = 0;
  std::uint64_t faults = 0;
  CheckCounts counts;
  std::set<std::string> rules;
  std::vector<std::uint64_t> failed;
  Duration longest_recovery{0};
};

struct FarmOptions {
  std::uint64_t first = 1;
  std::uint64_t count = 100;
  std::chrono::minutes minutes{30};
  int jobs = 1;
  bool stop_at_first = false;
};

// `on_failure` is called for each seed that broke something, as soon as it is known.
FarmReport run_farm(const FarmOptions& options,
                    const std::function<void(std::uint64_t, const std::string&)>& on_failure);

}  // namespace tamada::sim
