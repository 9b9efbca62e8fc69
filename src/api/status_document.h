// GET /patroni and the body of every health answer (rest_api.md 6): the keys in their documented order, the words of
// the compatibility level. Pure. Our own facts stand in the object "tamada" at the end.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "engine/snapshot.h"

namespace tamada {

json::object status_document(const Snapshot& snapshot);

// PostgreSQL's or ISO text of a time as the level shows it: "2026-11-23 05:11:16.028533+00:00", at 1.5
// "2026-11-23 05:11:16.028 UTC". Text that does not parse is returned as it is.
std::string shown_time(std::string_view text, Compatibility level);

}  // namespace tamada
