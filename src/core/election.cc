#include "core/election.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/failsafe_map.h"
#include "core/health_judgement.h"

namespace tamada {

namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

const PeerReport* report_of(const PeerSurvey& survey, std::string_view member) {
  for (const PeerReport& report : survey.reports) {
    if (report.member == member) return &report;
  }
  return nullptr;
}

Lsn own_position(const ElectionInput& in) {
  const auto& row = in.observation.postgres.row;
  return row ? row->position() : Lsn{};
}

Lsn published_position(const ClusterView& view) {
  return view.status ? view.status->optime : Lsn{};
}

Timeline cluster_timeline(const ClusterView& view) {
  return view.history ? view.history->cluster_timeline : Timeline{};
}

// How much of `position` lies in the cluster's history: where that left the timeline, or passed it by, a member has
// nothing of what was written later, however far its own WAL goes. A primary that was cut off and wrote on looks
// complete otherwise (simulation seed 910420).
Lsn shared_position(const ClusterView& view, Timeline timeline, Lsn position) {
  if (!view.history || !timeline.known() || timeline >= view.history->cluster_timeline) return position;
  const HistoryLine* left = nullptr;
  for (const HistoryLine& line : view.history->lines) {
    if (line.timeline <= timeline && (left == nullptr || line.timeline > left->timeline)) left = &line;
  }
  return left != nullptr && left->lsn.known() ? std::min(position, left->lsn) : position;
}

bool quorum_mode(const Settings& settings) {
  return settings.dynamic.synchronous_mode == SynchronousMode::Quorum;
}

// What /sync says counts, too: while the mode is being changed its quorum may still stand, and none of those whom it
// lists has every commit by itself.
bool by_votes(const ClusterView& view, const Settings& settings) {
  return synchronous_race(view, settings) && (quorum_mode(settings) || view.sync.quorum > 0);
}

bool checks_timeline(const Settings& settings) {
  return settings.dynamic.check_timeline && !settings.dynamic.standby_cluster;
}

std::string who(const PeerReport& report) {
  return fmt::format("member {} ({})", report.member, report.url);
}

// The former leader's priority does not count: /sync's leader in synchronous mode, else the last one seen.
bool is_former_leader(const ElectionInput& in, std::string_view member) {
  if (synchronous_race(in.view, in.settings)) return same_name(in.view.sync.leader, member);
  return in.memory.last_healthy_leader == member;
}

}  // namespace

bool synchronous_race(const ClusterView& view, const Settings& settings) {
  return !settings.dynamic.standby_cluster && !view.sync.empty();
}

bool in_sync(const SyncState& sync, std::string_view name) {
  return same_name(sync.leader, name) || std::any_of(sync.standbys.begin(), sync.standbys.end(),
                                                     [&](const std::string& s) { return same_name(s, name); });
}

bool votes_by_quorum(const ClusterView& view, const Settings& settings, const PostgresStatus& postgres) {
  constexpr int kReloadsConninfo = 130000;
  return by_votes(view, settings) && view.sync.lists(settings.name) && postgres.row &&
         postgres.row->server_version >= kReloadsConninfo;
}

std::optional<bool> stopped_receiving(const Observation& observation) {
  if (!observation.follow_differs || !observation.postgres.row) return std::nullopt;
  return !*observation.follow_differs && observation.postgres.row->receiver_status.empty();
}

std::optional<FailoverRequest> request_for_race(const ElectionInput& in) {
  const auto& request = in.view.failover;
  if (!request || request->empty() || request->schedule_invalid) return std::nullopt;
  if (request->scheduled_at && *request->scheduled_at > in.wall + in.settings.dynamic.loop_wait) return std::nullopt;
  return request;
}

std::vector<Member> opponents(const ElectionInput& in) {
  std::vector<Member> all;
  const auto add = [&](const std::vector<Member>& members) {
    for (const Member& member : members) {
      const bool known = std::any_of(all.begin(), all.end(), [&](const Member& m) { return m.name == member.name; });
      if (member.name != in.observation.my_name && !member.api_url.empty() && !known) all.push_back(member);
    }
  };
  add(in.view.members);
  add(in.memory.last_healthy_members);
  add(in.memory.went_back_members);
  if (in.settings.dynamic.failsafe_mode) add(members_of(in.view.failsafe, in.observation.my_name));
  return all;
}

