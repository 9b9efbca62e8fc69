// Statements about synchronous replication by server version, and the reading of their answers. Pure.
#pragma once

#include <string>

#include "base/result.h"
#include "model/sync_replication.h"
#include "postgres/pg_connection.h"

namespace tamada {

std::string sync_replication_statement(int version);
Result<SyncReplication> read_sync_replication(const PgAnswer& answer, int version);

// Two columns: the names as a new process reads them, and whether the server is in recovery.
inline constexpr const char* kNamesStatement =
    "SELECT current_setting('synchronous_standby_names'), pg_is_in_recovery()";
// Where the next WAL goes.
std::string insert_position_statement(int version);
// Writes WAL and nothing else: a transaction with a number and no content.
inline constexpr const char* kWriteWalStatement = "SELECT txid_current()";
// One row when the checkpointer waits for something to do: it has acted on every signal. Empty below 10, where nothing
// shows it.
std::string checkpointer_waits_statement(int version);

}  // namespace tamada
