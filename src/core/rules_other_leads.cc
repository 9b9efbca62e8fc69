// Another member holds the lock and PostgreSQL runs (ha_behaviour.md 1.8, 1.11, 4).
#include "core/rules_common.h"

namespace tamada {

using namespace fact;

namespace {

std::vector<Rule> standby_rows() {
  const When standby = {is(Postgres::Standby)};
  const When s7 = standby + When{is(Leader::Other),
                                 is(Lock::NotHeld, Lock::Lost),
                                 is(Store::Fresh),
                                 is(LeaderUsable::Yes),
                                 is(SystemId::Same, SystemId::NoneInStore),
                                 is(Paused::No),
                                 is(BackOff::No)};
  return {
      {.id = "OL-10",
       .when = s7 + When{is(History::NotCompared)},
       .then = {.plan = PlanKind::CheckDivergence,
                .target = Target::Leader,
                .name = "comparing timelines with {leader}"},
       .status = kIFollow,
       .because = "the leader changed or this process is new: the own history is compared with the leader's"},
      {.id = "OL-11",
       .when = s7 + When{is(History::Diverged), is(Repair::Rewind)},
       .then = {.plan = PlanKind::Rewind, .target = Target::Leader, .name = "running pg_rewind from {leader}"},
       .status = "running pg_rewind from {leader}",
       .because = "this member has WAL that the leader's history does not"},
      {.id = "OL-12",
       .when = s7 + When{is(History::Diverged, History::RepairFailed), is(Repair::Clone),
                         is(CloneSource::Leader, CloneSource::Replica)},
       .then = {.plan = PlanKind::Reinitialize,
                .target = Target::CloneSource,
                .name = "reinitializing due to diverged timelines"},
       .status = "reinitializing due to diverged timelines",
       .because = "this member has WAL that the leader's history does not, and the settings allow to clone it anew"},
      {.id = "OL-13",
       .when = standby + When{is(Follow::Differs)},
       .then = {.plan = PlanKind::Follow,
                .target = Target::Leader,
                .effects = {Effect::CheckHistory, Effect::Followed},
                .name = "changing primary_conninfo and restarting"},
       .status = kIFollow,
       .because = "this member has to follow another source than so far"},
      {.id = "OL-14",
       .when = standby + When{is(History::Diverged, History::RepairFailed), is(Repair::NotAllowed)},
       .then =
           {.warning =
                "this member has diverged from {leader}; neither pg_rewind nor a clone is allowed: reinitialize it"},
       .status = kIFollow,
       .because = "it diverged and no repair is allowed; reinitialize it, or set use_pg_rewind or "
                  "remove_data_directory_on_diverged_timelines"},
      {.id = "OL-17",
       .when = s7 + When{is(SlotsToCopy::Yes), is(History::Fits), is(Follow::Same), is(NoFailover::No),
                         is(StandbyCluster::No), is(Promise::None, Promise::Forgotten), is(ShuttingDown::No),
                         is(Order::Nothing)},
       .then = {.plan = PlanKind::CopySlots,
                .target = Target::Leader,
                .name = "Copying logical slots {slots} from the primary"},
       .status = "Copying logical slots {slots} from the primary",
       .because = "the leader has permanent logical slots that this standby lacks; they are copied during a restart"},
      {.id = "OL-15",
       .when = standby + When{is(LostRace::Yes)},
       .then = {},
       .status = "following new leader after trying and failing to obtain lock",
       .because = "another member took the lock"},
      {.id = "OL-16",
       .when = {},
       .then = {},
       .status = kIFollow,
       .because = "another member leads and this one follows it"},
  };
}

}  // namespace

Situation other_leads_rules() {
  Situation situation = {
      .name = "another leads",
      .about = "Another member holds the lock and PostgreSQL runs here.",
      .entered_when = {{}},
      .rules =
          {
              {.id = "OL-01",
               .when = {is(Postgres::Primary), is(LostRace::Yes)},
               .then = {.plan = PlanKind::Demote,
                        .demote = DemoteMode::ImmediateNoLock,
                        .target = Target::Leader,
                        .effects = {Effect::CheckHistory},
                        .name = "demote"},
               .status = "demoted self after trying and failing to obtain lock",
               .because = "another member took the lock"},
              {.id = "OL-02",
               .when = {is(Postgres::Primary)},
               .then = {.plan = PlanKind::Demote,
                        .demote = DemoteMode::ImmediateNoLock,
                        .target = Target::Leader,
                        .effects = {Effect::CheckHistory},
                        .name = "demote"},
               .status = "demoting self because i do not have the lock and i was a leader",
               .because = "another member holds the lock"},
          },
  };
  append(situation.rules, standby_rows());
  return situation;
}

}  // namespace tamada
