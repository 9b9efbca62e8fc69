// No trustworthy view (ha_behaviour.md 1.9). Only giving up is allowed.
#include "core/rules_common.h"

namespace tamada {

using namespace fact;

Situation store_rules() {
  const When may_write = {is_not(Writable::No), is_not(Paused::Yes)};
  return {.name = "store unreachable",
          .about = "The store does not answer, or what is known of it may be old; nothing is taken, only given up.",
          .entered_when = {{is_not(Store::Fresh)}},
          .rules = {
              {.id = "SU-08",
               .when = may_write + When{is(Store::Unreachable, Store::Doubtful), is(Lock::Held), is(Failsafe::Yes),
                                        is(Postgres::Primary)},
               .then = {.hold = true},
               .status = kFailsafe,
               .because = "every member promised not to race before this lock ends; they are asked again in time"},
              {.id = "SU-01",
               .when = may_write + When{is(Store::Unreachable), is(Lock::Held)},
               .then = {.hold = true},
               .status = "DCS is not accessible",
               .because = "the lock is proven long enough yet; PostgreSQL is stopped when its stop margin begins"},
              {.id = "SU-02",
               .when = may_write + When{is(Store::Unreachable), is(Validity::Enough, Validity::Short)},
               .then = {.hold = true},
               .status = "DCS is not accessible",
               .because = "the lock of the run before this one is recorded long enough yet"},
              {.id = "SU-03",
               .when = may_write + When{is(Store::Unreachable), is(Postgres::Orphans)},
               .then = {.plan = PlanKind::StopLeftOver},
               .status = "DCS is not accessible",
               .because = "left-over processes may commit and no lock covers them"},
              {.id = "SU-04",
               .when = may_write + When{is(Store::Unreachable), is_not(Postgres::Unknown)},
               .then = {.plan = PlanKind::Demote,
                        .demote = DemoteMode::Offline,
                        .effects = {Effect::CheckHistory},
                        .name = "demote"},
               .status = "demoted self because DCS is not accessible and I was a leader",
               .because = "PostgreSQL may be writable, the store does not answer, and no lock is proven"},
              {.id = "SU-05",
               .when = {is(Store::Unreachable), is(Postgres::Stopped), is(StoppedBy::Us), is(DataDir::Present),
                        is(Unfinished::Nothing), is(BackOff::No), is(Lock::NotHeld, Lock::Lost)},
               .then = {.plan = PlanKind::StartAsStandby, .target = Target::None, .name = "starting after demotion"},
               .status = "DCS is not accessible",
               .because = "a demotion stopped PostgreSQL; it serves reads again while the store is away"},
              {.id = "SU-06",
               .when = {is(Store::Unreachable)},
               .then = {.hold = true},
               .status = "DCS is not accessible",
               .because = "the store does not answer; PostgreSQL stays as it is"},
              {.id = "SU-07",
               .when = {},
               .then = {.hold = true},
               .status = "waiting for a fresh view of the store",
               .because = "what is known of the store may be old, so nothing is decided on it"},
          }};
}

}  // namespace tamada
