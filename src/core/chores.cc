#include "core/chores.h"

#include <algorithm>

#include "core/failsafe_map.h"
#include "core/restart_conditions.h"

namespace tamada {

using namespace fact;

namespace {

bool leads(const Facts& f) {
  return f.is(Lock::Held) && f.is(Leader::Me);
}

// Only who leads with data that is known good writes what the cluster is built on (safety.md 1.8).
bool leads_running(const Facts& f) {
  const bool serves = f.is(Postgres::Primary) || (f.is(Postgres::Standby) && f.is(StandbyCluster::Yes));
  return leads(f) && serves && !f.is(SystemId::Foreign) && !f.is(SystemId::Invalid);
}

// Once by each process under each lock, and whenever the members change. Not while the lock lives on a consent: a
// member that the map names anew may race, and has promised nothing.
bool failsafe_map_due(const Facts& f, const Observation& o, const Settings& settings) {
  if (!settings.dynamic.failsafe_mode || settings.dynamic.standby_cluster || !f.is(Failsafe::No)) return false;
  return !o.failsafe_map_confirmed || o.view->failsafe != wanted_failsafe_map(*o.view, settings);
}

// What the store says of the time when this cluster had a primary, whom /sync lists and which timelines there were,
// says nothing about who may be promoted next once its history is proven to be the remote primary's.
bool remote_history_is_ours(const Facts& f, const Observation& o) {
  const auto& row = o.postgres.row;
  return f.is(Postgres::Standby) && f.is(StandbyCluster::Yes) && f.is(History::Fits) && f.is(Follow::Same) && row &&
         row->receiver_status == "streaming";
}

void leader_chores(const Facts& f, const Observation& o, const Memory& m, const Settings& settings,
                   std::vector<Chore>& out) {
  const ClusterView& view = *o.view;
  if (!f.is(Initialize::Valid)) out.push_back(Chore::WriteInitialize);
  if (!view.config || view.config->value.empty()) out.push_back(Chore::RestoreConfig);
  if (remote_history_is_ours(f, o)) {
    if (!view.sync.empty()) out.push_back(Chore::ClearSync);
    out.push_back(Chore::UpdateHistory);
  }
  if (f.is(Postgres::Primary)) {
    // A primary taken over by a new run of the daemon, or resumed from a pause (ha_behaviour.md 10.3).
    if (f.is(Paused::No) && f.is(Validity::Enough) && !o.watchdog_running) out.push_back(Chore::ActivateWatchdog);
    out.push_back(Chore::UpdateHistory);
    if (!m.checkpoint_done) out.push_back(Chore::CheckpointAfterPromote);
    if (failsafe_map_due(f, o, settings)) out.push_back(Chore::WriteFailsafe);
  }
}

// The new leader empties the request that made it one; in pause it keeps candidate and schedule (ha_behaviour.md 1.12).
void request_chores(const Then& then, const Facts& f, const ClusterView& view, std::vector<Chore>& out) {
  if (then.plan != PlanKind::Promote || !view.failover || view.failover->empty()) return;
  const bool both = !view.failover->leader.empty() && !view.failover->candidate.empty();
  out.push_back(f.is(Paused::Yes) && both ? Chore::DropFailoverLeader : Chore::ClearFailover);
}

// In failsafe mode the primary tells where its slots stand, and those who let it go on move theirs (1.10).
bool moves_slots_alone(const Then& then, const Facts& f) {
  const bool away = f.is(Store::Unreachable) || f.is(Store::Doubtful);
  const bool told = f.is(Postgres::Standby) && f.is(Promise::Given);
  const bool tells = f.is(Postgres::Primary) && f.is(Failsafe::Yes);
  return away && (told || tells) && then.plan == PlanKind::Keep && f.is(Busy::Idle) && f.is(ShuttingDown::No);
}

}  // namespace

std::vector<Chore> chores_for(const Then& then, const Facts& f, const Observation& o, const Memory& m,
                              const Settings& settings) {
  std::vector<Chore> out = then.chores;
  const bool ordered = f.is(Order::Reinitialize) || f.is(Order::ForcedReinitialize);
  if (o.reinitialize && !ordered && f.is(Store::Fresh)) out.push_back(Chore::RefuseReinitialize);
  if (o.restart && why_no_restart(*o.restart, o.postgres, m.role)) out.push_back(Chore::RefuseRestart);
  if (moves_slots_alone(then, f)) out.push_back(Chore::MoveSlots);
  if (!o.view || !f.is(Store::Fresh) || f.is(ShuttingDown::Yes)) return out;
  if (!o.view->member(o.my_name)) out.push_back(Chore::TouchMember);
  if (!f.is(Busy::Idle)) return out;
  request_chores(then, f, *o.view, out);
  const bool settled = then.plan == PlanKind::Lead || then.plan == PlanKind::LeadStandby || then.plan == PlanKind::Keep;
  if (settled && leads_running(f)) leader_chores(f, o, m, settings, out);
  const bool our_data = f.is(SystemId::Same) || f.is(SystemId::NoneInStore);
  // A primary without the lock does not know whose slots it may touch.
  if (settled && our_data && (f.is(Postgres::Standby) || leads_running(f))) out.push_back(Chore::SyncSlots);
  const bool serves = f.is(Postgres::Standby) || f.is(Postgres::Primary);
  if (settled && our_data && serves && !m.role_callback_ran) out.push_back(Chore::OnStartCallback);
  if (f.is(Paused::Yes) && std::find(out.begin(), out.end(), Chore::DisableWatchdog) == out.end()) {
    out.push_back(Chore::DisableWatchdog);
  }
  return out;
}

}  // namespace tamada