const PeerSurvey* fresh_survey(const ElectionInput& in) {
  const auto& survey = in.observation.survey;
  if (!survey || survey->asked_at == kLongAgo) return nullptr;
  const Instant completed = std::max(survey->completed_at, survey->asked_at);
  if (in.now - completed > kAnswersExpire) return nullptr;
  if (in.memory.unlocked_since && in.view.unlocked() && survey->asked_at < *in.memory.unlocked_since) return nullptr;
  return &*survey;
}

namespace {

// What this member lacks by what it knows: bytes of the published position, or a timeline (S5).
StandingResult completeness(const ElectionInput& in) {
  using enum fact::Standing;
  const Lsn mine = own_position(in);
  if (!mine.known()) return {Unknown, "the own WAL position is not known"};
  const Lsn published = published_position(in.view);
  const Lsn shared = shared_position(in.view, in.observation.postgres.row->timeline, mine);
  const std::uint64_t lag = lag_bytes(published, shared);
  if (lag > in.settings.dynamic.maximum_lag_on_failover) {
    const std::string beyond =
        shared == mine ? std::string()
                       : fmt::format(" (it goes on to {}, but the cluster left that timeline before)", to_string(mine));
    return {Lagging,
            fmt::format("own position {}{} is {} bytes behind the last published {}, allowed are {}", to_string(shared),
                        beyond, lag, to_string(published), in.settings.dynamic.maximum_lag_on_failover)};
  }
  if (checks_timeline(in.settings)) {
    const Timeline newest = cluster_timeline(in.view);
    const Timeline own = in.observation.postgres.row->timeline;
    if (!own.known()) return {Unknown, "check_timeline is on and the own timeline is not known"};
    if (own < newest) {
      return {OldTimeline, fmt::format("own timeline {} is older than the cluster's {}", own.id, newest.id)};
    }
  }
  return {Clear, fmt::format("own position {}, {} bytes behind the last published one", to_string(mine), lag)};
}

// The old leader may go on without asking it, so it does not race unless an operator names it (safety.md 6.3).
bool outside_failsafe(const ElectionInput& in, const std::string& member) {
  const auto& failsafe = in.view.failsafe;
  return in.settings.dynamic.failsafe_mode && !failsafe.empty() && !failsafe.contains(member);
}

}  // namespace

StandingResult own_standing(const ElectionInput& in) {
  using enum fact::Standing;
  const auto request = request_for_race(in);
  const std::string& me = in.observation.my_name;
  const bool listed = !synchronous_race(in.view, in.settings) || in_sync(in.view.sync, me);
  const bool candidate = request && request->candidate == me;
  if (request && !request->leader.empty() && !listed) {
    return {NotSynchronous, "a switchover in synchronous mode goes only to members named in /sync"};
  }
  // A failover (no leader named) forces this member by name, whatever may be lost.
  if (candidate && request->leader.empty()) return {Candidate, "a failover request names this member"};
  const HealthVerdict health = judge_health(in.observation.health, in.settings.postgresql.health, in.now);
  if (health.sick()) return {Sick, "this member is sick: " + health.because};
  if (candidate) {
    StandingResult result = completeness(in);
    if (result.standing == Clear) return {Candidate, "a switchover request names this member"};
    return result;
  }
  if (outside_failsafe(in, me)) {
    return {NotInFailsafe, "the failsafe map does not name this member"};
  }
  if (!listed && !quorum_mode(in.settings)) {
    return {NotSynchronous,
            fmt::format("/sync names neither leader nor standby '{}': it may lack acknowledged commits", me)};
  }
  return completeness(in);
}

