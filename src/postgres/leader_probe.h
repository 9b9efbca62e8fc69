// What the leader's server says about itself, asked directly: recovery, timeline, position, history
// (ha_behaviour.md 4.3, 4.4). Nothing is taken from the store but its address.
#pragma once

#include "model/cluster_view.h"
#include "model/member.h"
#include "postgres/data_context.h"
#include "postgres/divergence.h"

namespace tamada {

// Answer to IDENTIFY_SYSTEM.
struct SystemIdentity {
  std::string system_identifier;
  Timeline timeline;
  Lsn position;  // flushed; on a standby what it received or replayed
};

ConnectTarget target_of(const Member& member);

// Through a replication connection with the replication user.
Task<Result<SystemIdentity>> identify_system(DataContext context, ConnectTarget target, Instant deadline);
Task<Result<std::vector<HistoryLine>>> fetch_history(DataContext context, ConnectTarget target, Timeline timeline,
                                                     Instant deadline);

struct LeaderFacts {
  SystemIdentity identity;
  LeaderHistory history;
};

// Error Unavailable unless the leader is what its role says: out of recovery, or in recovery for a standby leader.
Task<Result<LeaderFacts>> probe_leader(DataContext context, Member leader, Instant deadline);

// A session with the user that pg_rewind will use: the rewind user from PostgreSQL 11 on when there is one, else the
// superuser. Without a known version (0) the rewind user is tried.
PgSessionOptions rewind_session_options(const DataContext& context, const ConnectTarget& target);
const Credentials& rewind_credentials(const PostgresSettings& settings, int version);

// Checked before pg_rewind runs: the source is out of recovery and its pg_control shows the timeline that it writes, so
// that pg_rewind sees the fork. A superuser session makes that so with a CHECKPOINT. Error Unavailable: not now.
// Limits of its own: seconds for the questions, an hour for the checkpoint.
Task<Result<Timeline>> prepare_rewind_source(DataContext context, Member leader);
// After pg_rewind failed: is the source a healthy primary?
Task<bool> source_is_healthy(DataContext context, Member leader, Instant deadline);

}  // namespace tamada
