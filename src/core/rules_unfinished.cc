// An earlier run of the daemon ended in the middle of a step that makes the data directory unusable (S8).
#include "core/rules_common.h"

namespace tamada {

using namespace fact;

Situation unfinished_rules() {
  const When idle_target = {is(Postgres::Stopped), is(Store::Fresh), is(Lock::NotHeld, Lock::Lost), is(Leader::Other),
                            is(BackOff::No)};
  return {
      .name = "unfinished step",
      .about = "A clone, rewind or bootstrap was interrupted; the data directory is finished first and never started.",
      .entered_when = {{is(Unfinished::Unknown, Unfinished::Bootstrap, Unfinished::Rewind), is(Postgres::Stopped)},
                       // An empty directory is as good as new.
                       {is(Unfinished::Clone, Unfinished::Fill), is(Postgres::Stopped), is_not(DataDir::Empty)}},
      .rules = {
          {.id = "UF-20",
           .when =
               remote_is_source() + When{is(Leader::Me, Leader::Other, Leader::Nobody), is(Lock::NotHeld, Lock::Lost),
                                         is(Postgres::Stopped), is(Unfinished::Rewind), is(Repair::Rewind),
                                         is(Order::Nothing, Order::Restart)},
           .then = {.plan = PlanKind::Rewind,
                    .hold = true,
                    .target = Target::Remote,
                    .name = "running pg_rewind from the remote primary"},
           .status = "running pg_rewind from the remote primary",
           .because =
               "pg_rewind was interrupted; it is run again before PostgreSQL may be started, by whoever leads: the "
               "remote primary has the data"},
          {.id = "UF-01",
           .when = {is(Lock::Held), is(Postgres::Stopped),
                    is(Unfinished::Bootstrap, Unfinished::Clone, Unfinished::Fill, Unfinished::Rewind)},
           .then = {.plan = PlanKind::ReleaseLock},
           .status = "released leader key voluntarily as data dir empty and currently leader",
           .because = "the data directory cannot be started, so this member cannot lead"},
          {.id = "UF-08",
           .when = {is(Unfinished::Clone, Unfinished::Fill, Unfinished::Rewind),
                    is(Order::Reinitialize, Order::ForcedReinitialize), is(Leader::Other),
                    is(CloneSource::Leader, CloneSource::Replica), is(Lock::NotHeld, Lock::Lost), is(Store::Fresh)},
           .then = {.plan = PlanKind::Reinitialize, .target = Target::CloneSource, .name = "reinitialize"},
           .status = "reinitialize",
           .because = "an operator ordered it and another member proves to lead; no pause between tries is waited for"},
          {.id = "UF-02",
           .when = idle_target + When{is(Unfinished::Clone, Unfinished::Fill), is(CloneSource::Leader)},
           .then = {.plan = PlanKind::Reinitialize,
                    .target = Target::CloneSource,
                    .name = "bootstrap from leader '{source}'"},
           .status = "trying to bootstrap from leader '{source}'",
           .because = "a clone was interrupted; it is made anew from the leader"},
          {.id = "UF-03",
           .when = idle_target + When{is(Unfinished::Clone, Unfinished::Fill), is(CloneSource::Replica)},
           .then = {.plan = PlanKind::Reinitialize,
                    .target = Target::CloneSource,
                    .name = "bootstrap from replica '{source}'"},
           .status = "trying to bootstrap from replica '{source}'",
           .because = "a clone was interrupted; it is made anew from a member with the tag clonefrom"},
          {.id = "UF-09",
           .when = {is(Unfinished::Fill), is(Postgres::Stopped), is(Store::Fresh), is(Leader::Nobody),
                    is(Lock::NotHeld, Lock::Lost), is(CloneAlone::Yes), is(Initialize::Valid), is(BackOff::No),
                    is(Paused::No)},
           .then = {.plan = PlanKind::Clone, .name = "bootstrap (without leader)"},
           .status = "trying to bootstrap (without leader)",
           .because = "filling the empty data directory from a backup was interrupted or failed; a replica method that "
                      "needs no leader "
                      "is configured"},
          {.id = "UF-04",
           .when = idle_target + When{is(Unfinished::Rewind), is(Repair::Rewind), is(LeaderUsable::Yes),
                                      is(StandbyCluster::No), is(Order::Nothing, Order::Restart)},
           .then = {.plan = PlanKind::Rewind, .target = Target::Leader, .name = "running pg_rewind from {leader}"},
           .status = "running pg_rewind from {leader}",
           .because = "pg_rewind was interrupted; it is run again before PostgreSQL may be started"},
          {.id = "UF-05",
           .when = idle_target +
                   When{is(Unfinished::Rewind), is(Repair::Clone), is(CloneSource::Leader, CloneSource::Replica)},
           .then = {.plan = PlanKind::Reinitialize,
                    .target = Target::CloneSource,
                    .name = "reinitializing due to diverged timelines"},
           .status = "reinitializing due to diverged timelines",
           .because = "pg_rewind was interrupted and cannot be finished; the settings allow to clone anew"},
          {.id = "UF-06",
           .when = {is(Unfinished::Rewind), is(Repair::NotAllowed)},
           .then = {.hold = true,
                    .warning = "an interrupted pg_rewind left the data directory unusable; reinitialize it"},
           .status = "postgres is not running",
           .because = "pg_rewind was interrupted and neither it nor a clone is allowed; reinitialize this member"},
          {.id = "UF-07",
           .when = {},
           .then = {.hold = true},
           .status = "waiting for leader to bootstrap",
           .because = "the data directory is unusable until a leader exists to finish it from"},
      }};
}

}  // namespace tamada
