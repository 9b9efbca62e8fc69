// Maintenance mode (ha_behaviour.md 1.18). A PostgreSQL that a procedure of ours stopped is brought back by the rules
// for crashed servers; one that an operator stopped stays down.
#include "core/rules_common.h"

namespace tamada {

using namespace fact;

namespace {

std::vector<Rule> stopped_rows() {
  return {
      {.id = "PA-01",
       .when = {is(Postgres::Stopped), is(Lock::Held), is(Paused::Yes)},
       .then = {.plan = PlanKind::ReleaseLock, .chores = {Chore::DisableWatchdog}},
       .status = "removed leader lock because postgres is not running",
       .because = "in pause PostgreSQL is not started, so the lock has nothing to protect"},
      {.id = "PA-02",
       .when = {is(Postgres::Stopped, Postgres::Orphans)},
       .then = {.chores = {Chore::DisableWatchdog}},
       .status = "postgres is not running",
       .because = "in pause a PostgreSQL that was stopped by hand stays stopped"},
      {.id = "PA-03",
       .when = {is(Postgres::Starting, Postgres::Unresponsive, Postgres::Unknown)},
       .then = {.hold = true, .chores = {Chore::DisableWatchdog}},
       .status = "Error communicating with PostgreSQL. Will try again later",
       .because = "in pause nothing is done about a server that does not answer"},
  };
}

std::vector<Rule> primary_rows() {
  const When primary = {is(Postgres::Primary)};
  std::vector<Rule> rows = {
      {.id = "PA-10",
       .when = primary + When{is(Lock::Held), is(Validity::Ending, Validity::Unknown)},
       .then = {.hold = true, .chores = {Chore::DisableWatchdog}},
       .status = "continue to run as primary after failing to update leader lock in DCS",
       .because = "in pause a primary is not demoted when the store does not take its renewals"},
  };
  append(rows, request_rows("PA", 11, primary + When{is(Lock::Held)}, PlanKind::Lead, kILead));
  append(rows, {
                   {.id = "PA-20",
                    .when = primary + When{is(Lock::Held)},
                    .then = {.plan = PlanKind::Lead, .hold = true, .chores = {Chore::DisableWatchdog}},
                    .status = kILead,
                    .because = "this member is primary and holds the lock"},
                   {.id = "PA-21",
                    .when = primary + When{is(Leader::Nobody), is(Lock::NotHeld, Lock::Lost), is(Store::Fresh),
                                           is(Paused::Yes), is(SystemId::Same, SystemId::NoneInStore),
                                           is(StandbyCluster::No), is(LostRace::No), is(OwnTimeline::Current)},
                    .then = {.plan = PlanKind::AcquireLock,
                             .chores = {Chore::DisableWatchdog},
                             .effects = {Effect::AskedForLock}},
                    .status = "acquired session lock as a leader",
                    .because = "this member runs as primary, nobody holds the lock, and no newer timeline is known"},
                   {.id = "PA-22",
                    .when = primary,
                    .then = {.chores = {Chore::DisableWatchdog}},
                    .status = "continue to run as primary without lock",
                    .because = "in pause a primary without the lock is not demoted"},
               });
  return rows;
}

std::vector<Rule> standby_rows() {
  const When standby = {is(Postgres::Standby)};
  const When candidate = standby + When{is(Paused::Yes), is(Standing::Candidate), is(StandbyCluster::No)};
  std::vector<Rule> rows = {
      {.id = "PA-74",
       .when = remote_is_source() + standby +
               When{is(Leader::Me, Leader::Other), is(History::Diverged), is(Repair::Rewind), is(Paused::Yes)},
       .then = {.plan = PlanKind::Rewind,
                .hold = true,
                .target = Target::Remote,
                .name = "running pg_rewind from the remote primary"},
       .status = "running pg_rewind from the remote primary",
       .because = "a pending rewind is finished in pause, too"},
      {.id = "PA-38",
       .when = standby + When{is(StandbyCluster::Yes), is(Lock::Held), is(Follow::Differs)},
       .then = {.plan = PlanKind::Follow,
                .hold = true,
                .target = Target::Remote,
                .effects = {Effect::CheckHistory, Effect::Followed},
                .name = "changing primary_conninfo and restarting"},
       .status = "no action. I am ({me}), the standby leader with the lock",
       .because = "standbys follow a new source in pause, too"},
      {.id = "PA-30",
       .when = standby + When{is(StandbyCluster::Yes), is(Lock::Held)},
       .then = {.plan = PlanKind::LeadStandby, .hold = true, .target = Target::Remote},
       .status = "no action. I am ({me}), the standby leader with the lock",
       .because = "the lock of a standby cluster is kept in pause"},
      {.id = "PA-31",
       .when = candidate + When{is(Leader::MeNotSeenYet), is(Lock::Held)},
       .then = {.hold = true},
       .status = "waiting to become primary after promote...",
       .because = "the lock was taken; a fresh view has to show it before anything follows"},
      {.id = "PA-32",
       .when = candidate + When{is(Lock::Held), is(Leader::Me), is(Validity::Enough), is(Store::Fresh), is(Asked::Yes),
                                is(NoFailover::No), is(SystemId::Same), is(WentBack::No), is(fact::Watchdog::Usable),
                                is(Peers::NobodyObjects)},
       .then = {.plan = PlanKind::Promote, .hold = true, .name = "promote"},
       .status = "promoted self to leader by acquiring session lock",
       .because = "an operator asked for this member by name, also in pause"},
      {.id = "PA-33",
       .when = candidate + When{is(Lock::Held), is(Leader::Me), is(Asked::Yes), is(Peers::Unknown)},
       .then = {.plan = PlanKind::ProbePeers, .hold = true, .target = Target::Opponents},
       .status = "waiting to become primary after promote...",
       .because = "the lock is held, but there are no fresh answers of the others; they are asked first"},
      {.id = "PA-35",
       .when =
           candidate + When{is(Lock::Held), is(Leader::Me), is(Validity::Short, Validity::Ending, Validity::Unknown),
                            is(Asked::Yes), is(Peers::NobodyObjects)},
       .then = {.hold = true},
       .status = "waiting to become primary after promote...",
       .because = "a renewal has to lengthen the lock's validity before the promotion"},
      {.id = "PA-34",
       .when = standby + When{is(Lock::Held), is(Paused::Yes), is(StandbyCluster::No), known_not(Standing::Candidate)},
       .then = {.plan = PlanKind::ReleaseLock},
       .status = "removed leader lock because postgres is not running as primary",
       .because = "in pause a standby is not promoted without a request that names it"},
      {.id = "PA-37",
       .when = candidate + When{is(Lock::Held), is_known<Asked>(), is_known<NoFailover>(), is_known<WentBack>(),
                                is_known<fact::Watchdog>(), is_known<Peers>()},
       .then = {.plan = PlanKind::ReleaseLock},
       .status = "removed leader lock because postgres is not running as primary",
       .because = "a request names this member, but it may not be promoted"},
      {.id = "PA-36",
       .when = standby + When{is(Lock::Held)},
       .then = {.hold = true},
       .status = "no action. I am ({me})",
       .because = "something is not known that decides whether the lock is kept"},
  };
  append(rows,
         race_rows("PA", 40, standby + When{is(Leader::Nobody), is(Standing::Candidate), is(StandbyCluster::No)}));
  append(rows,
         {
             {.id = "PA-70",
              .when = standby + When{is(Leader::Other), is(History::Diverged), is(Repair::Rewind),
                                     is(LeaderUsable::Yes), is(Lock::NotHeld, Lock::Lost), is(Store::Fresh),
                                     is(Paused::Yes), is(BackOff::No), is(StandbyCluster::No)},
              .then = {.plan = PlanKind::Rewind, .target = Target::Leader, .name = "running pg_rewind from {leader}"},
              .status = "running pg_rewind from {leader}",
              .because = "a pending rewind is finished in pause, too"},
             {.id = "PA-71",
              .when = standby + When{is(Leader::Other), is(Follow::Differs)},
              .then = {.plan = PlanKind::Follow,
                       .target = Target::Leader,
                       .effects = {Effect::CheckHistory, Effect::Followed},
                       .name = "changing primary_conninfo and restarting"},
              .status = kIFollow,
              .because = "standbys follow a new leader in pause, too"},
             {.id = "PA-72",
              .when = standby + When{is(Leader::Other)},
              .then = {.chores = {Chore::DisableWatchdog}},
              .status = kIFollow,
              .because = "this member follows the leader"},
             {.id = "PA-73",
              .when = {},
              .then = {.chores = {Chore::DisableWatchdog}},
              .status = "no action. I am ({me})",
              .because = "in pause a standby does not race"},
         });
  return rows;
}

}  // namespace

Situation paused_rules() {
  Situation situation = {
      .name = "paused",
      .about = "Maintenance mode: PostgreSQL is left to the operator.",
      .entered_when = {{is_not(Paused::No), is_not(Postgres::Stopped)}, {is_not(Paused::No), is_not(StoppedBy::Us)}},
      .rules = stopped_rows(),
  };
  append(situation.rules, primary_rows());
  append(situation.rules, standby_rows());
  return situation;
}

}  // namespace tamada
