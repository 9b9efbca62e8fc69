// The whole cluster follows a remote primary (ha_behaviour.md 8).
#include "core/rules_common.h"

namespace tamada {

using namespace fact;

Situation standby_cluster_rules() {
  const When leads = {is(Lock::Held), is(Postgres::Standby)};
  Situation situation = {.name = "standby cluster",
                         .about = "The cluster follows a remote primary; the lock holder is its standby leader.",
                         .entered_when = {{is_not(StandbyCluster::No)}},
                         .rules = {
                             {.id = "SC-01",
                              .when = {is(Postgres::Primary)},
                              .then = {.plan = PlanKind::Demote,
                                       .demote = DemoteMode::ImmediateNoLock,
                                       .target = Target::Remote,
                                       .effects = {Effect::CheckHistory},
                                       .name = "demote"},
                              .status = "cannot be a real primary in standby cluster",
                              .because = "in a standby cluster only the remote primary is writable"},
                         }};
  append(situation.rules, request_rows("SC", 2, leads, PlanKind::LeadStandby,
                                       "no action. I am ({me}), the standby leader with the lock"));
  append(situation.rules,
         {
             {.id = "SC-13",
              .when = leads,
              .then = {.plan = PlanKind::LeadStandby, .hold = true, .target = Target::Remote},
              .status = "no action. I am ({me}), the standby leader with the lock",
              .because = "this member holds the lock of a standby cluster and follows the remote primary"},
         });
  append(situation.rules, race_rows("SC", 20, {is(Leader::Nobody), is(StandbyCluster::Yes), is(Postgres::Standby)}));
  append(situation.rules,
         {
             {.id = "SC-50",
              .when = {is(Leader::Other), is(Follow::Differs), is(Postgres::Standby)},
              .then = {.plan = PlanKind::Follow,
                       .target = Target::Leader,
                       .effects = {Effect::CheckHistory, Effect::Followed},
                       .name = "changing primary_conninfo and restarting"},
              .status = "no action. I am ({me}), a secondary, and following a standby leader ({leader})",
              .because = "the standby leader is another member than the one followed so far"},
             {.id = "SC-51",
              .when = {is(Leader::Other)},
              .then = {},
              .status = "no action. I am ({me}), a secondary, and following a standby leader ({leader})",
              .because = "this member follows the standby leader"},
             {.id = "SC-52",
              .when = {},
              .then = {.hold = true},
              .status = kNotHealthiest,
              .because = "nobody leads the standby cluster and this member cannot"},
         });
  return situation;
}

}  // namespace tamada
