// Nobody holds the lock and PostgreSQL runs (ha_behaviour.md 1.12, 2).
#include "core/rules_common.h"

namespace tamada {

using namespace fact;

Situation no_leader_rules() {
  const When primary = {is(Postgres::Primary)};
  Situation situation = {
      .name = "no leader",
      .about = "Nobody holds the lock and PostgreSQL runs here.",
      .entered_when = {{is(Leader::Nobody)}},
      .rules =
          {
              {.id = "NL-01",
               .when = primary + When{is(LostRace::Yes)},
               .then = {.plan = PlanKind::Demote,
                        .demote = DemoteMode::ImmediateNoLock,
                        .effects = {Effect::CheckHistory},
                        .name = "demote"},
               .status = "demoted self after trying and failing to obtain lock",
               .because = "another member took the lock"},
              {.id = "NL-02",
               .when = primary + When{is(OwnTimeline::Old)},
               .then = {.plan = PlanKind::Demote,
                        .demote = DemoteMode::ImmediateNoLock,
                        .effects = {Effect::CheckHistory},
                        .name = "demote"},
               .status = "demoting self because i am not the healthiest node",
               .because = "the store knows a newer timeline, in its history or claimed: somebody else was promoted "
                          "meanwhile, or may "
                          "have been"},
              {.id = "NL-03",
               .when = primary + When{is(fact::Watchdog::Unusable)},
               .then = {.plan = PlanKind::Demote,
                        .demote = DemoteMode::ImmediateNoLock,
                        .effects = {Effect::CheckHistory},
                        .name = "demote"},
               .status = "Demoting self because watchdog could not be activated",
               .because = "the watchdog is required and does not work here"},
              {.id = "NL-04",
               .when = primary + When{is(OwnTimeline::Current), is(LostRace::No), is(Lock::NotHeld, Lock::Lost),
                                      is(Store::Fresh), is(Paused::No), is(SystemId::Same), is(fact::Watchdog::Usable),
                                      is(StandbyCluster::No)},
               .then = {.plan = PlanKind::AcquireLock, .effects = {Effect::AskedForLock}},
               .status = "acquired session lock as a leader",
               .because = "this member runs as primary already and nobody holds the lock"},
              {.id = "NL-05",
               .when = primary,
               .then = {.plan = PlanKind::Demote,
                        .demote = DemoteMode::ImmediateNoLock,
                        .effects = {Effect::CheckHistory},
                        .name = "demote"},
               .status = "demoting self because i am not the healthiest node",
               .because = "PostgreSQL is writable, no lock covers it, and this member may not take it"},
          },
  };
  append(situation.rules,
         {{.id = "NL-06",
           .when = {is(Postgres::Standby), is(Paused::No), is(StandbyCluster::No), is(Store::Fresh), is(Leader::Nobody),
                    is(SystemId::Same), is(Promise::None), is(Receiver::Open), is(Follow::Differs)},
           .then = {.plan = PlanKind::Follow,
                    .target = Target::Remote,
                    .effects = {Effect::Followed},
                    .name = "leaving the old leader"},
           .status = kNotHealthiest,
           .because = "this member votes in a quorum race: it stops receiving from the old leader before it tells its "
                      "position, and follows nobody until somebody leads"}});
  append(situation.rules, race_rows("NL", 10, {is(Postgres::Standby), is(Paused::No), is(StandbyCluster::No)}));
  append(situation.rules, {{.id = "NL-40",
                            .when = {},
                            .then = {},
                            .status = kNotHealthiest,
                            .because = "something that a race needs is not known yet"}});
  return situation;
}

}  // namespace tamada
