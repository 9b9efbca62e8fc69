#include "sim/sim_command.h"

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/rule_book.h"
#include "sim/seed_farm.h"

namespace tamada::sim {

namespace {

constexpr const char* kUsage =
    "usage: tamada-sim [--seeds N] [--first S] [--jobs J] [--minutes M] [--fail-fast]\n"
    "       tamada-sim --seed X [--minutes M] [--steps 3,5-9] [--trace]\n";

struct Arguments {
  FarmOptions farm;
  std::optional<std::uint64_t> seed;
  std::vector<int> steps;
  bool trace = false;
};

std::optional<std::uint64_t> parse_number(const std::string& text) {
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return std::stoull(text);
}

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments a;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--trace") {
      a.trace = true;
    } else if (name == "--fail-fast") {
      a.farm.stop_at_first = true;
    } else if (i + 1 >= argc) {
      return std::nullopt;
    } else if (name == "--steps") {
      auto steps = parse_steps(argv[++i]);
      if (!steps) {
        fmt::print(stderr, "tamada-sim: {}\n", steps.error().text());
        return std::nullopt;
      }
      a.steps = *steps;
    } else {
      const auto n = parse_number(argv[++i]);
      if (!n) return std::nullopt;
      if (name == "--seeds") {
        a.farm.count = *n;
      } else if (name == "--first") {
        a.farm.first = *n;
      } else if (name == "--seed") {
        a.seed = *n;
      } else if (name == "--minutes" && *n > 0 && *n < 100000) {
        a.farm.minutes = std::chrono::minutes(*n);
      } else if (name == "--jobs" && *n > 0 && *n < 1000) {
        a.farm.jobs = static_cast<int>(*n);
      } else {
        return std::nullopt;
      }
    }
  }
  return a;
}

int run_one(const Arguments& a) {
  RunOptions run;
  run.seed = *a.seed;
  run.minutes = a.farm.minutes;
  run.steps = a.steps;
  if (a.trace) run.trace = [](std::string line) { fmt::print("{}\n", line); };
  const RunResult r = run_seed(run);
  for (const auto& note : r.notes) fmt::print("note: {}\n", note);
  for (const auto& v : r.violations)
    fmt::print("VIOLATION {} at {:.3f} s: {}\n", v.invariant, to_seconds(v.at), v.text);
  fmt::print(
      "seed {}: {} faults, {:.1f} min, {} events, {} commits, {} promotions, primary after {:.1f} s, all after {:.1f} "
      "s, hash {:016x}, {} violations\n",
      r.seed, r.faults, to_seconds(r.simulated) / 60, r.events, r.counts.acknowledged, r.counts.promotions,
      to_seconds(r.recovery), to_seconds(r.complete), r.trace_hash, r.violations.size());
  return r.violations.empty() ? 0 : 1;
}

void print_report(const FarmReport& r) {
  const auto& c = r.counts;
  fmt::print(
      "{} seeds, {:.1f} simulated hours in {:.1f} s ({:.2f} seeds/s), {} events, {} faults, {} seeds with violations\n",
      r.seeds, r.simulated_hours, r.real_seconds, static_cast<double>(r.seeds) / r.real_seconds, r.events, r.faults,
      r.failed.size());
  fmt::print(
      "checked: {} commits ({} synchronous), {} promotions, {} starts as primary, {} lock changes, {} locks freed, {} "
      "destroying steps, {} streams compared\n",
      c.acknowledged, c.synchronous_commits, c.promotions, c.starts_as_primary, c.lock_changes, c.locks_freed,
      c.destroyed, c.streams_compared);
  fmt::print("failsafe mode: a primary that it kept was looked at {} times, {} locks expired meanwhile\n",
             c.under_consent, c.freed_with_consent);
  fmt::print("acknowledged writes lost within the allowed loss: {}; slowest return of a primary: {:.1f} s\n",
             c.lost_commits, to_seconds(r.longest_recovery));
  for (const auto& [name, d] : c.longest_overlap) fmt::print("overlap, {}: at most {:.3f} s\n", name, to_seconds(d));
  std::string missing;
  std::size_t total = 0;
  for (const auto& situation : rule_book()) {
    for (const auto& rule : situation.rules) {
      ++total;
      if (!r.rules.contains(std::string(rule.id))) missing += " " + std::string(rule.id);
    }
  }
  fmt::print("rules reached: {} of {}; never:{}\n", r.rules.size(), total, missing.empty() ? " none" : missing);
}

}  // namespace

int sim_command(int argc, char** argv) {
  const auto arguments = parse(argc, argv);
  if (!arguments) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  if (arguments->seed) return run_one(*arguments);
  const auto minutes = arguments->farm.minutes.count();
  const FarmReport report = run_farm(arguments->farm, [minutes](std::uint64_t seed, const std::string& text) {
    fmt::print("seed {} broke:\n{}  replay: tamada-sim --seed {} --minutes {} --trace\n", seed, text, seed, minutes);
    std::fflush(stdout);
  });
  print_report(report);
  return report.failed.empty() ? 0 : 1;
}

}  // namespace tamada::sim
