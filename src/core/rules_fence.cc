// PostgreSQL may be writable and the lock does not cover it any more. Comes before everything that could go wrong.
#include "core/rules_common.h"

namespace tamada {

using namespace fact;

Situation fence_rules() {
  const When may_write = {is_not(Writable::No), is_not(Paused::Yes)};
  return {
      .name = "fence",
      .about = "PostgreSQL may be writable and the lock is lost or about to end.",
      .entered_when = {may_write + When{is(Lock::Held), is(Validity::Ending, Validity::Unknown)},
                       may_write + When{is(Lock::Lost)}, may_write + When{is(Lock::NotHeld), is(Postgres::Standby)}},
      .rules = {
          {.id = "FE-01",
           .when = {is(Lock::Lost), is(Reacquire::Open), is(Leader::Nobody), is(Postgres::Primary), is(Store::Fresh),
                    is(Paused::No), is(fact::Watchdog::Usable), is(OwnTimeline::Current), is(LostRace::No),
                    is(SystemId::Same, SystemId::NoneInStore), is(DataDir::Present), is(StandbyCluster::No)},
           .then = {.plan = PlanKind::AcquireLock, .effects = {Effect::AskedForLock, Effect::ReacquireTried}},
           .status = "leader lock vanished before its time, trying to take it again",
           .because =
               "the key vanished inside its validity and nobody holds it; it is taken again once, then PostgreSQL "
               "is stopped"},
          {.id = "FE-06",
           .when = {is(Lock::Lost), is(Reacquire::Open, Reacquire::Tried), is_not(Leader::Other),
                    is_not(Postgres::Standby)},
           .then = {.hold = true},
           .status = "leader lock vanished before its time, trying to take it again",
           .because =
               "the key vanished inside its validity; for 300 ms it may be taken again, then PostgreSQL is stopped"},
          {.id = "FE-02",
           .when = {is(Postgres::Starting)},
           .then = {.plan = PlanKind::Demote,
                    .demote = DemoteMode::ImmediateNoLock,
                    .target = Target::Leader,
                    .effects = {Effect::CheckHistory},
                    .name = "demote"},
           .status = "stopped PostgreSQL while starting up because leader key was lost",
           .because = "PostgreSQL starts as a primary and the lock is gone or about to end"},
          {.id = "FE-07",
           .when = {is(Postgres::Standby), is(Lock::Lost, Lock::NotHeld)},
           .then = {.plan = PlanKind::Demote,
                    .demote = DemoteMode::ImmediateNoLock,
                    .target = Target::Leader,
                    .effects = {Effect::CheckHistory},
                    .name = "demote"},
           .status = "demoted self because failed to update leader lock in DCS",
           .because =
               "PostgreSQL was asked to leave recovery, may do so at any moment, and the lock is not ours any more"},
          {.id = "FE-03",
           .when = {is(Store::Unreachable)},
           .then = {.plan = PlanKind::Demote,
                    .demote = DemoteMode::Offline,
                    .effects = {Effect::CheckHistory},
                    .name = "demote"},
           .status = "demoted self because DCS is not accessible and I was a leader",
           .because = "the store does not answer and the stop margin of the last proven validity has begun"},
          {.id = "FE-04",
           .when = {is(Lock::Lost)},
           .then = {.plan = PlanKind::Demote,
                    .demote = DemoteMode::ImmediateNoLock,
                    .target = Target::Leader,
                    .effects = {Effect::CheckHistory},
                    .name = "demote"},
           .status = "demoted self because failed to update leader lock in DCS",
           .because = "the store proved that the lock is not ours any more"},
          {.id = "FE-05",
           .when = {},
           .then = {.plan = PlanKind::Demote,
                    .demote = DemoteMode::Offline,
                    .effects = {Effect::CheckHistory},
                    .name = "demote"},
           .status = "demoted self because failed to update leader lock in DCS",
           .because = "no renewal was confirmed and the stop margin of the last proven validity has begun"},
      }};
}

}  // namespace tamada
