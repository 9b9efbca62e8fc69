// The health rules of rest_api.md 5: from one snapshot to a status code. Pure functions; a table, searched in order.
// 200 on /primary needs a lock that is valid at `now` by the clock: a snapshot that nobody renews turns into 503 by
// itself.
#pragma once

#include <string_view>

#include "api/query_string.h"
#include "engine/snapshot.h"

namespace tamada {

// For GET, HEAD and OPTIONS of any path that has no document of its own; unknown paths are 503.
int health_status(const Snapshot& snapshot, Instant now, std::string_view path, const QueryString& query);
// GET /liveness: does the loop still turn?
int liveness_status(const Snapshot& snapshot, Instant now);
// GET /readiness: does this member take part, and does its replication keep up? (`lag`, `mode=write|apply`)
int readiness_status(const Snapshot& snapshot, Instant now, const QueryString& query);

// The name of the rule that answers a path, for the documentation test.
std::string_view health_rule_name(std::string_view path);

}  // namespace tamada
