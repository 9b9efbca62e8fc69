// GET /cluster, GET /history and GET /explain as JSON values (rest_api.md 7, 8). Pure.
#pragma once

#include "base/json.h"
#include "engine/snapshot.h"

namespace tamada {

json::object cluster_document(const ClusterView& view, const Settings& settings, bool paused);
json::array history_document(const ClusterView& view);
// Why this member is in the state it is in: the winning rule of the present cycle with the facts it saw.
json::object explain_document(const Snapshot& snapshot, Instant now);

}  // namespace tamada
