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

// $1 = name, $2 = plugin; in the slot's database. Nothing happens when a slot of that name is there.
constexpr const char* kCreateLogicalSlotStatement =
    "SELECT pg_create_logical_replication_slot($1, $2) WHERE NOT EXISTS (SELECT 1 FROM pg_replication_slots WHERE "
    "slot_name = $1)";

// $1 = name. Nothing happens when a slot of that name is there.
std::string create_physical_slot_statement(int version);

}  // namespace tamada
