// What the documents and the health rules say of this member, read off one snapshot. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/snapshot.h"

namespace tamada {

// PostgreSQL answers, or would if it were asked: the long form of the status document.
bool status_row_counts(const Snapshot& snapshot);
// The role that is shown: PostgreSQL's own word where it was asked, else the engine's.
Role shown_role(const Snapshot& snapshot);
// Unknown while the engine takes PostgreSQL for running and could not ask it.
PgState shown_state(const Snapshot& snapshot);
// "streaming", "in archive recovery" or empty.
std::string_view replication_state(const Snapshot& snapshot);
bool holds_lock(const Snapshot& snapshot, Instant now);
bool is_sync_standby(const Snapshot& snapshot);
bool is_quorum_standby(const Snapshot& snapshot);
bool cluster_unlocked(const Snapshot& snapshot);
// The tags in effect: as published, or as configured before the first publication.
json::object effective_tags(const Snapshot& snapshot);
// How far the copy that is being made here has come; nullopt = none is.
std::optional<json::object> clone_document(const Snapshot& snapshot);
// Version number shown at the level; never empty (unlike peer_version).
std::string_view shown_version(Compatibility level);

}  // namespace tamada
