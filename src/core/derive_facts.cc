#include "core/derive_facts.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/derive_groups.h"
#include "core/health_judgement.h"

namespace tamada {

using namespace fact;

bool valid_system_identifier(std::string_view text) {
  return text.size() >= 10 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

namespace {

fact::Busy busy(const RunningProcedure& procedure, const Memory& memory) {
  switch (procedure.kind) {
    case ProcedureKind::None:
      return Busy::Idle;
    case ProcedureKind::Bootstrap:
      return Busy::Bootstrapping;
    case ProcedureKind::Promote:
      return memory.promotion_asked ? Busy::PromotionAsked : Busy::Promoting;
    case ProcedureKind::Demote:
      return Busy::Demoting;
    case ProcedureKind::Shutdown:
      return Busy::Stopping;
    case ProcedureKind::Restart:
      return Busy::Restarting;
    default:
      return Busy::Working;
  }
}

fact::Store store(StoreReach reach) {
  switch (reach) {
    case StoreReach::Fresh:
      return Store::Fresh;
    case StoreReach::Doubtful:
      return Store::Doubtful;
    case StoreReach::Unreachable:
      return Store::Unreachable;
  }
  return Store::Unknown;
}

// A process that never saw the store believes a remembered pause, but not that there is none.
fact::Paused paused(const DerivationInput& in) {
  if (in.settings.dynamic.pause) return Paused::Yes;
  return in.memory.saw_fresh_view ? Paused::No : Paused::Unknown;
}

fact::Initialize initialize(const ClusterView* view) {
  if (!view) return Initialize::Unknown;
  if (!view->initialize) return Initialize::Absent;
  if (view->initialize->value.empty()) return Initialize::Empty;
  return valid_system_identifier(view->initialize->value) ? Initialize::Valid : Initialize::Unusable;
}

fact::SystemId system_id(const DerivationInput& in, fact::Initialize initialize) {
  const auto& postgres = in.observation.postgres;
  if (!in.view || postgres.data_dir != DataDirState::Present) return SystemId::Unknown;
  std::string mine = postgres.control ? postgres.control->system_identifier : "";
  // A server that runs has a control file; that it could not be read just now is no reason to doubt its cluster.
  if (mine.empty() && postgres.running()) mine = in.memory.trusted_system_identifier;
  if (!valid_system_identifier(mine)) return SystemId::Invalid;
  if (initialize != Initialize::Valid) return SystemId::NoneInStore;
  return in.view->initialize->value == mine ? SystemId::Same : SystemId::Foreign;
}

fact::DataDir data_dir(DataDirState state) {
  switch (state) {
    case DataDirState::Unknown:
      return DataDir::Unknown;
    case DataDirState::Missing:
    case DataDirState::Empty:
      return DataDir::Empty;
    case DataDirState::Present:
      return DataDir::Present;
    case DataDirState::Inaccessible:
      return DataDir::Inaccessible;
  }
  return DataDir::Unknown;
}

fact::Unfinished unfinished(UnfinishedWork work) {
  switch (work) {
    case UnfinishedWork::None:
      return Unfinished::Nothing;
    case UnfinishedWork::Bootstrap:
      return Unfinished::Bootstrap;
    case UnfinishedWork::Clone:
      return Unfinished::Clone;
    case UnfinishedWork::Fill:
      return Unfinished::Fill;
    case UnfinishedWork::Rewind:
      return Unfinished::Rewind;
  }
  return Unfinished::Unknown;
}

// Settings that still differ right after they were changed are not changed again at once. A standby cluster that lost
// its leader elects one first: while its members stream from the remote no position is final.
fact::Follow follow(const DerivationInput& in) {
  const auto& differs = in.observation.follow_differs;
  if (!differs) return Follow::Unknown;
  if (!*differs) return Follow::Same;
  const auto& last = in.memory.followed_at;
  if (last && in.now < *last + kFollowPause) return Follow::TooSoon;
  const auto& unlocked = in.memory.unlocked_since;
  const bool races = in.settings.dynamic.standby_cluster && in.view && in.view->unlocked() && unlocked;
  return races && in.now < *unlocked + in.settings.dynamic.loop_wait ? Follow::TooSoon : Follow::Differs;
}

fact::Health health(HealthVerdict::Level level) {
  switch (level) {
    case HealthVerdict::Level::Unknown:
      return Health::Unknown;
    case HealthVerdict::Level::Good:
      return Health::Good;
    case HealthVerdict::Level::Suspect:
      return Health::Suspect;
    case HealthVerdict::Level::Sick:
      return Health::Sick;
  }
  return Health::Unknown;
}

void derive_general(const DerivationInput& in, Facts& f) {
  const auto& o = in.observation;
  f.set(o.shutting_down ? ShuttingDown::Yes : ShuttingDown::No);
  f.set(busy(o.procedure, in.memory));
  f.set(store(o.store));
  f.set(paused(in));
  f.set(data_dir(o.postgres.data_dir));
  f.set(unfinished(o.unfinished));
  f.set(initialize(in.view));
  f.set(system_id(in, f.get<Initialize>()));
  f.set(in.memory.store_went_back ? WentBack::Yes : in.view ? WentBack::No : WentBack::Unknown);
  f.set(in.memory.role_callback_ran ? CallbackRan::Yes : CallbackRan::No);
  f.set(in.settings.dynamic.standby_cluster ? StandbyCluster::Yes : StandbyCluster::No);
  const auto& remote = in.settings.dynamic.standby_cluster;
  f.set(remote && !remote->host.empty() ? Remote::Yes : Remote::No);
  f.set(o.watchdog_healthy ? fact::Watchdog::Usable : fact::Watchdog::Unusable);
  f.set(follow(in));
}

void derive_health(const DerivationInput& in, Derived& d) {
  HealthVerdict verdict = judge_health(in.observation.health, in.settings.postgresql.health, in.now);
  d.facts.set(health(verdict.level));
  for (std::string& line : verdict.details) d.details.push_back("health: " + std::move(line));
}

}  // namespace

Derived derive_facts(const Observation& observation, const Memory& memory, Instant now, WallTime wall,
                     const Settings& settings) {
  const DerivationInput in{observation,
                           memory,
                           observation.view ? &*observation.view : nullptr,
                           settings,
                           now,
                           wall,
                           compute_timing(settings.dynamic)};
  Derived derived;
  derive_general(in, derived.facts);
  derive_health(in, derived);
  derive_postgres(in, derived.facts);
  derive_lock(in, derived.facts);
  derive_recovery(in, derived.facts);
  derive_clone(in, derived.facts);
  derive_orders(in, derived);
  derive_race(in, derived);
  return derived;
}

}  // namespace tamada
