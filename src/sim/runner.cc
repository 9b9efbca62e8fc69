#include "sim/runner.h"

#include <exception>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "sim/nemesis.h"

namespace tamada::sim {

namespace {

constexpr Duration kBootstrapLimit = 3min;
constexpr Duration kLookEvery = 5s;
constexpr Duration kStartAndPromote = 40s;  // crash recovery, start and promotion as SimPostgres makes them
constexpr Duration kRejoinLimit = 5min;     // rewind or clone, with what they wait for
constexpr Duration kQuiet = 20s;

class Run {
 public:
  explicit Run(const RunOptions& options)
      : options_(options),
        plan_random_(options.seed * 2 + 1),
        cluster_(options.seed, random_options(plan_random_)),
        checkers_(cluster_) {
    if (options.trace) cluster_.world().set_trace(options.trace);
  }

  RunResult play() {
    try {
      if (bootstrap()) {
        faults();
        recovery();
      }
    } catch (const std::exception& e) {
      checkers_.report("S8", fmt::format("an exception left a daemon: {}", e.what()));
    }
    return result();
  }

 private:
  SimWorld& world() { return cluster_.world(); }

  // Advances in steps, so that what has no event of its own is looked at.
  bool wait_for(Duration limit, const std::function<bool()>& done) {
    const SimTime end = world().now() + limit;
    while (world().now() < end) {
      if (world().run_until(std::min(end, world().now() + kLookEvery), done)) return true;
      checkers_.look();
    }
    return done();
  }

  int holder() {
    const auto* key = cluster_.etcd().model().find(cluster_.key("leader"));
    for (int m = 0; key != nullptr && m < cluster_.member_count(); ++m) {
      if (cluster_.name_of(m) == key->value) return m;
    }
    return -1;
  }

  // A key that a restored store brought back is nobody's proof: its primary is stopped in time, and the cluster is not
  // in order before that.
  bool has_primary() {
    const int m = holder();
    if (m < 0 || !cluster_.postgres(m).writable()) return false;
    const auto snapshot = cluster_.snapshot(m);
    return snapshot && snapshot->lock_valid_until != kLongAgo;
  }

  // Every other member streams from the primary (or from one that does) and has its history.
  bool all_back() {
    if (!has_primary()) return false;
    const int lead = holder();
    for (int m = 0; m < cluster_.member_count(); ++m) {
      if (m == lead) continue;
      SimPostgres& server = cluster_.postgres(m);
      if (!cluster_.daemon_runs(m) || server.phase() != SimPostgres::Phase::Ready || !server.streaming()) return false;
      if (!server.directory().content.prefix_of(cluster_.postgres(lead).directory().content)) return false;
    }
    return true;
  }

  void settle(SimTime limit) {
    while (world().now() < limit) {
      const int lead = holder();
      const bool disturbed = wait_for(kQuiet, [this, lead] { return holder() != lead || !all_back(); });
      if (!disturbed) return;
      wait_for(1s, [] { return false; });
    }
  }

  std::string picture() {
    std::string text = fmt::format("lock: {};", holder() >= 0 ? cluster_.name_of(holder()) : "nobody");
    for (int m = 0; m < cluster_.member_count(); ++m) {
      SimPostgres& server = cluster_.postgres(m);
      const char* phase[]{"down", "starting", "ready", "stopping"};
      auto snapshot = cluster_.snapshot(m);
      text +=
          fmt::format(" {}: {} {}{} tl {} at {} [{} {}];", cluster_.name_of(m), phase[static_cast<int>(server.phase())],
                      server.writable() ? "writable" : "standby", server.streaming() ? " streaming" : "",
                      server.directory().content.timeline().id, to_string(server.directory().content.end()),
                      snapshot ? snapshot->explanation.rule : "no daemon", snapshot ? snapshot->status : "");
    }
    return text;
  }

  bool bootstrap() {
    Prng& random = world().random();
    for (int m = 0; m < cluster_.member_count(); ++m) {
      world().after(random.between(Duration(0), Duration(4s)), -1, [this, m] { cluster_.start_daemon(m); });
    }
    if (wait_for(kBootstrapLimit, [this] { return all_back(); })) {
      cluster_.etcd().take_snapshot();
      return true;
    }
    checkers_.report("S9", "bootstrap did not end in " + std::to_string(kBootstrapLimit / 1s) + " s: " + picture());
    return false;
  }

