// What a member answers to GET <api_url> (rest_api.md 6.4, ha_behaviour.md 2.2), of any version. Pure; accepts any
// bytes.
#pragma once

#include <string_view>

#include "ports/peers.h"

namespace tamada {

// Fills all but member, url and asked_at. The HTTP status plays no part. Broken when the body is no JSON object, or has
// neither a position nor the word primary or master: such a member cannot be compared with.
PeerAnswer parse_peer_answer(std::string_view body);

// What a member answers to POST /failsafe, put into `answer`. Only 200 with exactly the documented text is a promise:
// what a proxy makes of it is none.
ConsentAnswer parse_consent_answer(int status, std::string_view body, ConsentAnswer answer);

}  // namespace tamada
