// Building a replica: the configured methods in order until one succeeds (ha_behaviour.md 6).
#pragma once

#include "ports/postgres.h"
#include "postgres/data_context.h"

namespace tamada {

// The caller has checked that no PostgreSQL runs here. On failure the data directory is left empty, but for what a
// method with keep_data left.
Task<Result<void>> clone_data(DataContext context, CloneSource source, bool only_basebackup, Instant deadline);

}  // namespace tamada