namespace {

struct Opinion {
  fact::Peers verdict = fact::Peers::NobodyObjects;
  bool votes = false;  // quorum: counts for us
  std::string text;
};

// Why the position of `report` does not count in this race; nullopt: it does.
std::optional<std::string_view> why_not_counted(const ElectionInput& in, const PeerReport& report) {
  if (report.sick) return "sick";
  if (report.tags.nofailover()) return "it carries the tag nofailover";
  if (report.watchdog_failed) return "its watchdog does not work";
  if (outside_failsafe(in, report.member)) return "the failsafe map does not name it";
  if (!synchronous_race(in.view, in.settings)) return std::nullopt;
  // An isolated old primary may be ahead; what it has beyond the others was never acknowledged.
  if (same_name(in.view.sync.leader, report.member)) return "it led the synchronous set";
  if (in_sync(in.view.sync, report.member)) return std::nullopt;
  if (!quorum_mode(in.settings)) return "it is no synchronous standby";
  // One that is not listed needs a vote more than the quorum; it cannot win where fewer are listed at all.
  const auto listed = static_cast<int>(in.view.sync.standbys.size());
  if (listed <= in.view.sync.quorum) return "it is no synchronous standby, and those who are cannot make it leader";
  return std::nullopt;
}

// Nothing is lost by who leads a standby cluster: the remote primary has everything. While its members stream from
// there each finds the others ahead, so that after the delay only what a failover would not allow counts.
bool ahead_enough(const ElectionInput& in, const PeerReport& report, bool delay_over) {
  const Lsn mine = own_position(in);
  if (report.position <= mine) return false;
  const bool any = !in.settings.dynamic.standby_cluster || !delay_over;
  return any || lag_bytes(report.position, mine) > in.settings.dynamic.maximum_lag_on_failover;
}

Opinion opinion_of(const ElectionInput& in, const PeerReport& report, bool delay_over) {
  using enum fact::Peers;
  if (!report.answered) {
    return {NobodyObjects, false, fmt::format("{} does not object: {}", who(report), report.problem)};
  }
  if (report.is_primary) return {PrimaryAlive, false, fmt::format("{} is still alive and primary", who(report))};
  const Lsn mine = own_position(in);
  const std::string at = fmt::format("at {}, ours is {}", to_string(report.position), to_string(mine));
  if (const auto why = why_not_counted(in, report)) {
    // What these say of their position is as good as anybody's.
    const bool votes = (report.sick || outside_failsafe(in, report.member)) && report.in_recovery &&
                       report.position.known() && report.position <= mine && in.observation.postgres.row &&
                       report.timeline == in.observation.postgres.row->timeline;
    return {NobodyObjects, votes, fmt::format("{} is {}, but may not be promoted: {}", who(report), at, *why)};
  }
  // What an older timeline has beyond the fork was given up when the newer one began, however much it is.
  const Timeline own = in.observation.postgres.row ? in.observation.postgres.row->timeline : Timeline{};
  if (own.known() && report.timeline.known() && own != report.timeline) {
    const std::string where =
        fmt::format("{} is on timeline {} {}; our timeline is {}", who(report), report.timeline.id, at, own.id);
    if (report.timeline > own) return {Ahead, false, where};
    return {NobodyObjects, report.in_recovery && report.position.known() && report.position <= mine, where};
  }
  if (report.position_expired) {
    // Where it is now nobody knows; like a silent member it objects only until the race's delay is over.
    return {delay_over ? NobodyObjects : Moving, false,
            fmt::format("{} does not know its position: last {}", who(report), at)};
  }
  if (ahead_enough(in, report, delay_over)) {
    return {Ahead, false, fmt::format("{} is ahead of us: {}", who(report), at)};
  }
  if (!report.position_final && !delay_over) {
    return {Moving, false, fmt::format("{} still receives WAL: {}", who(report), at)};
  }
  const int priority = report.tags.failover_priority();
  const int own_priority = in.settings.tags.failover_priority();
  if (report.position == mine && priority > own_priority && !is_former_leader(in, report.member)) {
    return {Preferred, false, fmt::format("{} has priority {}, ours is {}", who(report), priority, own_priority)};
  }
  return {NobodyObjects, report.in_recovery && report.position.known(),
          fmt::format("{} does not object: {}", who(report), at)};
}

// Lower comes first when several members object for different reasons.
int weight(fact::Peers verdict) {
  return verdict == fact::Peers::NobodyObjects ? 1000 : static_cast<int>(verdict);
}

// Would `report` be promoted if we did not race? Used for requests (2.3, 2.4).
std::optional<std::string> why_not_successor(const ElectionInput& in, const PeerReport& report, bool named) {
  if (!report.answered) return report.problem;
  if (!named && outside_failsafe(in, report.member)) return "the failsafe map does not name it";
  if (report.tags.nofailover()) return "it carries the tag nofailover";
  if (report.watchdog_failed) return "its watchdog does not work";
  if (report.is_primary || !report.in_recovery) return "it is no running standby";
  if (report.sick) return "it or its storage is sick";
  if (report.position_expired) return "its PostgreSQL did not tell its position in time";
  const Lsn published = published_position(in.view);
  const std::uint64_t lag = lag_bytes(published, shared_position(in.view, report.timeline, report.position));
  if (!report.position.known()) return "its position is not known";
  if (lag > in.settings.dynamic.maximum_lag_on_failover) {
    return fmt::format("it is {} bytes behind the published position {}", lag, to_string(published));
  }
  // A standby that has not reached this primary's timeline would promote to a timeline that exists already, and whoever
  // followed this one could not tell the two apart (safety.md M5; simulation seed 9).
  const PostgresStatus& mine = in.observation.postgres;
  if (mine.is_primary() && report.timeline.known() && report.timeline < mine.row->timeline) {
    return fmt::format("its timeline {} is older than this primary's {}", report.timeline.id, mine.row->timeline.id);
  }
  if (checks_timeline(in.settings)) {
    const Timeline newest = cluster_timeline(in.view);
    if (!report.timeline.known() || report.timeline < newest) {
      return fmt::format("its timeline {} is older than the cluster's {}", report.timeline.id, newest.id);
    }
  }
  return std::nullopt;
}

// What a request changes in a race (2.3): a healthy candidate goes first; the former leader goes last.
std::optional<PeersResult> judge_request(const ElectionInput& in, const PeerSurvey& survey,
                                         const FailoverRequest& request) {
  PeersResult result;
  const std::string& me = in.observation.my_name;
  if (!request.candidate.empty() && request.candidate != me) {
    const PeerReport* candidate = report_of(survey, request.candidate);
    if (candidate) {
      auto why_not = why_not_successor(in, *candidate, true);
      const bool lacks =
          !request.leader.empty() && by_votes(in.view, in.settings) && candidate->position < own_position(in);
      if (!why_not && lacks) why_not = "it lacks WAL that this member has";
      if (!why_not) {
        result.peers = fact::Peers::CandidateTakesOver;
        result.details.push_back(fmt::format("{} is the requested candidate and healthy", who(*candidate)));
        return result;
      }
      result.details.push_back(fmt::format("{} is the requested candidate, but {}", who(*candidate), *why_not));
    } else {
      result.details.push_back(fmt::format("requested candidate '{}' is no registered member", request.candidate));
    }
  }
  if (request.leader != me) return std::nullopt;
  for (const PeerReport& report : survey.reports) {
    if (report.member == request.candidate) continue;
    if (synchronous_race(in.view, in.settings) && !in_sync(in.view.sync, report.member)) continue;
    // One that lacks WAL which this member has waits for this member: somebody has to go first.
    if (why_not_successor(in, report, false) || report.position < own_position(in)) continue;
    result.peers = fact::Peers::OthersTakeOver;
    result.details.push_back(fmt::format("{} can take over, as the request wants", who(report)));
    return result;
  }
  return std::nullopt;
}

// Who leads the set has every commit that was acknowledged under it. When it has stopped at what we have, nobody's vote
// is needed.
bool leader_of_set_confirms(const ElectionInput& in, const PeerReport& report) {
  const auto& row = in.observation.postgres.row;
  return same_name(in.view.sync.leader, report.member) && report.answered && report.in_recovery &&
         report.receiver_stopped && report.position.known() && report.position <= own_position(in) && row &&
         report.timeline.known() && report.timeline == row->timeline;
}

void count_votes(const ElectionInput& in, int votes, bool confirmed, PeersResult& result) {
  const SyncState& sync = in.view.sync;
  const bool mine = in_sync(sync, in.observation.my_name);
  votes += mine ? 0 : -1;
  const bool enough = votes >= sync.quorum || same_name(sync.leader, in.observation.my_name) || (mine && confirmed);
  result.details.push_back(fmt::format("{} of {} votes needed for a quorum", votes, sync.quorum));
  if (!enough) result.peers = fact::Peers::TooFewVotes;
}

}  // namespace

