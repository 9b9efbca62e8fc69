// Who is best, and may this member race? (ha_behaviour.md 2.1-2.4, 2.6; safety.md 4.1, 4.3, 4.4, 6.2). Pure
// calculations: each returns the answer and one line for every member that was looked at, naming member and URL.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/facts.h"
#include "core/memory.h"
#include "core/observation.h"
#include "model/settings.h"

namespace tamada {

constexpr Duration kAnswersExpire = 1s;       // safety.md 4.1
constexpr Duration kReadingsApart = 100ms;    // safety.md 4.3
constexpr Duration kReadingAge = 100ms;       // an older reading does not show that a position has come to rest
constexpr Duration kProbeTimeout = 1200ms;    // one SYN retransmission, safety.md 4.3
constexpr Duration kOldLeaderDelay = 1s;      // a sign of life of the old leader delays a race at most so long
constexpr Duration kEarlyLossWindow = 300ms;  // safety.md 1.5

// What the calculations look at. References live as long as the call.
struct ElectionInput {
  const Observation& observation;
  const Memory& memory;
  const ClusterView& view;
  const Settings& settings;
  Instant now;
  WallTime wall;
};

// /sync says who has every acknowledged commit. Its promise stands until the leader takes it away, also when the mode
// was switched off meanwhile (S4); a standby cluster has none.
bool synchronous_race(const ClusterView& view, const Settings& settings);
bool in_sync(const SyncState& sync, std::string_view name);

// In a quorum race the vote of a listed member counts only once it receives nothing and will not begin again before
// somebody leads (safety.md 6.2): otherwise an old leader that wakes up gets its confirmation from a member that voted.
// Below PostgreSQL 13 that would need a restart; there a receiver that ended by itself is enough.
bool votes_by_quorum(const ClusterView& view, const Settings& settings, const PostgresStatus& postgres);
// The same member: it names no source any more and nothing comes in. nullopt = not known.
std::optional<bool> stopped_receiving(const Observation& observation);

// A request that is in force for a race: not one scheduled for later (beyond the loop_wait that clocks may differ).
std::optional<FailoverRequest> request_for_race(const ElectionInput& in);

// Everybody with a REST address whom a race asks: members of the view and of the last healthy one, newer entry first;
// in failsafe mode also those that only the /failsafe map names: their keys may have expired while they run.
std::vector<Member> opponents(const ElectionInput& in);

// Survey whose answers still count: completed at most a second ago, and asked after the lock vanished.
const PeerSurvey* fresh_survey(const ElectionInput& in);

struct StandingResult {
  fact::Standing standing = fact::Standing::Unknown;
  std::string because;  // with the numbers
};
// The rows of ha_behaviour.md 2.1 that need no peer.
StandingResult own_standing(const ElectionInput& in);

struct PeersResult {
  fact::Peers peers = fact::Peers::Unknown;
  std::vector<std::string> details;
};
// `delay_over`: the second that a moving position may delay a race has passed.
PeersResult judge_peers(const ElectionInput& in, const StandingResult& standing, bool delay_over);

// Candidates of the lock holder (2.4): all, or those that `request` allows.
std::vector<Member> successors(const ElectionInput& in, const std::optional<FailoverRequest>& request);
struct SuccessorResult {
  fact::Successor successor = fact::Successor::Unknown;
  std::vector<std::string> details;
};
SuccessorResult judge_successors(const ElectionInput& in, const std::optional<FailoverRequest>& request);

// May the last holder still be writable after its key vanished early? (safety.md 1.5)
fact::FormerHolder judge_former_holder(const ElectionInput& in);

// Is there a running primary to wait for after the store was wiped or restored (safety.md 1.8)? No: every lock that it
// forgot is over, and everybody who was a member before or is one now answers that he is no primary, or has no server
// that runs (simulation seed 910499: one had lost its data directory and could never say more). An operator's
// named candidate needs only that nobody answers that he is one. Unknown: they have to be asked.
fact::WentBack judge_went_back(const ElectionInput& in, const StandingResult& standing);

}  // namespace tamada
