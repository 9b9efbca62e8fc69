// The state file of a replication slot, pg_replslot/<name>/state: checked before it is trusted, because PostgreSQL ends
// with a PANIC on one that is broken, and put in place so that none is ever there in part. Source: PostgreSQL's
// replication/slot.c. Blocking; called on a pool thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/lsn.h"

namespace tamada {

// Error Invalid unless `bytes` is a whole state file of the persistent logical slot `name`: magic, length, checksum,
// name. Its format is that of the major version that wrote it, which a standby shares.
Result<void> check_slot_file(std::string_view bytes, const std::string& name);

// The oldest WAL that a slot with this whole state needs.
Lsn restart_position(std::string_view bytes);

// Writes pg_replslot/<name>.tmp/state, flushes it and renames the directory: PostgreSQL removes *.tmp when it starts. A
// slot that is there already stays as it is. PostgreSQL must be stopped.
Result<void> install_slot_file(const std::string& data_dir, const std::string& name, std::string_view bytes);

}  // namespace tamada
