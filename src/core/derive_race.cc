#include <algorithm>

#include <fmt/format.h>

#include "core/derive_groups.h"
#include "core/manual_request.h"
#include "core/next_timeline.h"

namespace tamada {

using namespace fact;

namespace {

// A message of the old leader's walsender received after the lock vanished says that it still lives (safety.md 4.4).
bool heard_since(const DerivationInput& in, Instant vanished) {
  const auto& row = in.observation.postgres.row;
  if (row && row->receiver_last_message_age_ms >= 0) {
    const Instant last =
        in.observation.postgres.observed_at -
        std::chrono::duration_cast<Duration>(std::chrono::milliseconds(row->receiver_last_message_age_ms));
    if (last > vanished) return true;
  }
  const PeerSurvey* survey = fresh_survey(in.election());
  return survey && std::any_of(survey->reports.begin(), survey->reports.end(),
                               [](const PeerReport& r) { return r.answered && r.upstream_alive; });
}

fact::OldLeader old_leader(const DerivationInput& in) {
  const auto& vanished = in.memory.lock_vanished_at;
  if (!vanished || in.now >= *vanished + kOldLeaderDelay) return OldLeader::Quiet;
  return heard_since(in, *vanished) ? OldLeader::Heard : OldLeader::Quiet;
}

fact::Receiver receiver(const DerivationInput& in) {
  if (in.settings.dynamic.pause || !in.view->unlocked() ||
      !votes_by_quorum(*in.view, in.settings, in.observation.postgres))
    return Receiver::Free;
  const auto stopped = stopped_receiving(in.observation);
  if (!stopped) return Receiver::Unknown;
  return *stopped ? Receiver::Cut : Receiver::Open;
}

fact::OwnTimeline own_timeline(const DerivationInput& in) {
  const auto& status = in.observation.postgres;
  const Timeline own = status.row ? status.row->timeline : Timeline{};
  const Timeline newest = newest_timeline(*in.view, own);
  if (!newest.known()) return OwnTimeline::Current;
  if (!own.known()) return OwnTimeline::Unknown;
  return own < newest ? OwnTimeline::Old : OwnTimeline::Current;
}

// Whom the lock holder could hand over to: those that the request in force allows, else anybody.
std::optional<FailoverRequest> request_in_force(const DerivationInput& in, fact::Request request) {
  const bool acts = request == Request::Switchover || request == Request::Failover;
  return acts ? in.view->failover : std::nullopt;
}

bool append(std::vector<std::string>& to, std::vector<std::string> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  return !from.empty();
}

void derive_as_holder(const DerivationInput& in, Derived& d) {
  const ElectionInput election = in.election();
  const RequestResult request = judge_request_as_leader(election);
  // A primary clears the request that made it leader when it is promoted; a standby leader is not.
  const bool done = in.settings.dynamic.standby_cluster && in.view->failover && !in.view->failover->empty() &&
                    in.view->failover_revision < in.observation.lock.held->create_revision;
  d.facts.set(done ? Request::Done : request.request);
  const bool serves = (d.facts.is(Postgres::Primary) && !d.facts.is(Health::Sick)) || d.facts.is(Postgres::Standby);
  const bool asked = d.facts.is(Request::Switchover) || d.facts.is(Request::Failover);
  if (!request.because.empty() && !d.facts.is(Postgres::Standby)) d.details.push_back("request: " + request.because);
  if (serves && !asked) return;
  SuccessorResult successor = judge_successors(election, request_in_force(in, request.request));
  d.facts.set(successor.successor);
  append(d.details, std::move(successor.details));
}

void derive_as_challenger(const DerivationInput& in, Derived& d) {
  const ElectionInput election = in.election();
  const StandingResult standing = own_standing(election);
  d.facts.set(standing.standing);
  d.details.push_back(standing.because);
  d.facts.set(judge_former_holder(election));
  d.facts.set(judge_went_back(election, standing));
  d.facts.set(old_leader(in));
  const bool delay_over = !in.memory.unlocked_since || in.now >= *in.memory.unlocked_since + kOldLeaderDelay;
  PeersResult peers = judge_peers(election, standing, delay_over);
  d.facts.set(peers.peers);
  append(d.details, std::move(peers.details));
}

}  // namespace

void derive_race(const DerivationInput& in, Derived& d) {
  const Memory& m = in.memory;
  d.facts.set(in.now < m.no_race.until ? HeldOff::Yes : HeldOff::No);
  d.facts.set(m.lost_race_at && in.now < *m.lost_race_at + 1s ? LostRace::Yes : LostRace::No);
  d.facts.set(in.settings.tags.nofailover() ? NoFailover::Yes : NoFailover::No);
  d.facts.set(Request::None);
  if (!in.view) return;
  d.facts.set(own_timeline(in));
  d.facts.set(receiver(in));
  const Facts& f = d.facts;
  if (f.is(Lock::Held)) derive_as_holder(in, d);
  if (f.is(Postgres::Standby) && (f.is(Leader::Nobody) || f.is(Lock::Held))) derive_as_challenger(in, d);
  if (f.is(Promise::Given)) {
    d.details.push_back(fmt::format("promised {} not to race for another {:.1f} s", in.observation.promise.to,
                                    to_seconds(in.observation.promise.until - in.now)));
  }
  if (in.now < m.no_race.until) d.details.push_back("no race: " + m.no_race.why);
}

}  // namespace tamada
