#include "core/rules_common.h"

#include <deque>
#include <mutex>

#include <fmt/format.h>

namespace tamada {

using namespace fact;

When operator+(When a, const When& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

void append(std::vector<Rule>& to, std::vector<Rule> from) {
  for (Rule& rule : from) to.push_back(std::move(rule));
}

std::string_view rule_id(std::string_view prefix, int number) {
  static std::mutex guard;
  static std::deque<std::string> ids;
  const std::lock_guard lock(guard);
  return ids.emplace_back(fmt::format("{}-{:02d}", prefix, number));
}

namespace {

// A standby that stays what it is while no leader is known.
Rule wait_row(std::string_view id, When when, std::string_view status, std::string_view because) {
  return {.id = id, .when = std::move(when), .then = {}, .status = status, .because = because};
}

// Everything a race needs; each value is a known one, so that no doubt can look like a permission (S6).
When may_race() {
  return {is(HeldOff::No),
          is(NoFailover::No),
          is(WentBack::No),
          is(LostRace::No),
          is(fact::Watchdog::Usable),
          is(Standing::Clear, Standing::Candidate),
          is(FormerHolder::Over),
          is(Lock::NotHeld, Lock::Lost),
          is(Store::Fresh),
          is(Leader::Nobody),
          is(Postgres::Standby),
          is(SystemId::Same)};
}

// False when two conditions exclude each other: such a row could never win.
bool possible(const Rule& rule) {
  for (const Condition& a : rule.when) {
    for (const Condition& b : rule.when) {
      if (a.id == b.id && (a.allowed & b.allowed) == 0) return false;
    }
  }
  return true;
}

}  // namespace

When remote_is_source() {
  return {is(StandbyCluster::Yes),
          is(Remote::Yes),
          is(Lock::Held, Lock::NotHeld, Lock::Lost),
          is(Store::Fresh),
          is(SystemId::Same, SystemId::NoneInStore),
          is(BackOff::No)};
}

std::vector<Rule> race_rows(std::string_view prefix, int first, const When& when) {
  const auto id = [&](int n) { return rule_id(prefix, first + n); };
  std::vector<Rule> rows = {
      wait_row(id(22), when + When{is(Promise::Given)}, kIFollow,
               "this member promised a primary that lost the store not to race before its lock ends"),
      wait_row(
          id(23), when + When{is(Promise::Forgotten)}, kNotHealthiest,
          "failsafe_mode is on and it is not on record what this member promised before its start; a ttl is waited"),
      wait_row(id(0), when + When{is(NoFailover::Yes)},
               "following a different leader because I am not allowed to promote",
               "the tag nofailover or failover_priority 0 forbids this member to lead"),
      wait_row(id(1), when + When{is(HeldOff::Yes)}, kNotHealthiest,
               "this member does not race for a while, so that somebody else can take the lock"),
      wait_row(id(2), when + When{is(WentBack::Yes)}, kNotHealthiest,
               "the store was wiped or restored; nobody is promoted until the running primary has published again or "
               "every member has answered that it is no primary"),
      {.id = id(21),
       .when = when + When{is(WentBack::Unknown), is(Standing::Clear, Standing::Candidate), is(Store::Fresh)},
       .then = {.plan = PlanKind::ProbePeers, .target = Target::Opponents},
       .status = kNotHealthiest,
       .because = "the store was wiped or restored; the others are asked whether one of them is primary"},
      wait_row(id(3), when + When{is(LostRace::Yes)}, "following new leader after trying and failing to obtain lock",
               "another member took the lock a moment ago"),
      wait_row(id(4), when + When{is(fact::Watchdog::Unusable)}, kNotHealthiest,
               "the watchdog is required and does not work here"),
      wait_row(id(5), when + When{is(Standing::NotSynchronous)}, kNotHealthiest,
               "/sync in the store does not name this member as one that has every commit"),
      wait_row(id(6), when + When{is(Standing::NotInFailsafe)}, kNotHealthiest,
               "the failsafe map does not name this member, so the old leader may go on without asking it"),
      wait_row(id(7), when + When{is(Standing::Lagging)}, kNotHealthiest,
               "this member misses more of the published position than maximum_lag_on_failover allows"),
      wait_row(id(8), when + When{is(Standing::OldTimeline)}, kNotHealthiest,
               "check_timeline is on and this member is on an older timeline than the cluster"),
      wait_row(id(24), when + When{is(Standing::Sick)}, kNotHealthiest,
               "this member or its storage is sick by postgresql.health"),
      {.id = id(10),
       .when = when + may_race() + When{is(Peers::Unknown)},
       .then = {.plan = PlanKind::ProbePeers, .target = Target::Opponents},
       .status = kNotHealthiest,
       .because = "nobody leads and this member may; the others are asked first"},
      {.id = id(11),
       .when = when + When{is(FormerHolder::MayLive), is(Peers::Unknown), is(Standing::Clear, Standing::Candidate)},
       .then = {.plan = PlanKind::ProbePeers, .target = Target::Opponents},
       .status = kNotHealthiest,
       .because = "the lock vanished before its time; its former holder is asked whether it is still primary"},
      wait_row(id(9), when + When{is(OldLeader::Heard)}, kNotHealthiest,
               "the old leader sent WAL after its lock had vanished; it gets one second to take the lock again"),
      wait_row(
          id(12), when + When{is(FormerHolder::MayLive)}, kNotHealthiest,
          "the lock vanished before its time and its former holder did not say that it is no primary any more; its "
          "last possible validity is waited for"),
      wait_row(id(13), when + When{is(Peers::PrimaryAlive)}, kNotHealthiest,
               "another member answers that it is a primary"),
      wait_row(id(14), when + When{is(Peers::Ahead)}, kNotHealthiest,
               "another member that may be promoted has more WAL"),
      wait_row(id(15), when + When{is(Peers::Preferred)}, kNotHealthiest,
               "another member has the same position and a higher failover_priority"),
      wait_row(id(16), when + When{is(Peers::Moving)}, kNotHealthiest,
               "another member still receives WAL, so its position is not final"),
      wait_row(id(17), when + When{is(Peers::TooFewVotes)}, kNotHealthiest,
               "fewer members than the quorum confirm that this one has every commit"),
      wait_row(id(18), when + When{is(Peers::CandidateTakesOver, Peers::OthersTakeOver)}, kNotHealthiest,
               "a request in the store wants another member, and that one can take over"),
      {.id = id(19),
       .when =
           when + may_race() +
           When{is(Peers::NobodyObjects), is(OldLeader::Quiet), is(Receiver::Free, Receiver::Cut), is(Standing::Clear)},
       .then = {.plan = PlanKind::AcquireLock, .effects = {Effect::AskedForLock}},
       .status = "trying to acquire the leader lock",
       .because = "nobody leads, this member may, and no reachable member has more or is a primary"},
      {.id = id(20),
       .when = when + may_race() +
               When{is(Peers::NobodyObjects), is(OldLeader::Quiet), is(Receiver::Free, Receiver::Cut),
                    is(Standing::Candidate)},
       .then = {.plan = PlanKind::AcquireLock, .effects = {Effect::AskedForLock}},
       .status = "trying to acquire the leader lock",
       .because = "nobody leads, an operator named this member, and no reachable member is a primary"},
  };
  std::erase_if(rows, [](const Rule& rule) { return !possible(rule); });
  return rows;
}

std::vector<Rule> request_rows(std::string_view prefix, int first, const When& when, PlanKind go_on,
                               std::string_view status) {
  const auto id = [&](int n) { return rule_id(prefix, first + n); };
  const auto refuse = [&](int n, Request request, std::string_view warning, std::string_view because) {
    return Rule{.id = id(n),
                .when = when + When{is(request)},
                .then = {.plan = go_on, .hold = true, .chores = {Chore::ClearFailover}, .warning = warning},
                .status = status,
                .because = because};
  };
  const When wanted = {is(Request::Switchover, Request::Failover)};
  return {
      refuse(0, Request::Stale, "the scheduled {request} is too late or its time is unusable; it is removed",
             "a scheduled request is carried out at most 1.5 loop_wait (at least 15 s) after its time"),
      refuse(1, Request::OtherLeader, "the {request} names another leader; it is removed",
             "the request was made for a leader that leads no more"),
      refuse(2, Request::NamesMe, "{request}: {me} is the leader already; the request is removed",
             "the requested candidate leads already"),
      refuse(3, Request::NeedsCandidate, "{request} is possible only to a specific candidate in a paused state",
             "in pause a request needs a candidate"),
      refuse(4, Request::NoCandidate, "{request}: no member may take over; the request is removed",
             "no registered member is allowed to take over as the request wants"),
      {.id = id(5),
       .when = when + wanted + When{is(Successor::Unknown)},
       .then = {.plan = PlanKind::ProbePeers, .hold = true, .target = Target::Successors},
       .status = status,
       .because = "a {request} is due; its candidates are asked whether they can take over"},
      {.id = id(6),
       .when = when + wanted + When{is(Successor::Yes)},
       .then = {.plan = PlanKind::Demote, .hold = true, .demote = DemoteMode::Graceful, .name = "{request}: demote"},
       .status = "{request}: demoting myself",
       .because = "an operator asked for it and a member that can take over answered"},
      {.id = id(7),
       .when = when + wanted + When{is(Successor::No)},
       .then = {.plan = go_on,
                .hold = true,
                .chores = {Chore::ClearFailover},
                .warning = "{request} is not possible: no candidate can take over; the request is removed"},
       .status = status,
       .because = "nobody who could take over answered, so giving up the lead would leave the cluster without one"},
  };
}

}  // namespace tamada
