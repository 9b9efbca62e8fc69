// The primary that holds the lock, or its storage, is sick for longer than the policy allows (docs/health.md). The
// table is entered only while somebody else may be able to take over: with nobody there the usual ones say what to do.
#include "core/rules_common.h"

namespace tamada {

using namespace fact;

Situation sick_rules() {
  // Starting, recovering and stopping are not judged: they are no sign of sickness. Standby clusters have no primary
  // that clients could miss.
  const When sick = {is(Health::Sick), is(Lock::Held),         is(Leader::Me),
                     is(Paused::No),   is(StandbyCluster::No), is(Store::Fresh)};
  const When primary = sick + When{is(Postgres::Primary)};
  const When silent = sick + When{is(Postgres::Unresponsive), is(LastRole::Primary), is_not(Writable::No)};
  const When unknown = {is(Successor::Unknown)};
  const When known = {is(Successor::Yes)};
  return {
      .name = "sick primary",
      .about = "This primary or its storage has been sick for longer than postgresql.health allows.",
      .entered_when = {primary + unknown, primary + known, silent + unknown, silent + known},
      .rules = {
          {.id = "SK-01",
           .when = unknown,
           .then = {.plan = PlanKind::ProbePeers, .hold = true, .target = Target::Successors},
           .status = "PostgreSQL or its storage is sick, looking for a member to fail over to",
           .because = "trouble has lasted for the time that postgresql.health sets; the others are asked whether they "
                      "can take over"},
          {.id = "SK-02",
           .when = {},
           .then = {.plan = PlanKind::Demote,
                    .hold = true,
                    .demote = DemoteMode::Sick,
                    .effects = {Effect::CheckHistory},
                    .name = "demote"},
           .status = "demoting self because PostgreSQL or its storage is sick",
           .because = "trouble has lasted for the time that postgresql.health sets and another member can take over"},
      }};
}

}  // namespace tamada
