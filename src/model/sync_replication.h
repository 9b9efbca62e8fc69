// What the primary says of its standbys at one moment, for the choice and the confirmation of synchronous ones.
#pragma once

#include <string>
#include <vector>

#include "model/lsn.h"

namespace tamada {

// A row of pg_stat_replication.
struct WalSender {
  std::string application_name;
  std::string state;       // streaming, catchup, ...
  std::string sync_state;  // async, potential, sync, quorum: as the process that answered sees it
  int sync_priority = 0;   // set by the walsender itself: 0 = its own reading of the names does not list its standby
  Lsn sent;
  Lsn written;
  Lsn flushed;
  Lsn replayed;
};

struct SyncReplication {
  std::string names;               // synchronous_standby_names, as the answering process reads it
  std::string synchronous_commit;  // the default of new sessions
  Lsn position;                    // where the next WAL goes
  int waiting = 0;                 // sessions whose commit waits for a standby
  int lowered = 0;                 // roles and databases whose setting makes commits wait for less than the rest do
  int server_version = 0;          // e.g. 150020
  std::vector<WalSender> senders;
};

}  // namespace tamada
