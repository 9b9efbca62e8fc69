// PostgreSQL does not run and should (ha_behaviour.md 1.5, 1.7; safety.md 5.1, 5.2).
#include "core/rules_common.h"

namespace tamada {

using namespace fact;

namespace {

// With the lock: let another take over.
std::vector<Rule> hand_over() {
  const When locked = {is(Lock::Held)};
  return {
      {.id = "CR-03",
       .when =
           locked + When{is(fact::Watchdog::Unusable), is(Postgres::Stopped), is(StandbyCluster::No), is(Paused::No)},
       .then = {.plan = PlanKind::ReleaseLock},
       .status = "Not promoting self because watchdog could not be activated",
       .because = "the watchdog is required and does not work here"},
      {.id = "CR-04",
       .when = locked + When{is(StartBudget::Zero, StartBudget::Spent), is(Successor::Unknown), is(StandbyCluster::No)},
       .then = {.plan = PlanKind::ProbePeers, .hold = true, .target = Target::Successors},
       .status = "PostgreSQL is not running, looking for a member to fail over to",
       .because = "primary_start_timeout is over; the others are asked whether they can take over"},
      {.id = "CR-05",
       .when = locked + When{is(StartBudget::Zero), is(Successor::Yes), is(StandbyCluster::No)},
       .then = {.plan = PlanKind::Demote, .hold = true, .demote = DemoteMode::Immediate, .name = "demote"},
       .status = "stopped PostgreSQL to fail over after a crash",
       .because = "primary_start_timeout is 0 and another member can take over at once"},
      {.id = "CR-06",
       .when = locked + When{is(StartBudget::Spent), is(Successor::Yes), is(StandbyCluster::No)},
       .then = {.plan = PlanKind::Demote, .hold = true, .demote = DemoteMode::Immediate, .name = "demote"},
       .status = "stopped PostgreSQL because of startup timeout",
       .because = "PostgreSQL did not come back within primary_start_timeout and another member can take over"},
      {.id = "CR-07",
       .when = locked + When{is(LastStart::Failed), is(Successor::Unknown)},
       .then = {.plan = PlanKind::ProbePeers, .hold = true, .target = Target::Successors},
       .status = "PostgreSQL could not be started, looking for a member to fail over to",
       .because = "the last start failed; the others are asked whether they can take over"},
      {.id = "CR-08",
       .when = locked + When{is(LastStart::Failed), is(Successor::Yes), is_known<StartBudget>(), is(Postgres::Stopped),
                             is(Paused::No)},
       .then = {.plan = PlanKind::ReleaseLock, .chores = {Chore::DisableWatchdog}},
       .status = "removed leader key after trying and failing to start postgres",
       .because = "the last start failed and another member can take over"},
  };
}

// With the lock: come back as primary, or as standby leader.
std::vector<Rule> with_lock() {
  const When locked = {is(Lock::Held)};
  const When primary_data = {is(Control::CleanPrimary, Control::CrashedPrimary), is(RecoveryFiles::Absent)};
  return {
      {.id = "CR-02",
       .when = locked + When{is(StandbyCluster::Yes), is(BackOff::No)},
       .then = {.plan = PlanKind::StartAsStandby,
                .hold = true,
                .target = Target::Remote,
                .name = "restarting after failure"},
       .status = "starting as a standby leader because i had the session lock",
       .because = "the leader of a standby cluster comes back as a standby of the remote primary"},
      {.id = "CR-09",
       .when = locked + When{is(BackOff::Yes)},
       .then = {.hold = true},
       .status = "waiting before PostgreSQL is started again",
       .because = "starts that follow each other wait 0, 1, 2 and then 5 seconds"},
      {.id = "CR-10",
       .when = locked + primary_data +
               When{is(Leader::Me), is(Validity::Enough), is(Store::Fresh), is(Paused::No), is(fact::Watchdog::Usable),
                    is(SystemId::Same), is(StandbyCluster::No), is(Postgres::Stopped), is(Unfinished::Nothing),
                    is(BackOff::No), is_known<LastStart>(), is_known<StartBudget>()},
       .then = {.plan = PlanKind::StartAsPrimary, .hold = true, .name = "starting primary after failure"},
       .status = "starting primary after failure",
       .because = "it was the primary and the lock is held all along: no promotion and no new timeline is needed"},
      {.id = "CR-11",
       .when = locked + primary_data + When{is(StandbyCluster::No), is(Paused::No)},
       .then = {.hold = true},
       .status = "waiting for the leader lock to be renewed before PostgreSQL is started",
       .because = "too little of the lock's validity is proven to become writable under it"},
      {.id = "CR-12",
       .when = locked + When{is(BackOff::No), is(Control::Standby, Control::CleanPrimary, Control::CrashedPrimary)},
       .then = {.plan = PlanKind::StartAsStandby, .hold = true, .name = "restarting after failure"},
       .status = "starting as readonly because i had the session lock",
       .because = "the data directory was last used by a standby; with the lock it is promoted once it runs"},
      {.id = "CR-13",
       .when = locked,
       .then = {.hold = true},
       .status = "waiting for a look at the data directory",
       .because = "it is not known how the data directory was last used"},
  };
}

// In a standby cluster the remote primary says what has diverged, on the standby leader, too. A crashed standby is
// started first and compared when it runs.
std::vector<Rule> with_remote() {
  const When s7 = remote_is_source() + When{is(Leader::Me, Leader::Other), is(Postgres::Stopped), is_known<LastStart>(),
                                            is_known<StartBudget>(), is(Unfinished::Nothing)};
  const When was_primary = {is(Control::CleanPrimary, Control::CrashedPrimary)};
  return {
      {.id = "CR-30",
       .when = s7 + When{is(Control::CrashedPrimary), is(CrashRecovery::NotTried), is(Repair::Rewind),
                         is(History::NotCompared, History::Inconclusive, History::Diverged)},
       .then = {.plan = PlanKind::CrashRecovery, .hold = true, .name = "doing crash recovery in a single user mode"},
       .status = "doing crash recovery in a single user mode",
       .because = "it crashed as a primary, now follows a remote one, and pg_rewind needs a cleanly stopped directory"},
      {.id = "CR-31",
       .when = s7 + was_primary + When{is(History::NotCompared)},
       .then = {.plan = PlanKind::CheckDivergence,
                .hold = true,
                .target = Target::Remote,
                .name = "comparing timelines with the remote primary"},
       .status = "comparing timelines with the remote primary",
       .because =
           "before it follows the remote primary a former primary proves that its history is part of the remote's"},
      {.id = "CR-32",
       .when = s7 + When{is(History::Diverged), is(Repair::Rewind), is_known<Control>(), is_known<CrashRecovery>()},
       .then = {.plan = PlanKind::Rewind,
                .hold = true,
                .target = Target::Remote,
                .name = "running pg_rewind from the remote primary"},
       .status = "running pg_rewind from the remote primary",
       .because = "this member has WAL that the remote primary's history does not"},
  };
}

// Without it: repair what diverged, then come back as a standby.
std::vector<Rule> without_lock() {
  const When s7 = {is(Leader::Other),
                   is(Lock::NotHeld, Lock::Lost),
                   is(Store::Fresh),
                   is(Postgres::Stopped),
                   is(LeaderUsable::Yes),
                   is(BackOff::No),
                   is(SystemId::Same, SystemId::NoneInStore),
                   is(StandbyCluster::No),
                   is(Unfinished::Nothing)};
  return {
      {.id = "CR-20",
       .when = {is(BackOff::Yes)},
       .then = {},
       .status = "failed to start postgres",
       .because = "starts that follow each other wait 0, 1, 2 and then 5 seconds"},
      {.id = "CR-21",
       .when = {is(Leader::Nobody), is(HeldOff::Yes), is(StoppedBy::Us)},
       .then = {},
       .status = "waiting for a new leader",
       .because = "the lock was given back a moment ago; the next leader says how this member has to come back"},
      {.id = "CR-22",
       .when = s7 + When{is(Control::CrashedPrimary), is(CrashRecovery::NotTried), is(Repair::Rewind),
                         is(History::NotCompared, History::Inconclusive, History::Diverged)},
       .then = {.plan = PlanKind::CrashRecovery, .name = "doing crash recovery in a single user mode"},
       .status = "doing crash recovery in a single user mode",
       .because = "it crashed as a primary, another member leads, and pg_rewind needs a cleanly stopped directory"},
      {.id = "CR-23",
       .when = s7 + When{is(History::NotCompared)},
       .then = {.plan = PlanKind::CheckDivergence,
                .target = Target::Leader,
                .name = "comparing timelines with {leader}"},
       .status = "comparing timelines with {leader}",
       .because = "before it follows a leader this member proves that its own history is part of the leader's"},
      {.id = "CR-24",
       .when = s7 + When{is(History::Diverged), is(Repair::Rewind), is_known<Control>(), is_known<CrashRecovery>()},
       .then = {.plan = PlanKind::Rewind, .target = Target::Leader, .name = "running pg_rewind from {leader}"},
       .status = "running pg_rewind from {leader}",
       .because = "this member has WAL that the leader's history does not"},
      {.id = "CR-25",
       .when = s7 + When{is(History::Diverged, History::RepairFailed), is(Repair::Clone),
                         is(CloneSource::Leader, CloneSource::Replica)},
       .then = {.plan = PlanKind::Reinitialize,
                .target = Target::CloneSource,
                .name = "reinitializing due to diverged timelines"},
       .status = "reinitializing due to diverged timelines",
       .because = "this member has WAL that the leader's history does not, and the settings allow to clone it anew"},
      {.id = "CR-26",
       .when = {is(StandbyCluster::Yes), is(Leader::Nobody)},
       .then = {.plan = PlanKind::StartAsStandby, .target = Target::Leader, .name = "restarting after failure"},
       .status = "trying to follow a remote member because standby cluster is unhealthy",
       .because = "nobody leads the standby cluster, so the remote primary is followed"},
      {.id = "CR-27",
       .when = {is(History::Diverged, History::RepairFailed), is(Repair::NotAllowed), is(Leader::Other)},
       .then =
           {.plan = PlanKind::StartAsStandby,
            .target = Target::Leader,
            .name = "restarting after failure",
            .warning =
                "this member has diverged from {leader}; neither pg_rewind nor a clone is allowed: reinitialize it"},
       .status = "starting as a secondary",
       .because = "it diverged and no repair is allowed; it serves reads until it is reinitialized"},
      {.id = "CR-28",
       .when = {},
       .then = {.plan = PlanKind::StartAsStandby, .target = Target::Leader, .name = "restarting after failure"},
       .status = "starting as a secondary",
       .because = "PostgreSQL does not run and this member does not hold the lock"},
  };
}

}  // namespace

Situation crashed_rules() {
  Situation situation = {
      .name = "PostgreSQL down",
      .about = "PostgreSQL does not run and should.",
      .entered_when = {{is(Postgres::Stopped, Postgres::Orphans)}},
      .rules = {{.id = "CR-01",
                 .when = {is(Postgres::Orphans)},
                 .then = {.plan = PlanKind::StopLeftOver, .hold = true},
                 .status = "stopping left-over processes of PostgreSQL",
                 .because = "the postmaster is gone, but its children may still commit"}},
  };
  append(situation.rules, hand_over());
  append(situation.rules, with_remote());
  append(situation.rules, with_lock());
  append(situation.rules, without_lock());
  return situation;
}

}  // namespace tamada
