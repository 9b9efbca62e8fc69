// The whole cluster follows a remote primary (ha_behaviour.md 8). Histories are compared with the remote's, on every
// member: what a standby leader has that the remote has not is as lost as what any other member has.
#include "core/rules_common.h"

namespace tamada {

using namespace fact;

namespace {

constexpr std::string_view kILeadStandby = "no action. I am ({me}), the standby leader with the lock";
constexpr std::string_view kIFollowStandby =
    "no action. I am ({me}), a secondary, and following a standby leader ({leader})";
constexpr std::string_view kTookStandbyLead = "promoted self to a standby leader by acquiring session lock";
constexpr std::string_view kDiverged =
    "this member has diverged from the remote primary and pg_rewind is not possible: reinitialize it";

std::vector<Rule> primary_rows() {
  const auto demote = [](std::string_view id, When when, DemoteMode mode, bool hold, std::string_view because) {
    return Rule{.id = id,
                .when = std::move(when),
                .then = {.plan = PlanKind::Demote,
                         .hold = hold,
                         .demote = mode,
                         .target = Target::Remote,
                         .effects = {Effect::CheckHistory},
                         .name = "demote"},
                .status = "cannot be a real primary in standby cluster",
                .because = because};
  };
  return {
      demote("SC-14", {is(Postgres::Primary), is(Lock::Held)}, DemoteMode::Cluster, true,
             "standby_cluster was configured: the primary stops cleanly, so that the remote can have every commit, "
             "and comes back as standby leader"),
      demote("SC-01", {is(Postgres::Primary)}, DemoteMode::ImmediateNoLock, false,
             "in a standby cluster only the remote primary is writable"),
  };
}

std::vector<Rule> history_rows() {
  // S7: who leads is proven, and the section names the remote primary, which is asked before anything is done.
  const When s7 = remote_is_source() +
                  When{is(Leader::Me, Leader::Other), is(Postgres::Standby), is(Paused::No), is_known<Request>()};
  return {
      {.id = "SC-60",
       .when = s7 + When{is(History::NotCompared)},
       .then = {.plan = PlanKind::CheckDivergence,
                .hold = true,
                .target = Target::Remote,
                .name = "comparing timelines with the remote primary"},
       .status = "comparing timelines with the remote primary",
       .because = "this member has to prove that its own history is part of the remote primary's"},
      {.id = "SC-61",
       .when = s7 + When{is(History::Diverged), is(Repair::Rewind)},
       .then = {.plan = PlanKind::Rewind,
                .hold = true,
                .target = Target::Remote,
                .name = "running pg_rewind from the remote primary"},
       .status = "running pg_rewind from the remote primary",
       .because = "this member has WAL that the remote primary's history does not"},
  };
}

std::vector<Rule> leader_rows() {
  const When leads = {is(Lock::Held), is(Postgres::Standby)};
  const auto follow = [&](std::string_view id, const When& when, std::string_view status, std::string_view because) {
    return Rule{.id = id,
                .when = leads + When{is(Follow::Differs)} + when,
                .then = {.plan = PlanKind::Follow,
                         .hold = true,
                         .target = Target::Remote,
                         .effects = {Effect::CheckHistory, Effect::Followed},
                         .name = "changing primary_conninfo and restarting"},
                .status = status,
                .because = because};
  };
  return {
      follow("SC-17", {is(Asked::Yes)}, kTookStandbyLead, "the race was won: the remote primary is followed from here"),
      follow("SC-16", {}, kILeadStandby, "the standby leader has to follow the remote primary that the settings name"),
      {.id = "SC-62",
       .when = leads + When{is(History::Diverged, History::RepairFailed), is(Repair::NotAllowed)},
       .then = {.plan = PlanKind::LeadStandby, .hold = true, .target = Target::Remote, .warning = kDiverged},
       .status = kILeadStandby,
       .because = "it diverged and cannot be rewound; hand the lead to another member and reinitialize this one"},
      {.id = "SC-13",
       .when = leads,
       .then = {.plan = PlanKind::LeadStandby, .hold = true, .target = Target::Remote},
       .status = kILeadStandby,
       .because = "this member holds the lock of a standby cluster and follows the remote primary"},
  };
}

std::vector<Rule> no_leader_rows() {
  const When nobody = {is(Leader::Nobody), is(StandbyCluster::Yes), is(Postgres::Standby)};
  std::vector<Rule> rows = {
      {.id = "SC-19",
       .when = nobody + When{is(Follow::Differs), is(Paused::No)},
       .then = {.plan = PlanKind::Follow,
                .target = Target::Leader,
                .effects = {Effect::Followed},
                .name = "changing primary_conninfo and restarting"},
       .status = "trying to follow a remote member because standby cluster is unhealthy",
       .because = "nobody has led the standby cluster for loop_wait, so the remote primary is followed"},
      {.id = "SC-18",
       .when = nobody + When{is(SystemId::NoneInStore), is(Initialize::Absent, Initialize::Unusable), is(WentBack::No),
                             is(Store::Fresh), is(Paused::No)},
       .then = {.chores = {Chore::WriteInitialize}},
       .status = kNotHealthiest,
       .because = "the store knows no cluster; any member may say which it is, the remote primary has every commit"},
  };
  append(rows, race_rows("SC", 20, nobody + When{is_known<Follow>()}));
  return rows;
}

std::vector<Rule> other_leads_rows() {
  const When other = {is(Leader::Other)};
  return {
      {.id = "SC-53",
       .when = other + When{is(LeaderUsable::No)},
       .then = {},
       .status = "continue following the old known standby leader",
       .because = "the leader key names a member that has not published its address"},
      {.id = "SC-50",
       .when = other + When{is(Follow::Differs), is(Postgres::Standby)},
       .then = {.plan = PlanKind::Follow,
                .target = Target::Leader,
                .effects = {Effect::CheckHistory, Effect::Followed},
                .name = "changing primary_conninfo and restarting"},
       .status = kIFollowStandby,
       .because = "the standby leader is another member than the one followed so far"},
      {.id = "SC-54",
       .when = other + When{is(History::Diverged, History::RepairFailed), is(Repair::NotAllowed)},
       .then = {.warning = kDiverged},
       .status = kIFollowStandby,
       .because = "it diverged and cannot be rewound; reinitialize it"},
      {.id = "SC-51",
       .when = other,
       .then = {},
       .status = kIFollowStandby,
       .because = "this member follows the standby leader"},
      {.id = "SC-52",
       .when = {},
       .then = {.hold = true},
       .status = kNotHealthiest,
       .because = "nobody leads the standby cluster and this member cannot"},
  };
}

}  // namespace

Situation standby_cluster_rules() {
  const When leads = {is(Lock::Held), is(Postgres::Standby)};
  Situation situation = {.name = "standby cluster",
                         .about = "The cluster follows a remote primary; the lock holder is its standby leader.",
                         .entered_when = {{is_not(StandbyCluster::No)}},
                         .rules = primary_rows()};
  append(situation.rules, {{.id = "SC-15",
                            .when = leads + When{is(Request::Done)},
                            .then = {.plan = PlanKind::LeadStandby,
                                     .hold = true,
                                     .target = Target::Remote,
                                     .chores = {Chore::ClearFailover}},
                            .status = kTookStandbyLead,
                            .because = "the request that made this member leader is carried out"}});
  append(situation.rules, request_rows("SC", 2, leads, PlanKind::LeadStandby, kILeadStandby));
  append(situation.rules, history_rows());
  append(situation.rules, leader_rows());
  append(situation.rules, no_leader_rows());
  append(situation.rules, other_leads_rows());
  return situation;
}

}  // namespace tamada
