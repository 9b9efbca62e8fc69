// It is not known, or not proven, whose the lock is.
#include "core/rules_common.h"

namespace tamada {

using namespace fact;

Situation lock_unclear_rules() {
  return {
      .name = "lock unclear",
      .about = "An acquire or release has no answer yet, or the key carries our name without proof.",
      .entered_when = {{is(Lock::Unknown), is_not(Postgres::Stopped)},
                       {is(Leader::Unknown, Leader::MeNotSeenYet, Leader::MeUnproven), is_not(Postgres::Stopped)}},
      .rules = {
          {.id = "LU-08",
           .when = {is(Leader::MeNotSeenYet), is(Lock::Held), is(Failsafe::Yes), is(Postgres::Primary)},
           .then = {.hold = true},
           .status = kFailsafe,
           .because = "the key has expired and is taken again; every member promised not to race meanwhile"},
          {.id = "LU-01",
           .when = {is(Leader::MeNotSeenYet)},
           .then = {.hold = true},
           .status = "acquired session lock as a leader",
           .because = "the lock was taken; a fresh view has to show it before anything follows"},
          {.id = "LU-02",
           .when = {is(Lock::Unknown), is_not(Writable::No), is(Leader::Other)},
           .then = {.plan = PlanKind::Demote,
                    .demote = DemoteMode::ImmediateNoLock,
                    .target = Target::Leader,
                    .effects = {Effect::CheckHistory},
                    .name = "demote"},
           .status = "demoting self because i do not have the lock and i was a leader",
           .because = "PostgreSQL may be writable and another member holds the lock"},
          {.id = "LU-03",
           .when = {is(Lock::Unknown)},
           .then = {.hold = true},
           .status = "waiting for an answer about the leader lock",
           .because = "the lock was asked for or given back and no answer proves how that ended"},
          {.id = "LU-04",
           .when = {is(Leader::MeUnproven), is_not(Writable::No), is(Validity::Enough, Validity::Short)},
           .then = {.hold = true},
           .status = "waiting to take over the leader lock of the run before this one",
           .because = "the validity that the run before this one recorded bounds the primary until its lock is proven"},
          {.id = "LU-05",
           .when = {is(Leader::MeUnproven), is_not(Writable::No), is_not(Postgres::Unknown, Postgres::Orphans)},
           .then = {.plan = PlanKind::Demote,
                    .demote = DemoteMode::Offline,
                    .effects = {Effect::CheckHistory},
                    .name = "demote"},
           .status = "demoting self because i do not have the lock and i was a leader",
           .because = "a key that merely carries our name does not prove that the lock is ours, nor how long it lasts"},
          {.id = "LU-06",
           .when = {is(Postgres::Orphans)},
           .then = {.plan = PlanKind::StopLeftOver, .hold = true},
           .status = "stopping left-over processes of PostgreSQL",
           .because = "the postmaster is gone, but its children may still commit"},
          {.id = "LU-07",
           .when = {},
           .then = {.hold = true},
           .status = "waiting for the leader key of an earlier run to expire",
           .because =
               "the key carries our name, but nothing proves that it is ours; nobody else can hold it meanwhile"},
      }};
}

}  // namespace tamada