  void faults() {
    FaultPlan plan;
    plan.begin = world().now() + 5s;
    plan.end = std::max<SimTime>(plan.begin + 1min, options_.minutes);
    plan.members = cluster_.member_count();
    plan.store_nodes = cluster_.etcd().node_count();
    plan.failsafe = cluster_.options().dynamic.at("failsafe_mode").as_bool();
    nemesis_.emplace(cluster_, checkers_, plan_faults(plan, plan_random_.fork()));
    nemesis_->schedule(options_.steps);
    SimTime next_backup = world().now() + 60s;
    while (world().now() < plan.end) {
      world().run_until(std::min(plan.end, world().now() + kLookEvery));
      checkers_.look();
      if (world().now() < next_backup) continue;
      next_backup = world().now() + 60s;
      cluster_.etcd().take_snapshot();
    }
    nemesis_->stop();
    faults_ = nemesis_->begun();
    cluster_.heal();
    resume(0);
  }

  // Pause ends with the faults; asked again until it is done.
  void resume(int tries) {
    const auto* key = cluster_.etcd().model().find(cluster_.key("config"));
    if (key != nullptr) {
      auto document = parse_json(key->value);
      if (document && document->is_object() && document->get_object().contains("pause")) {
        ConfigWrite write;
        write.document = document->get_object();
        write.document.erase("pause");
        for (int m = 0; m < cluster_.member_count(); ++m) {
          if (cluster_.daemon_runs(m)) {
            cluster_.submit(m, std::move(write), [](const OperatorReply&) {});
            break;
          }
        }
      }
    }
    call_off();
    if (tries < 10) world().after(3s, -1, [this, tries] { resume(tries + 1); });
  }

  // What is scheduled for later would come into the quiet.
  void call_off() {
    const auto* request = cluster_.etcd().model().find(cluster_.key("failover"));
    std::optional<CancelSwitchoverRequest> switchover;
    if (request != nullptr && request->value.find("scheduled_at") != std::string::npos) {
      switchover = CancelSwitchoverRequest{request->mod_revision};
    }
    for (int m = 0; m < cluster_.member_count(); ++m) {
      if (!cluster_.daemon_runs(m)) continue;
      cluster_.submit(m, CancelScheduledRestart{}, [](const OperatorReply&) {});
      if (switchover) cluster_.submit(m, *std::exchange(switchover, std::nullopt), [](const OperatorReply&) {});
    }
  }

  void recovery() {
    const SimTime healed = world().now();
    const Duration ttl = std::chrono::seconds(longest_ttl());
    const Duration limit = 2 * ttl + 2 * Duration(10s) + kStartAndPromote;
    if (!wait_for(limit, [this] { return has_primary(); })) {
      checkers_.report("S9", fmt::format("no writable primary {} s after the faults ended: {}", limit / 1s, picture()));
      return;
    }
    recovery_ = world().now() - healed;
    if (!wait_for(kRejoinLimit, [this] { return all_back(); })) {
      checkers_.report("S9", fmt::format("not all members are back {} s after the faults ended: {}",
                                         to_seconds(world().now() - healed), picture()));
      return;
    }
    complete_ = world().now() - healed;
    // What an operator asked for at last is still being done.
    settle(healed + kRejoinLimit);
    const int lead = holder();
    wait_for(kQuiet, [] { return false; });
    if (!all_back() || holder() != lead)
      checkers_.report("S9", "the cluster did not stay as it was in quiet: " + picture());
    if (auto wrong = checkers_.why_not_synchronous()) checkers_.report("S9", *wrong);
  }

  int longest_ttl() {
    int longest = 30;
    for (int m = 0; m < cluster_.member_count(); ++m) {
      if (auto s = cluster_.snapshot(m); s && s->settings)
        longest = std::max(longest, static_cast<int>(s->settings->dynamic.ttl.count()));
    }
    return longest;
  }

  RunResult result() {
    RunResult r;
    r.seed = options_.seed;
    r.violations = checkers_.violations();
    r.counts = checkers_.counts();
    r.rules = cluster_.rules_seen();
    r.faults = faults_;
    r.simulated = world().now();
    r.events = world().events_run();
    r.trace_hash = world().trace_hash();
    r.recovery = recovery_;
    r.complete = complete_;
    for (const auto& exit : cluster_.exits()) {
      if (exit.code != 0)
        r.notes.push_back(fmt::format("{:.3f} s: {} ended with {}: {}", to_seconds(exit.at),
                                      cluster_.name_of(exit.member), exit.code, exit.status));
    }
    return r;
  }

  RunOptions options_;
  Prng plan_random_;
  SimCluster cluster_;
  Checkers checkers_;
  std::optional<Nemesis> nemesis_;
  int faults_ = 0;
  Duration recovery_{0};
  Duration complete_{0};
};

}  // namespace

RunResult run_seed(const RunOptions& options) {
  return Run(options).play();
}

}  // namespace tamada::sim
