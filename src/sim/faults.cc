#include "sim/faults.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace tamada::sim {

namespace {

struct KindEntry {
  FaultKind kind;
  std::string_view name;
  int weight;  // how often, relative to the others
  Duration shortest;
  Duration longest;
};

constexpr std::array<KindEntry, kFaultKinds> kKinds{{
    {FaultKind::CutBoth, "cut both ways", 6, 2s, 60s},
    {FaultKind::CutOneWay, "cut one way", 5, 2s, 60s},
    {FaultKind::IsolateHost, "isolate host", 6, 2s, 90s},
    {FaultKind::CutFromStore, "cut from the store", 6, 2s, 90s},
    {FaultKind::SlowLink, "slow link", 3, 5s, 60s},
    {FaultKind::LossyLink, "lossy link", 3, 5s, 60s},
    {FaultKind::KillDaemon, "kill daemon", 6, 500ms, 60s},
    {FaultKind::KillAtCall, "kill daemon at a call", 16, 500ms, 20s},
    {FaultKind::FreezeDaemon, "freeze daemon", 4, 500ms, 50s},
    {FaultKind::KillPostmaster, "kill postmaster", 6, 1s, 1s},
    {FaultKind::KillBoth, "kill daemon and postgres", 3, 500ms, 60s},
    {FaultKind::LoseHost, "lose host", 5, 5s, 120s},
    {FaultKind::FreezeHost, "freeze host", 3, 500ms, 60s},
    {FaultKind::PauseMachine, "pause machine", 3, 500ms, 60s},
    {FaultKind::ClockRate, "clock rate", 2, 20s, 200s},
    {FaultKind::WallJump, "wall clock jumps", 2, 1s, 1s},
    {FaultKind::StoreStop, "stop store node", 3, 2s, 60s},
    {FaultKind::StoreStall, "stall store node", 3, 2s, 30s},
    {FaultKind::StoreHangDisk, "disk of the store's leader hangs", 3, 2s, 20s},
    {FaultKind::StoreLeaderChange, "store leader change", 3, 1s, 1s},
    {FaultKind::StoreRevokeLeader, "early revoke", 2, 1s, 1s},
    {FaultKind::StoreLostAnswers, "lost answers", 3, 5s, 60s},
    {FaultKind::StoreLateRequests, "late requests", 3, 5s, 60s},
    {FaultKind::StoreMuteWatches, "mute watches", 3, 5s, 60s},
    {FaultKind::StoreBreakStreams, "break watches", 2, 1s, 1s},
    {FaultKind::StoreApplyLag, "lagging store node", 2, 5s, 60s},
    {FaultKind::StoreRestore, "store restored from backup", 1, 1s, 1s},
    {FaultKind::StoreCompact, "compaction", 2, 1s, 1s},
    {FaultKind::StoreExtraTtl, "more ttl than asked for", 1, 30s, 120s},
    {FaultKind::StoreAllDown, "store down", 3, 2s, 60s},
    {FaultKind::HangQueries, "queries hang", 3, 2s, 40s},
    {FaultKind::HangDisk, "disk hangs", 2, 2s, 40s},
    {FaultKind::HangStop, "stop hangs", 4, 20s, 90s},
    {FaultKind::FailStart, "start fails", 4, 10s, 60s},
    {FaultKind::FailPromote, "promote fails", 3, 10s, 60s},
    {FaultKind::HangPromote, "promote hangs", 3, 10s, 60s},
    {FaultKind::FailRewind, "rewind fails", 3, 20s, 90s},
    {FaultKind::FailClone, "clone fails", 3, 20s, 90s},
    {FaultKind::FailScripts, "scripts fail", 2, 10s, 60s},
    {FaultKind::StallStream, "replication stands still", 5, 5s, 90s},
    {FaultKind::SlowPostgres, "slow postgres", 3, 20s, 90s},
    {FaultKind::LoseDataDirectory, "data directory lost", 1, 1s, 1s},
    {FaultKind::AskSwitchover, "switchover", 9, 1s, 1s},
    {FaultKind::AskFailover, "failover", 4, 1s, 1s},
    {FaultKind::AskRestart, "restart", 4, 1s, 1s},
    {FaultKind::AskReinitialize, "reinitialize", 3, 1s, 1s},
    {FaultKind::AskPause, "pause", 2, 5s, 90s},
    {FaultKind::AskConfig, "change configuration", 6, 1s, 1s},
    {FaultKind::AskReload, "reload", 2, 1s, 1s},
    {FaultKind::AskDetach, "detach", 2, 500ms, 15s},
    {FaultKind::AskShutdown, "stop daemon", 3, 500ms, 40s},
}};

const KindEntry& pick_kind(Prng& random) {
  int total = 0;
  for (const auto& entry : kKinds) total += entry.weight;
  auto left = static_cast<int>(random.below(static_cast<std::uint64_t>(total)));
  for (const auto& entry : kKinds) {
    left -= entry.weight;
    if (left < 0) return entry;
  }
  return kKinds[0];
}

bool strikes_member(FaultKind kind) {
  switch (kind) {
    case FaultKind::CutFromStore:
    case FaultKind::IsolateHost:
    case FaultKind::KillDaemon:
    case FaultKind::KillAtCall:
    case FaultKind::FreezeDaemon:
    case FaultKind::KillPostmaster:
    case FaultKind::KillBoth:
    case FaultKind::LoseHost:
    case FaultKind::FreezeHost:
    case FaultKind::PauseMachine:
    case FaultKind::HangQueries:
    case FaultKind::HangDisk:
    case FaultKind::HangStop:
    case FaultKind::AskRestart:
    case FaultKind::AskShutdown:
    case FaultKind::AskDetach:
      return true;
    default:
      return false;
  }
}

FaultStep make_step(const KindEntry& entry, const FaultPlan& plan, Prng& random) {
  FaultStep step;
  step.kind = entry.kind;
  // Short ones find races, long ones outlast the lock.
  step.lasts =
      random.one_in(2) ? random.between(entry.shortest, entry.longest) : random.skewed(entry.shortest, entry.longest);
  step.at_leader = random.one_in(2) && strikes_member(entry.kind);
  const int hosts = plan.members + plan.store_nodes;
  step.a = static_cast<int>(random.below(static_cast<std::uint64_t>(plan.members)));
  switch (entry.kind) {
    case FaultKind::CutBoth:
    case FaultKind::CutOneWay:
    case FaultKind::SlowLink:
    case FaultKind::LossyLink:
      step.a = static_cast<int>(random.below(static_cast<std::uint64_t>(hosts)));
      step.b = static_cast<int>((step.a + 1 + random.below(static_cast<std::uint64_t>(hosts - 1))) % hosts);
      step.amount = entry.kind == FaultKind::SlowLink ? random.between(5, 800) : random.between(20, 400);
      break;
    case FaultKind::IsolateHost:
      step.a = static_cast<int>(random.below(static_cast<std::uint64_t>(hosts)));
      break;
    case FaultKind::StoreStop:
    case FaultKind::StoreStall:
    case FaultKind::StoreApplyLag:
      step.a = static_cast<int>(random.below(static_cast<std::uint64_t>(plan.store_nodes)));
      step.amount = random.between(50, 5000);
      break;
    case FaultKind::KillAtCall:
      step.amount = random.one_in(3) ? random.between(1, 400) : random.between(1, 60);
      break;
    case FaultKind::KillPostmaster:
    case FaultKind::StoreRestore:
    case FaultKind::LoseDataDirectory:
      step.amount = random.between(0, 1);
      break;
    case FaultKind::ClockRate:
      step.amount = random.one_in(3) ? random.between(-100000, 100000) : random.between(-5000, 5000);
      break;
    case FaultKind::WallJump:
      step.amount = random.between(-7200, 7200);
      break;
    case FaultKind::StoreLostAnswers:
      step.amount = random.between(20, 500);
      break;
    case FaultKind::StoreLateRequests:
      step.amount = random.between(20, 300);
      break;
    case FaultKind::StoreExtraTtl:
      step.amount = random.between(1, 5);
      break;
    case FaultKind::SlowPostgres:
      step.amount = random.between(2, 8);
      break;
    case FaultKind::AskSwitchover:
    case FaultKind::AskFailover:
    case FaultKind::AskReinitialize:
      step.b = static_cast<int>(random.below(static_cast<std::uint64_t>(plan.members)));
      step.amount = random.between(0, 8);
      break;
    case FaultKind::AskConfig:
      step.b = static_cast<int>(random.below(static_cast<std::uint64_t>(plan.members)));
      step.amount = random.between(0, 13);
      break;
    default:
      break;
  }
  return step;
}

// Whole outages of the store, or the primary cut from it while the others read on; something strikes in each second
// one.
void add_store_outages(const FaultPlan& plan, Prng& random, std::vector<FaultStep>& steps) {
  const Duration time = plan.end - plan.begin;
  const std::int64_t count = std::max<std::int64_t>(4, time / 150s);
  for (std::int64_t i = 0; i < count; ++i) {
    FaultStep step;
    step.kind = random.one_in(3) ? FaultKind::CutFromStore : FaultKind::StoreAllDown;
    step.at_leader = true;
    step.at = plan.begin + random.between(Duration(0), time);
    step.lasts = std::min<Duration>(random.between(Duration(10s), Duration(150s)), plan.end - step.at);
    steps.push_back(step);
    if (random.one_in(2)) continue;
    FaultStep second = make_step(pick_kind(random), plan, random);
    second.at = std::min(step.at + random.between(Duration(0), step.lasts + 3s), plan.end);
    second.lasts = std::min<Duration>(second.lasts, plan.end - second.at);
    steps.push_back(second);
  }
}

}  // namespace

