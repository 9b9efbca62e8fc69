#include "sim/seed_farm.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>

#include <fmt/format.h>

#include "base/json.h"

namespace tamada::sim {

namespace {

json::object to_document(const RunResult& r) {
  json::array violations;
  for (const auto& v : r.violations)
    violations.push_back(json::string(fmt::format("{} at {:.3f} s: {}", v.invariant, to_seconds(v.at), v.text)));
  json::array rules;
  for (const auto& rule : r.rules) rules.push_back(json::string(rule));
  json::object overlaps;
  for (const auto& [name, d] : r.counts.longest_overlap) overlaps[name] = d.count();
  const auto& c = r.counts;
  json::object counts{
      {"acknowledged", c.acknowledged},  {"promotions", c.promotions}, {"starts", c.starts_as_primary},
      {"lock_changes", c.lock_changes},  {"freed", c.locks_freed},     {"destroyed", c.destroyed},
      {"excused", c.overlaps_excused},   {"lost", c.lost_commits},     {"synchronous", c.synchronous_commits},
      {"streams", c.streams_compared},   {"overlaps", overlaps},       {"freed_with_consent", c.freed_with_consent},
      {"under_consent", c.under_consent}};
  return {
      {"seed", r.seed},     {"violations", violations},         {"rules", rules},     {"counts", counts},
      {"faults", r.faults}, {"simulated", r.simulated.count()}, {"events", r.events}, {"recovery", r.recovery.count()}};
}

std::uint64_t number(const json::object& o, std::string_view name) {
  const json::value* v = o.if_contains(name);
  if (v == nullptr) return 0;
  return v->is_uint64() ? v->get_uint64() : v->is_int64() ? static_cast<std::uint64_t>(v->get_int64()) : 0;
}

std::string add(FarmReport& report, const json::object& o) {
  ++report.seeds;
  report.simulated_hours += static_cast<double>(number(o, "simulated")) / 3600e6;
  report.events += number(o, "events");
  report.faults += number(o, "faults");
  report.longest_recovery =
      std::max(report.longest_recovery, Duration(static_cast<std::int64_t>(number(o, "recovery"))));
  for (const auto& rule : o.at("rules").as_array()) report.rules.insert(std::string(rule.as_string()));
  const auto& c = o.at("counts").as_object();
  CheckCounts counts;
  counts.acknowledged = number(c, "acknowledged");
  counts.promotions = number(c, "promotions");
  counts.starts_as_primary = number(c, "starts");
  counts.lock_changes = number(c, "lock_changes");
  counts.locks_freed = number(c, "freed");
  counts.destroyed = number(c, "destroyed");
  counts.overlaps_excused = number(c, "excused");
  counts.lost_commits = number(c, "lost");
  counts.synchronous_commits = number(c, "synchronous");
  counts.streams_compared = number(c, "streams");
  counts.freed_with_consent = number(c, "freed_with_consent");
  counts.under_consent = number(c, "under_consent");
  for (const auto& [name, d] : c.at("overlaps").as_object())
    counts.longest_overlap[std::string(name)] = Duration(d.to_number<std::int64_t>());
  report.counts += counts;
  std::string text;
  for (const auto& v : o.at("violations").as_array()) text += "  " + std::string(v.as_string()) + "\n";
  return text;
}

struct Worker {
  pid_t pid = -1;
  int pipe = -1;
  std::string buffer;
  std::uint64_t next = 0;  // the seed it works on
};

// Every `jobs`-th seed from `from` on, one line of JSON each.
Worker start_worker(const FarmOptions& options, std::uint64_t from, std::uint64_t end) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  Worker w;
  w.next = from;
  w.pid = fork();
  if (w.pid != 0) {
    close(ends[1]);
    w.pipe = ends[0];
    return w;
  }
  close(ends[0]);
  for (std::uint64_t seed = from; seed < end; seed += static_cast<std::uint64_t>(options.jobs)) {
    RunOptions run;
    run.seed = seed;
    run.minutes = options.minutes;
    const std::string line = to_json(to_document(run_seed(run)), JsonStyle::Compact) + "\n";
    std::size_t written = 0;
    while (written < line.size()) {
      const auto n = ::write(ends[1], line.data() + written, line.size() - written);
      if (n <= 0) _exit(3);
      written += static_cast<std::size_t>(n);
    }
  }
  _exit(0);
}

}  // namespace

FarmReport run_farm(const FarmOptions& options,
                    const std::function<void(std::uint64_t, const std::string&)>& on_failure) {
  FarmReport report;
  const auto began = std::chrono::steady_clock::now();
  const std::uint64_t end = options.first + options.count;
  const auto stride = static_cast<std::uint64_t>(options.jobs);
  std::vector<Worker> workers;
  for (int j = 0; j < options.jobs && options.first + static_cast<std::uint64_t>(j) < end; ++j) {
    workers.push_back(start_worker(options, options.first + static_cast<std::uint64_t>(j), end));
  }
  auto fail = [&](std::uint64_t seed, const std::string& text) {
    report.failed.push_back(seed);
    on_failure(seed, text);
  };
  bool stopped = false;
  while (!workers.empty() && !stopped) {
    std::vector<pollfd> fds;
    for (const auto& w : workers) fds.push_back({w.pipe, POLLIN, 0});
    if (poll(fds.data(), fds.size(), -1) < 0) continue;
    for (std::size_t i = fds.size(); i-- > 0;) {
      if ((fds[i].revents & (POLLIN | POLLHUP)) == 0) continue;
      Worker& w = workers[i];
      char chunk[65536];
      const auto n = read(w.pipe, chunk, sizeof chunk);
      if (n > 0) {
        w.buffer.append(chunk, static_cast<std::size_t>(n));
        for (auto nl = w.buffer.find('\n'); nl != std::string::npos; nl = w.buffer.find('\n')) {
          auto document = parse_json(std::string_view(w.buffer).substr(0, nl));
          w.buffer.erase(0, nl + 1);
          if (!document) continue;
          const std::uint64_t seed = number(document->as_object(), "seed");
          const std::string text = add(report, document->as_object());
          w.next = seed + stride;
          if (!text.empty()) fail(seed, text);
          stopped = stopped || (options.stop_at_first && !text.empty());
        }
        continue;
      }
      int status = 0;
      waitpid(w.pid, &status, 0);
      close(w.pipe);
      const std::uint64_t seed = w.next;
      workers.erase(workers.begin() + static_cast<std::ptrdiff_t>(i));
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
      fail(seed, fmt::format("  the process ended with {} {}\n", WIFSIGNALED(status) ? "signal" : "status",
                             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)));
      if (seed + stride < end && !options.stop_at_first) workers.push_back(start_worker(options, seed + stride, end));
    }
  }
  for (auto& w : workers) {
    kill(w.pid, SIGKILL);
    waitpid(w.pid, nullptr, 0);
    close(w.pipe);
  }
  report.real_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return report;
}

}  // namespace tamada::sim