PeersResult judge_peers(const ElectionInput& in, const StandingResult& standing, bool delay_over) {
  using enum fact::Peers;
  const PeerSurvey* survey = fresh_survey(in);
  if (!survey) return {};
  const auto request = request_for_race(in);
  PeersResult result{NobodyObjects, {}};
  int votes = 0;
  bool confirmed = false;
  for (const Member& member : opponents(in)) {
    const PeerReport* report = report_of(*survey, member.name);
    if (!report) return {Unknown, {fmt::format("member {} ({}) was not asked yet", member.name, member.api_url)}};
    Opinion opinion = opinion_of(in, *report, delay_over);
    // A member that an operator named goes first whatever the others have; only a living primary stops it.
    const bool forced = standing.standing == fact::Standing::Candidate && opinion.verdict != PrimaryAlive;
    if (!forced && weight(opinion.verdict) < weight(result.peers)) result.peers = opinion.verdict;
    if (opinion.votes && report->receiver_stopped && in_sync(in.view.sync, member.name)) ++votes;
    confirmed = confirmed || leader_of_set_confirms(in, *report);
    result.details.push_back(std::move(opinion.text));
  }
  if (result.peers == PrimaryAlive) return result;
  const bool named = standing.standing == fact::Standing::Candidate;
  // Only a failover loses acknowledged commits at an operator's word. Who is listed for a quorum alone proves nothing.
  if (named && (!request || request->leader.empty() || !by_votes(in.view, in.settings))) return result;
  if (request && !named) {
    if (auto changed = judge_request(in, *survey, *request)) return *changed;
  }
  // The votes of the race that won the lock stand: who gave them receives nothing until he sees a leader, and that is
  // this member.
  const bool won = in.observation.lock.held && in.memory.asked_for_lock_at;
  if (result.peers == NobodyObjects && !won && by_votes(in.view, in.settings)) {
    count_votes(in, votes, confirmed, result);
  }
  return result;
}

