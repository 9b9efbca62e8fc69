// What an operator ordered this member to do (ha_behaviour.md 1.15). Only what may be carried out comes here.
#include "core/rules_common.h"

namespace tamada {

using namespace fact;

// Unlike an order that somebody waits for, a scheduled restart stands in nobody's way while it cannot be carried out.
Situation order_rules() {
  const When scheduled = {is(Order::ScheduledRestart), is(Store::Fresh), is(Paused::No), is_not(SystemId::Foreign)};
  const When scheduled_primary =
      scheduled + When{is(Postgres::Primary), is(Lock::Held), is(Leader::Me), is(Validity::Enough)};
  const When scheduled_standby = scheduled + When{is(Postgres::Standby), is(Leader::Other)};
  const When scheduled_standby_leader =
      scheduled + When{is(Postgres::Standby), is(Lock::Held), is(Leader::Me), is(StandbyCluster::Yes)};
  return {.name = "operator's order",
          .about = "A restart or a reinitialize was asked for and its conditions hold.",
          .entered_when = {{is(Order::Reinitialize, Order::ForcedReinitialize), is(Leader::Other),
                            is(Postgres::Stopped, Postgres::Starting, Postgres::Unresponsive, Postgres::Standby)},
                           {is(Order::Restart), is(Postgres::Standby), is_not(SystemId::Foreign)},
                           {is(Order::Restart), is(Postgres::Primary), is(Leader::Me), is(Validity::Enough)},
                           {is(Order::Restart), is(Postgres::Primary, Postgres::Stopped), is(Paused::Yes)},
                           scheduled_primary,
                           scheduled_standby,
                           scheduled_standby_leader},
          .rules = {
              {.id = "OP-01",
               .when = {is(Order::Reinitialize, Order::ForcedReinitialize), is(Leader::Other),
                        is(CloneSource::Leader, CloneSource::Replica), is(Lock::NotHeld, Lock::Lost), is(Store::Fresh)},
               .then = {.plan = PlanKind::Reinitialize, .target = Target::CloneSource, .name = "reinitialize"},
               .status = "reinitialize",
               .because = "an operator ordered it and another member proves to lead"},
              {.id = "OP-02",
               .when = {is(Order::Reinitialize, Order::ForcedReinitialize)},
               .then = {.chores = {Chore::RefuseReinitialize}},
               .status = "reinitialize is not possible: there is no member to clone from",
               .because = "there is no member to clone from"},
              {.id = "OP-03",
               .when = {is(Order::Restart), is(Postgres::Primary), is(Lock::Held), is(Leader::Me), is(Validity::Enough),
                        is(Paused::No), is(Store::Fresh)},
               .then = {.plan = PlanKind::Restart, .hold = true, .name = "restart"},
               .status = "restart",
               .because = "an operator ordered it; the lock is held long enough to come back as primary"},
              {.id = "OP-04",
               .when = {is(Order::Restart), is(Paused::Yes), is(Store::Fresh)},
               .then = {.plan = PlanKind::Restart, .hold = true, .target = Target::Leader, .name = "restart"},
               .status = "restart",
               .because = "an operator ordered it; in pause PostgreSQL comes back as it was"},
              {.id = "OP-05",
               .when = {is(Order::Restart), is(Postgres::Standby)},
               .then = {.plan = PlanKind::Restart, .hold = true, .target = Target::Leader, .name = "restart"},
               .status = "restart",
               .because = "an operator ordered it"},
              {.id = "OP-07",
               .when = scheduled_primary,
               .then = {.plan = PlanKind::Restart, .hold = true, .name = "restart"},
               .status = "scheduled restart",
               .because = "a restart was scheduled for now; the lock is held long enough to come back as primary"},
              {.id = "OP-08",
               .when = {is(Order::ScheduledRestart), is(Postgres::Standby)},
               .then = {.plan = PlanKind::Restart, .hold = true, .target = Target::Leader, .name = "restart"},
               .status = "scheduled restart",
               .because = "a restart was scheduled for now"},
              {.id = "OP-06",
               .when = {},
               .then = {.hold = true},
               .status = "restart is waiting",
               .because = "the order waits until it is safe to carry it out"},
          }};
}

}  // namespace tamada
