// Whom this member should follow (ha_behaviour.md 1.8) and where it may clone from (6.1). Pure.
#pragma once

#include <optional>
#include <string>

#include "model/cluster_view.h"
#include "model/follow_target.h"
#include "model/settings.h"

namespace tamada {

// `holds_lock`: this member has the leader key. An empty host = nobody.
FollowTarget follow_target(const ClusterView& view, const Settings& settings, bool holds_lock);

// The server that a standby cluster follows, as something to compare histories and to rewind with. Its connection URL
// is libpq's, with all hosts.
Member remote_primary(const StandbyClusterSettings& remote);

// Slot name for a member name (ha_behaviour.md 7.1).
std::string slot_name_for(std::string_view member);

// The member to clone from: a healthy `clonefrom` member, else the leader; nullptr when there is none. `pick` chooses
// among several (its value modulo the count).
const Member* clone_source(const ClusterView& view, std::string_view my_name, std::uint64_t pick);

}  // namespace tamada
