// Logical slots between two servers: read from a primary, put in place on a stopped standby (ha_behaviour.md 7.5).
#pragma once

#include "ports/postgres.h"
#include "postgres/data_context.h"

namespace tamada {

// As PostgresData says. The primary is asked with the user that pg_rewind would use: it may read files of the server.
Task<Result<std::vector<SlotInfo>>> slots_of_primary(DataContext context, Member primary, Instant deadline);
Task<Result<std::vector<LogicalSlotState>>> read_slot_states(DataContext context, Member primary,
                                                             std::vector<PermanentSlot> wanted, Instant deadline);
Task<Result<void>> install_slot_states(DataContext context, std::vector<LogicalSlotState> slots, Instant deadline);

}  // namespace tamada
