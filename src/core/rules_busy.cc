// A procedure is running (ha_behaviour.md 1.3). The only thing to decide is whether it must end.
#include "core/rules_common.h"

namespace tamada {

using namespace fact;

Situation busy_rules() {
  const When not_paused = {is_not(Paused::Yes)};
  const When no_lock = {is(Lock::Lost, Lock::NotHeld)};
  const When forced = {is(Order::ForcedReinitialize), is(Leader::Other), is(Store::Fresh),
                       is(CloneSource::Leader, CloneSource::Replica)};
  return {.name = "busy",
          .about = "A procedure is running; it goes on unless the lock that it needs is gone.",
          .entered_when = {{is_not(Busy::Idle)}},
          .rules = {
              {.id = "BZ-01",
               .when = {is(Busy::Demoting, Busy::Stopping), is(Lock::Held)},
               .then = {.hold = true},
               .status = "updated leader lock during {procedure}",
               .because = "PostgreSQL is being stopped and the lock is kept until it is"},
              {.id = "BZ-02",
               .when = {is(Busy::Demoting, Busy::Stopping, Busy::Bootstrapping)},
               .then = {.hold = true},
               .status = "{procedure} in progress",
               .because = "a demotion, a shutdown and a bootstrap are never interrupted"},
              {.id = "BZ-11",
               .when = forced + no_lock + When{is(Busy::Working, Busy::Restarting)},
               .then = {.plan = PlanKind::Cancel},
               .status = "{procedure} is cancelled to reinitialize",
               .because = "an operator ordered to reinitialize by force, and another member proves to lead"},
              {.id = "BZ-03",
               .when = {is(Paused::Yes)},
               .then = {.hold = true},
               .status = "{procedure} in progress",
               .because = "in pause nothing is interrupted"},
              {.id = "BZ-04",
               .when = not_paused + no_lock + When{is(Busy::Promoting)},
               .then = {.plan = PlanKind::Cancel},
               .status = "lost leader before promote",
               .because = "the lock was lost before PostgreSQL was asked to leave recovery"},
              {.id = "BZ-05",
               .when = not_paused + When{is(Validity::Ending), is(Lock::Held), is(Busy::Promoting)},
               .then = {.plan = PlanKind::Cancel, .hold = true},
               .status = "lost leader before promote",
               .because = "too little of the lock's validity is left to promote under it"},
              {.id = "BZ-06",
               .when = not_paused + no_lock + When{is(Busy::PromotionAsked)},
               .then = {.plan = PlanKind::Cancel},
               .status = "lost leader lock during {procedure}",
               .because = "PostgreSQL may leave recovery at any moment and the lock is gone"},
              {.id = "BZ-07",
               .when = not_paused + no_lock + When{is_not(Writable::No)},
               .then = {.plan = PlanKind::Cancel},
               .status = "lost leader lock during {procedure}",
               .because = "PostgreSQL may be writable and the lock is gone"},
              {.id = "BZ-08",
               .when = not_paused + When{is(Validity::Ending), is(Lock::Held), is_not(Writable::No)},
               .then = {.plan = PlanKind::Cancel, .hold = true},
               .status = "lost leader lock during {procedure}",
               .because = "PostgreSQL may be writable and the lock's validity is about to end"},
              {.id = "BZ-09",
               .when = {is(Lock::Held)},
               .then = {.hold = true},
               .status = "updated leader lock during {procedure}",
               .because = "the running procedure works under the lock"},
              {.id = "BZ-10",
               .when = {},
               .then = {.hold = true},
               .status = "{procedure} in progress",
               .because = "one procedure at a time"},
          }};
}

}  // namespace tamada
