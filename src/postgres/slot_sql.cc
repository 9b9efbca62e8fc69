#include "postgres/slot_sql.h"

#include <charconv>

#include <fmt/format.h>

#include "postgres/version_table.h"

namespace tamada {

std::string slots_statement(int version) {
  auto since = [version](int first, const char* column, const char* otherwise) {
    return version >= first ? column : otherwise;
  };
  // What a slot has lost: WAL since 13, catalog rows since 16.
  const char* invalid = version >= 170000   ? "invalidation_reason IS NOT NULL"
                        : version >= 160000 ? "wal_status = 'lost' OR coalesce(conflicting, false)"
                        : version >= 130000 ? "coalesce(wal_status = 'lost', false)"
                                            : "false";
  return fmt::format(
      "SELECT slot_name, slot_type, active, plugin, database, restart_lsn, {}, xmin IS NOT NULL OR catalog_xmin IS NOT "
      "NULL, {}, {}, {}, catalog_xmin, {} FROM pg_replication_slots ORDER BY slot_name",
      since(90600, "confirmed_flush_lsn", "NULL"), since(130000, "wal_status", "NULL"),
      since(100000, "temporary", "false"), since(170000, "failover", "false"), invalid);
}

Result<std::vector<SlotInfo>> read_slots(const PgAnswer& answer) {
  std::vector<SlotInfo> slots;
  for (std::size_t i = 0; i < answer.rows.size(); ++i) {
    SlotInfo slot;
    slot.name = answer.value(i, 0);
    slot.physical = answer.value(i, 1) == "physical";
    slot.active = answer.value(i, 2) == "t";
    slot.plugin = answer.value(i, 3);
    slot.database = answer.value(i, 4);
    for (auto [column, out] : {std::pair{5, &slot.restart_lsn}, std::pair{6, &slot.confirmed_flush_lsn}}) {
      std::string text = answer.value(i, static_cast<std::size_t>(column));
      if (text.empty()) continue;
      auto lsn = parse_lsn(text);
      if (!lsn) return Error(ErrorCode::Protocol, fmt::format("slot '{}': {}", slot.name, lsn.error().message));
      *out = *lsn;
    }
    slot.has_xmin = answer.value(i, 7) == "t";
    slot.wal_status = answer.value(i, 8);
    slot.temporary = answer.value(i, 9) == "t";
    slot.failover = answer.value(i, 10) == "t";
    const std::string xmin = answer.value(i, 11);
    std::from_chars(xmin.data(), xmin.data() + xmin.size(), slot.catalog_xmin);
    slot.invalid = answer.value(i, 12) == "t";
    slots.push_back(std::move(slot));
  }
  return slots;
}

std::string create_physical_slot_statement(int version) {
  // Reserving WAL at once exists since 9.6; before, a slot holds WAL only from its first use on.
  return fmt::format(
      "SELECT pg_create_physical_replication_slot($1{}) WHERE NOT EXISTS (SELECT 1 FROM pg_replication_slots WHERE "
      "slot_name = $1)",
      version >= 90600 ? ", true" : "");
}

}  // namespace tamada
