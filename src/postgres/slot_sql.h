// Statements on replication slots by server version, and the reading of their answers. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "ports/postgres.h"
#include "postgres/pg_connection.h"

namespace tamada {

std::string slots_statement(int version);
Result<std::vector<SlotInfo>> read_slots(const PgAnswer& answer);

// $1 = name. Nothing happens when a slot of that name is there.
std::string create_physical_slot_statement(int version);

}  // namespace tamada
