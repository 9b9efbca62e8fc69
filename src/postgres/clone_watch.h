// Keeps CloneProgress up to date while a replica method runs. Engine thread; files are looked at on the pool, at a
// bounded rate.
#pragma once

#include <optional>

#include "postgres/conninfo.h"
#include "postgres/data_context.h"

namespace tamada {

// Runs until it is cancelled. `source`: asked once how large its data is, as superuser.
Task<void> watch_clone(DataContext context, std::optional<ConnectTarget> source);

}  // namespace tamada
