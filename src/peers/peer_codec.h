// What a member answers to GET <api_url> (rest_api.md 6.4, ha_behaviour.md 2.2), of any version. Pure; accepts any
// bytes.
#pragma once

#include <string_view>

#include "ports/peers.h"

namespace tamada {

// Fills all but member, url and asked_at. The HTTP status plays no part. Broken when the body is no JSON object, or has
// neither a position nor the word primary or master: such a member cannot be compared with.
PeerAnswer parse_peer_answer(std::string_view body);

}  // namespace tamada
