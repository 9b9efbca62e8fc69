// Asking the peers for the brain, twice where a position may still grow (safety.md 4.3).
#pragma once

#include <vector>

#include "core/observation.h"
#include "ports/clock.h"
#include "ports/peers.h"

namespace tamada {

// What one answer tells the brain.
PeerReport to_report(PeerAnswer answer);

// Asks all `members` in parallel for at most `timeout`. With `final_positions` those standbys that may still receive
// are asked once more, so much later that two equal readings are 100 ms apart; this takes at most half a second more.
Task<PeerSurvey> survey_peers(Peers& peers, Clock& clock, std::vector<Member> members, Duration timeout,
                              bool final_positions);

}  // namespace tamada
