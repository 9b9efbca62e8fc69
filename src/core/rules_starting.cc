// PostgreSQL runs and takes no queries: it starts, it hangs, or nothing is known (ha_behaviour.md 1.4).
#include "core/rules_common.h"

namespace tamada {

using namespace fact;

namespace {

constexpr std::string_view kStarting = "PostgreSQL is still starting up, {seconds} seconds until timeout";
constexpr std::string_view kError = "Error communicating with PostgreSQL. Will try again later";

std::vector<Rule> with_lock() {
  const When locked = {is(Lock::Held), is(Postgres::Starting)};
  std::vector<Rule> rows = {
      {.id = "ST-01",
       .when = locked + When{is(StartBudget::Zero, StartBudget::Spent), is(Successor::Unknown)},
       .then = {.plan = PlanKind::ProbePeers, .hold = true, .target = Target::Successors},
       .status = kStarting,
       .because = "the start takes longer than its timeout; the others are asked whether they can take over"},
      {.id = "ST-02",
       .when = locked + When{is(StartBudget::Zero, StartBudget::Spent), is(Successor::Yes)},
       .then = {.plan = PlanKind::Demote, .hold = true, .demote = DemoteMode::Immediate, .name = "demote"},
       .status = "stopped PostgreSQL because of startup timeout",
       .because = "the start takes longer than its timeout and another member can take over"},
      {.id = "ST-03",
       .when =
           locked + When{is(StartBudget::Zero, StartBudget::Spent), is(Request::None, Request::Awaited, Request::Done)},
       .then = {.hold = true},
       .status = "primary start has timed out, but continuing to wait because failover is not possible",
       .because = "nobody could take over, so patience is the best that is left"},
  };
  append(rows, request_rows("ST", 10, locked, PlanKind::Keep, kStarting));
  append(rows, {{.id = "ST-20",
                 .when = locked,
                 .then = {.hold = true},
                 .status = kStarting,
                 .because = "PostgreSQL starts and its timeout is not over"}});
  return rows;
}

std::vector<Rule> without_lock() {
  const When standby = {is(Postgres::Starting), is(Writable::No), is(Leader::Other)};
  const When s7 = standby + When{is(Lock::NotHeld, Lock::Lost),
                                 is(Store::Fresh),
                                 is(LeaderUsable::Yes),
                                 is(SystemId::Same, SystemId::NoneInStore),
                                 is(Paused::No),
                                 is(StandbyCluster::No),
                                 is(BackOff::No)};
  return {
      {.id = "ST-21",
       .when = {is(Lock::Held), is(Postgres::Unresponsive, Postgres::Starting), is(Writable::No), is(LockIdle::Yes),
                is(Paused::No)},
       .then = {.plan = PlanKind::ReleaseLock},
       .status = "released leader key because the promotion does not come about",
       .because = "a standby held the lock for a whole ttl and takes no queries; others get the chance to lead"},
      {.id = "ST-30",
       .when = {is(Lock::NotHeld, Lock::Lost), is(Postgres::Starting), is_not(Writable::No)},
       .then = {.plan = PlanKind::Demote,
                .demote = DemoteMode::ImmediateNoLock,
                .target = Target::Leader,
                .effects = {Effect::CheckHistory},
                .name = "demote"},
       .status = "stopped PostgreSQL while starting up because leader key was lost",
       .because = "PostgreSQL would become writable without a lock"},
      {.id = "ST-37",
       .when = {is(Lock::NotHeld, Lock::Lost), is(Postgres::Unresponsive), is_not(Writable::No), is(LastRole::Standby)},
       .then = {.plan = PlanKind::Demote,
                .demote = DemoteMode::ImmediateNoLock,
                .target = Target::Leader,
                .effects = {Effect::CheckHistory},
                .name = "stopping a standby without recovery settings"},
       .status = "stopping PostgreSQL because it does not answer and its recovery settings are gone",
       .because = "it was a standby, but nothing in the data directory says so any more and no lock covers a primary"},
      {.id = "ST-31",
       .when = {is(Lock::NotHeld, Lock::Lost), is(Postgres::Unresponsive), is_not(Writable::No)},
       .then = {.plan = PlanKind::Demote,
                .demote = DemoteMode::ImmediateNoLock,
                .target = Target::Leader,
                .effects = {Effect::CheckHistory},
                .name = "demote"},
       .status = "demoting self because i do not have the lock and i was a leader",
       .because = "PostgreSQL may be writable and no lock covers it"},
      {.id = "ST-32",
       .when = s7 + When{is(History::NotCompared)},
       .then = {.plan = PlanKind::CheckDivergence,
                .target = Target::Leader,
                .name = "comparing timelines with {leader}"},
       .status = kIFollow,
       .because = "a standby that diverged never gets ready; its history is compared with the leader's"},
      {.id = "ST-33",
       .when = s7 + When{is(History::Diverged), is(Repair::Rewind)},
       .then = {.plan = PlanKind::Rewind, .target = Target::Leader, .name = "running pg_rewind from {leader}"},
       .status = "running pg_rewind from {leader}",
       .because = "this member has WAL that the leader's history does not"},
      {.id = "ST-34",
       .when = standby + When{is(Follow::Differs)},
       .then = {.plan = PlanKind::Follow,
                .target = Target::Leader,
                .effects = {Effect::CheckHistory, Effect::Followed},
                .name = "changing primary_conninfo and restarting"},
       .status = kIFollow,
       .because = "the starting standby has to follow another member"},
      {.id = "ST-35",
       .when = standby,
       .then = {},
       .status = kIFollow,
       .because = "a standby that follows the leader is starting"},
      {.id = "ST-36",
       .when = {is(Postgres::Starting)},
       .then = {.hold = true},
       .status = kNotHealthiest,
       .because = "a member that is starting does not race"},
  };
}

// A standby cluster's members that start without being able to: whoever holds the lock.
std::vector<Rule> with_remote() {
  const When s7 = remote_is_source() +
                  When{is(Leader::Me, Leader::Other), is(Postgres::Starting), is(Writable::No), is(Paused::No)};
  return {
      {.id = "ST-38",
       .when = s7 + When{is(History::NotCompared)},
       .then = {.plan = PlanKind::CheckDivergence,
                .hold = true,
                .target = Target::Remote,
                .name = "comparing timelines with the remote primary"},
       .status = "comparing timelines with the remote primary",
       .because = "a standby that diverged never gets ready; its history is compared with the remote primary's"},
      {.id = "ST-39",
       .when = s7 + When{is(History::Diverged), is(Repair::Rewind)},
       .then = {.plan = PlanKind::Rewind,
                .hold = true,
                .target = Target::Remote,
                .name = "running pg_rewind from the remote primary"},
       .status = "running pg_rewind from the remote primary",
       .because = "this member has WAL that the remote primary's history does not"},
  };
}

}  // namespace

Situation starting_rules() {
  Situation situation = {
      .name = "PostgreSQL starting or silent",
      .about = "PostgreSQL runs and takes no queries.",
      .entered_when = {{is(Postgres::Unknown, Postgres::Starting, Postgres::Unresponsive)}},
      .rules = with_remote(),
  };
  append(situation.rules, with_lock());
  append(situation.rules, without_lock());
  append(situation.rules,
         {{.id = "ST-40",
           .when = {},
           .then = {.hold = true},
           .status = kError,
           .because = "PostgreSQL does not say whether it is primary or standby; nothing is changed on a guess"}});
  return situation;
}

}  // namespace tamada
