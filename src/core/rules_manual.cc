// A switchover or failover was asked for and this member is the primary that has to answer (ha_behaviour.md 1.14). What
// other members do with the request is part of their race.
#include "core/rules_common.h"

namespace tamada {

using namespace fact;

Situation manual_rules() {
  Situation situation = {
      .name = "switchover or failover",
      .about = "A request is in the store and this member is the primary that holds the lock.",
      .entered_when = {{is(Lock::Held), is(Leader::Me), is(Postgres::Primary), is(fact::Watchdog::Usable),
                        known_not(Request::None, Request::Awaited, Request::Done)}},
      .rules = request_rows("MR", 1, {}, PlanKind::Lead, kILead),
  };
  return situation;
}

}  // namespace tamada