std::string_view to_string(FaultKind kind) {
  return kKinds[static_cast<std::size_t>(kind)].name;
}

std::string FaultStep::one_line() const {
  return fmt::format("step {} at {:.3f} s for {:.3f} s: {} a={}{} b={} amount={}", id, to_seconds(at),
                     to_seconds(lasts), to_string(kind), a, at_leader ? " (leader)" : "", b, amount);
}

std::vector<FaultStep> plan_faults(const FaultPlan& plan, Prng random) {
  // One fault about every 45 s; never fewer than twenty.
  const Duration time = plan.end - plan.begin;
  const std::int64_t count = std::max<std::int64_t>(20, time / 45s + random.between(-8, 8));
  std::vector<FaultStep> steps;
  for (std::int64_t i = 0; i < count; ++i) {
    FaultStep step = make_step(pick_kind(random), plan, random);
    step.at = plan.begin + random.between(Duration(0), time);
    step.lasts = std::min<Duration>(step.lasts, plan.end - step.at);
    steps.push_back(step);
    // Misfortunes do not come alone: now and then another one strikes while this one lasts.
    if (random.one_in(4)) {
      FaultStep second = make_step(pick_kind(random), plan, random);
      second.at = std::min(step.at + random.between(Duration(0), step.lasts + 2s), plan.end);
      second.lasts = std::min<Duration>(second.lasts, plan.end - second.at);
      steps.push_back(second);
    }
  }
  if (plan.failsafe) add_store_outages(plan, random, steps);
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i].id = static_cast<int>(i);
  std::sort(steps.begin(), steps.end(),
            [](const FaultStep& x, const FaultStep& y) { return x.at != y.at ? x.at < y.at : x.id < y.id; });
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i].id = static_cast<int>(i);
  return steps;
}

Result<std::vector<int>> parse_steps(std::string_view text) {
  std::vector<int> ids;
  const std::string whole(text);
  auto bad = [&] {
    return Error(ErrorCode::Invalid, "steps \"" + whole + "\" are no list of numbers and ranges", "write 3,5-9");
  };
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string part(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    const auto dash = part.find('-');
    const std::string first = part.substr(0, dash);
    const std::string last = dash == std::string::npos ? first : part.substr(dash + 1);
    auto number = [](const std::string& s) {
      return !s.empty() && s.size() < 7 && s.find_first_not_of("0123456789") == std::string::npos;
    };
    if (!number(first) || !number(last)) return bad();
    for (int id = std::stoi(first); id <= std::stoi(last); ++id) ids.push_back(id);
  }
  return ids;
}

}  // namespace tamada::sim
