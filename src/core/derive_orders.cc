#include "core/derive_groups.h"
#include "core/restart_conditions.h"
#include "core/scheduled_restart.h"

namespace tamada {

using namespace fact;

// An order that cannot be carried out changes nothing here; whoever gave it is told so by the engine.
void derive_orders(const DerivationInput& in, Derived& d) {
  const Observation& o = in.observation;
  Facts& f = d.facts;
  const ScheduledRestartVerdict scheduled = judge_scheduled_restart(o, in.memory, in.wall, in.settings);
  using Kind = ScheduledRestartVerdict::Kind;
  if (scheduled.kind != Kind::None) d.details.push_back("scheduled restart: " + scheduled.because);
  if (o.reinitialize && f.is(Leader::Other)) {
    f.set(o.reinitialize->force ? Order::ForcedReinitialize : Order::Reinitialize);
  } else if (o.restart && !why_no_restart(*o.restart, o.postgres, in.memory.role)) {
    f.set(Order::Restart);
  } else if (scheduled.kind == Kind::Due) {
    f.set(Order::ScheduledRestart);
  } else {
    f.set(Order::Nothing);
  }
}

}  // namespace tamada
