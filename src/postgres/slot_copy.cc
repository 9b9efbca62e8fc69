#include "postgres/slot_copy.h"

#include <algorithm>

#include <fmt/format.h>

#include "host/blocking_pool.h"
#include "postgres/data_files.h"
#include "postgres/leader_probe.h"
#include "postgres/slot_file.h"
#include "postgres/slot_sql.h"

namespace tamada {

namespace {

Task<Result<void>> open_primary(PgConnection& connection, const DataContext& context, const Member& primary,
                                Instant deadline) {
  auto opened = co_await connection.open(rewind_session_options(context, target_of(primary)), deadline);
  if (!opened) co_return Error(ErrorCode::Unavailable, opened.error().text());
  auto answer = co_await connection.query("SELECT pg_is_in_recovery()", deadline);
  if (!answer) co_return Error(ErrorCode::Unavailable, answer.error().text());
  if (answer->value(0, 0) != "f") {
    co_return Error(ErrorCode::Unavailable, fmt::format("{} is in recovery", primary.name));
  }
  co_return Result<void>();
}

std::string from_hex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
  }
  return bytes;
}

// Why the primary's slot is not the one that is wanted; empty = it is.
std::string mismatch(const SlotInfo* slot, const PermanentSlot& wanted) {
  if (slot == nullptr) return "it is not there";
  if (slot->physical) return "it is physical";
  if (slot->temporary || slot->failover) return "it is temporary, or PostgreSQL keeps it on standbys itself";
  if (slot->invalid) return "it has lost what it needs";
  if (slot->database != wanted.database || slot->plugin != wanted.plugin) {
    return fmt::format("it is for database {} and plugin {}", slot->database, slot->plugin);
  }
  return {};
}

}  // namespace

Task<Result<std::vector<SlotInfo>>> slots_of_primary(DataContext context, Member primary, Instant deadline) {
  PgConnection connection(context.pg);
  auto opened = co_await open_primary(connection, context, primary, deadline);
  if (!opened) co_return opened.error();
  auto answer = co_await connection.query(slots_statement(connection.server_version()), deadline);
  if (!answer) co_return answer.error();
  co_return read_slots(*answer);
}

Task<Result<std::vector<LogicalSlotState>>> read_slot_states(DataContext context, Member primary,
                                                             std::vector<PermanentSlot> wanted, Instant deadline) {
  PgConnection connection(context.pg);
  auto opened = co_await open_primary(connection, context, primary, deadline);
  if (!opened) co_return opened.error();
  const int version = connection.server_version();
  std::vector<LogicalSlotState> states;
  std::optional<Error> lacking;
  for (const PermanentSlot& slot : wanted) {
    // The file first: what the view shows afterwards is not older.
    auto file = co_await connection.query("SELECT encode(pg_read_binary_file('pg_replslot/' || $1 || '/state'), 'hex')",
                                          {slot.name}, deadline);
    if (!file && file.error().code == ErrorCode::NotFound) continue;
    if (!file) co_return file.error().wrap(fmt::format("state of slot '{}' cannot be read", slot.name));
    auto answer = co_await connection.query(slots_statement(version), deadline);
    if (!answer) co_return answer.error();
    auto slots = read_slots(*answer);
    if (!slots) co_return slots.error();
    const auto found = std::find_if(slots->begin(), slots->end(), [&](const auto& s) { return s.name == slot.name; });
    if (const std::string why = mismatch(found == slots->end() ? nullptr : &*found, slot); !why.empty()) {
      context.log.warning("logical slot {} of {} is not copied: {}", slot.name, primary.name, why);
      continue;
    }
    LogicalSlotState state{slot.name, from_hex(file->value(0, 0)), found->confirmed_flush_lsn};
    if (auto whole = check_slot_file(state.state, slot.name); !whole) co_return whole.error();
    const Lsn needed = restart_position(state.state);
    auto oldest = co_await context.pg.pool.run(
        "looking for WAL", [data_dir = context.data_dir()] { return oldest_wal(data_dir); }, deadline);
    if (!oldest) co_return oldest.error();
    if (needed < *oldest) {
      // A clone made later lacks it; the slot goes on with its consumer.
      lacking = Error(ErrorCode::Conflict,
                      fmt::format("slot '{}' needs WAL from {} on, which is not here; here it begins at {}", slot.name,
                                  to_string(needed), to_string(*oldest)));
      continue;
    }
    states.push_back(std::move(state));
  }
  if (states.empty() && lacking) co_return *lacking;
  co_return states;
}

Task<Result<void>> install_slot_states(DataContext context, std::vector<LogicalSlotState> slots, Instant deadline) {
  auto alone = co_await require_alone(context, deadline);
  if (!alone) co_return alone;
  auto work = [data_dir = context.data_dir(), slots = std::move(slots)](const std::atomic<bool>& abandoned) {
    for (const LogicalSlotState& slot : slots) {
      if (abandoned) return Result<void>(Error(ErrorCode::Cancelled, "copying logical slots was given up"));
      if (auto done = install_slot_file(data_dir, slot.name, slot.state); !done) return done;
    }
    return Result<void>();
  };
  co_return co_await run_on_directory(context, "putting logical slots in place", std::move(work), deadline);
}

}  // namespace tamada