std::vector<Member> successors(const ElectionInput& in, const std::optional<FailoverRequest>& request) {
  std::vector<Member> found;
  // A failover (no leader named) to a named candidate may go to an asynchronous member: an operator forced it by name.
  const bool forced = request && request->leader.empty() && !request->candidate.empty();
  const bool only_sync = synchronous_race(in.view, in.settings) && !forced;
  for (const Member& member : in.view.members) {
    if (member.name == in.observation.my_name || member.api_url.empty() || member.tags.nofailover()) continue;
    if (request && !request->candidate.empty() && request->candidate != member.name) continue;
    if (only_sync && !in_sync(in.view.sync, member.name)) continue;
    found.push_back(member);
  }
  return found;
}

SuccessorResult judge_successors(const ElectionInput& in, const std::optional<FailoverRequest>& request) {
  using enum fact::Successor;
  const std::vector<Member> candidates = successors(in, request);
  if (candidates.empty()) return {No, {"no member may take over"}};
  const PeerSurvey* survey = fresh_survey(in);
  if (!survey) return {};
  SuccessorResult result{No, {}};
  int good = 0;
  for (const Member& member : candidates) {
    const PeerReport* report = report_of(*survey, member.name);
    if (!report) return {Unknown, {fmt::format("member {} ({}) was not asked yet", member.name, member.api_url)}};
    const bool named = request && request->candidate == member.name;
    const auto why_not = why_not_successor(in, *report, named);
    result.details.push_back(why_not ? fmt::format("{} cannot take over: {}", who(*report), *why_not)
                                     : fmt::format("{} can take over", who(*report)));
    if (!why_not) ++good;
  }
  const bool needs_quorum = by_votes(in.view, in.settings) && (!request || request->candidate.empty());
  if (good > (needs_quorum ? in.view.sync.quorum : 0)) result.successor = Yes;
  return result;
}

fact::FormerHolder judge_former_holder(const ElectionInput& in) {
  using enum fact::FormerHolder;
  const auto& until = in.memory.former_leader_valid_until;
  if (!until || in.now >= *until) return Over;
  const std::string& holder = in.memory.last_generation.holder;
  if (holder == in.observation.my_name) return Over;
  const Member* member = in.view.member(holder);
  if (member && (member->state == PgState::Stopped || member->role == Role::Demoted)) return Over;
  if (const PeerSurvey* survey = fresh_survey(in)) {
    const PeerReport* report = report_of(*survey, holder);
    if (report && report->answered && !report->is_primary) return Over;
  }
  return MayLive;
}

fact::WentBack judge_went_back(const ElectionInput& in, const StandingResult& standing) {
  using enum fact::WentBack;
  if (!in.memory.store_went_back) return No;
  if (in.now < in.memory.old_locks_end) return Yes;
  const PeerSurvey* survey = fresh_survey(in);
  if (!survey) return Unknown;
  const bool by_operator = standing.standing == fact::Standing::Candidate;
  for (const Member& member : opponents(in)) {
    const PeerReport* report = report_of(*survey, member.name);
    if (!report) return Unknown;
    const bool told = report->answered || report->standby || report->server_down || by_operator;
    if (report->is_primary || !told) return Yes;
  }
  return No;
}

}  // namespace tamada
