// GET /explain?past=..., ?at=...: decisions of the past as JSON. Pure; what is asked is read off the immutable history.
#pragma once

#include "api/query_string.h"
#include "api/replies.h"
#include "base/json.h"
#include "base/result.h"
#include "engine/decision_ring.h"

namespace tamada {

// Does the query ask for the past at all?
bool asks_for_past(const QueryString& query);

// past=list with since= and limit=: the entries, oldest first, without facts and details. past=N: entry N in full.
// past=race: the last decision that weighed candidates. at=TIME: the decision that was in force then. Errors: Invalid
// (400) for a query that cannot be read, NotFound (404) with what is kept.
Result<json::object> past_document(std::string_view member, const DecisionHistory& history, const QueryString& query);

json::object past_summary(const PastDecision& decision);
json::object past_entry(const PastDecision& decision);

}  // namespace tamada
