// What a new cluster gets before it is published: roles and the user's script (ha_behaviour.md 5.6).
#pragma once

#include "postgres/data_context.h"

namespace tamada {

// The server runs and is out of recovery. Passwords reach it only as verifiers, and no log shows the statements.
Task<Result<void>> run_post_bootstrap(DataContext context, Instant deadline);

}  // namespace tamada
