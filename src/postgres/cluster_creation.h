// Making a new cluster in an empty data directory: initdb or the user's own bootstrap method (ha_behaviour.md 5.2-5.4).
#pragma once

#include "postgres/data_context.h"

namespace tamada {

// Invalid before anything is run when an option may not be used.
Task<Result<void>> create_with_initdb(DataContext context, Instant deadline);
Task<Result<void>> create_with_script(DataContext context, Instant deadline);

}  // namespace tamada
