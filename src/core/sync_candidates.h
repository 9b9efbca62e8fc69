// Which standbys should be synchronous (ha_behaviour.md 3.2, 3.4, 3.5). Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/cluster_view.h"
#include "model/settings.h"
#include "model/sync_names.h"
#include "model/sync_replication.h"

namespace tamada {

// A standby in duty whose connection ended is waited for so long before another takes its place.
constexpr Duration kSyncGrace = 1s;

// One that commits wait for, and since when it does not stream.
using MissingSince = std::map<std::string, Instant>;

struct SyncChoiceInput {
  const ClusterView& view;
  const Settings& settings;
  const std::string& me;
  const SyncReplication& server;
  const std::vector<std::string>& in_duty;  // /sync lists them
  const SyncNames& in_force;                // what commits wait for now
  const MissingSince& missing;
  Instant now;
};

struct SyncChoice {
  int wanted = 0;                  // synchronous_node_count as it is in force
  std::vector<std::string> names;  // priority form: best first, at most `wanted`; quorum form: all that may vote
  std::vector<std::string> details;
};

// Do rows and settings allow ANY n (...)? PostgreSQL 10 and later.
bool quorum_form(const Settings& settings, int server_version);
SyncChoice choose_standbys(const SyncChoiceInput& in);

// The position of a standby that counts for synchronous_commit: replayed, written or flushed.
Lsn confirmed_position(const WalSender& sender, const std::string& synchronous_commit);
// The furthest of the streaming connections of that standby.
const WalSender* sender_of(const SyncReplication& server, std::string_view member);

}  // namespace tamada
