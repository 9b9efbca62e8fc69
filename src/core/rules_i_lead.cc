// The lock is proven ours and PostgreSQL runs (ha_behaviour.md 1.11, 1.13; safety.md 2.2).
#include "core/rules_common.h"

namespace tamada {

using namespace fact;

namespace {

std::vector<Rule> standby_rows() {
  const When standby = {is(Postgres::Standby)};
  const When mine = standby + When{is(Lock::Held), is(Paused::No)};
  const auto release = [&](std::string_view id, const When& when, std::string_view status, std::string_view because) {
    return Rule{
        .id = id, .when = mine + when, .then = {.plan = PlanKind::ReleaseLock}, .status = status, .because = because};
  };
  // What must hold whether this member raced for the lock or has it from before.
  const When eligible = mine + When{is(Leader::Me),         is(Store::Fresh),
                                    is(NoFailover::No),     is(fact::Watchdog::Usable),
                                    is(HeldOff::No),        is(LockIdle::No),
                                    is(WentBack::No),       is(SystemId::Same),
                                    is(StandbyCluster::No), is(Standing::Clear, Standing::Candidate)};
  return {
      release("IL-22", {is(LockIdle::Yes)}, "released leader key because the promotion does not come about",
              "the lock was held for a whole ttl and this member could not be promoted; others get the chance to lead"),
      release("IL-10", {is(fact::Watchdog::Unusable)}, "Not promoting self because watchdog could not be activated",
              "the watchdog is required and does not work here"),
      release("IL-11", {is(HeldOff::Yes)}, "released leader key because the promotion failed",
              "a promotion failed a moment ago; others get the chance to lead"),
      release("IL-12", {is(NoFailover::Yes)}, "following a different leader because I am not allowed to promote",
              "the tags changed: this member may not lead"),
      release("IL-13", {is(WentBack::Yes)}, kNotHealthiest,
              "the store was wiped or restored; nobody is promoted until the running primary has published again"),
      release("IL-14",
              {is(Standing::NotSynchronous, Standing::NotInFailsafe, Standing::Lagging, Standing::OldTimeline,
                  Standing::Sick)},
              kNotHealthiest, "with the lock in hand this member is not eligible any more"),
      {.id = "IL-23",
       .when = eligible + When{is(Asked::No), is(Follow::Differs), is(Peers::Unknown)},
       .then = {.plan = PlanKind::Follow,
                .hold = true,
                .target = Target::Remote,
                .effects = {Effect::Followed},
                .name = "leaving the remote primary"},
       .status = "waiting to become primary",
       .because =
           "this member led a standby cluster: it stops receiving from the remote primary, so that positions are "
           "final before the others are asked"},
      {.id = "IL-24",
       .when = eligible + When{is(Asked::No), is(Follow::TooSoon), is(Peers::Unknown)},
       .then = {.hold = true},
       .status = "waiting to become primary",
       .because =
           "leaving the remote primary did not succeed a moment ago and is tried again; while WAL comes in, positions "
           "are not final"},
      {.id = "IL-15",
       .when = eligible + When{is(Peers::Unknown)},
       .then = {.plan = PlanKind::ProbePeers, .hold = true, .target = Target::Opponents},
       .status = "asking the other members before the promotion",
       .because = "this member holds the lock, but has no fresh answers of the others; they are asked first"},
      release("IL-16", {is(Peers::PrimaryAlive)}, kNotHealthiest, "another member answers that it is a primary"),
      release("IL-17", {is(Peers::Ahead, Peers::CandidateTakesOver, Peers::OthersTakeOver, Peers::TooFewVotes)},
              kNotHealthiest, "with the lock in hand another member turns out to be the better leader"),
      {.id = "IL-18",
       .when = eligible +
               When{is(Asked::Yes), is(Validity::Enough), is(Peers::NobodyObjects, Peers::Preferred, Peers::Moving)},
       .then = {.plan = PlanKind::Promote, .hold = true, .name = "promote"},
       .status = "promoted self to leader by acquiring session lock",
       .because = "the race was won, a fresh view shows the lock, and this member is still eligible"},
      {.id = "IL-19",
       .when = eligible + When{is(Asked::No), is(Validity::Enough), is(Peers::NobodyObjects, Peers::Preferred)},
       .then = {.plan = PlanKind::Promote, .hold = true, .name = "promote"},
       .status = "promoted self to leader because i had the session lock",
       .because = "this member holds the lock and nobody that can be reached should lead rather than it"},
      {.id = "IL-21",
       .when = standby + When{is(Validity::Short, Validity::Ending)},
       .then = {.hold = true},
       .status = "waiting to become primary",
       .because = "a renewal has to lengthen the lock's validity before the promotion"},
      {.id = "IL-20",
       .when = standby,
       .then = {.hold = true},
       .status = "waiting to become primary",
       .because = "something that a promotion needs is not known yet"},
  };
}

}  // namespace

Situation i_lead_rules() {
  Situation situation = {
      .name = "I lead",
      .about = "The lock is proven ours and PostgreSQL runs.",
      .entered_when = {{is(Lock::Held)}},
      .rules =
          {
              {.id = "IL-01",
               .when = {is(Postgres::Primary), is(fact::Watchdog::Unusable)},
               .then = {.plan = PlanKind::Demote, .hold = true, .demote = DemoteMode::Immediate, .name = "demote"},
               .status = "Demoting self because watchdog could not be activated",
               .because = "the watchdog is required and does not work here"},
              {.id = "IL-02",
               .when = {is(Postgres::Primary)},
               .then = {.plan = PlanKind::Lead, .hold = true},
               .status = kILead,
               .because = "this member is primary and holds the lock"},
          },
  };
  append(situation.rules, standby_rows());
  return situation;
}

}  // namespace tamada
