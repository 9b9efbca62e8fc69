#include "core/derive_groups.h"
#include "core/restart_conditions.h"

namespace tamada {

using namespace fact;

// An order that cannot be carried out changes nothing here; whoever gave it is told so by the engine.
void derive_orders(const DerivationInput& in, Facts& f) {
  const Observation& o = in.observation;
  if (o.reinitialize && f.is(Leader::Other)) {
    f.set(o.reinitialize->force ? Order::ForcedReinitialize : Order::Reinitialize);
  } else if (o.restart && !why_no_restart(*o.restart, o.postgres, in.memory.role)) {
    f.set(Order::Restart);
  } else {
    f.set(Order::Nothing);
  }
}

}  // namespace tamada
