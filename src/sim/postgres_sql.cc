#include "sim/postgres_ports.h"

#include <algorithm>

namespace tamada::sim {

Task<Result<void>> SimPostgresSql::statement(Duration low, Duration high, Instant deadline) {
  if (postgres_.faults().hang_queries && postgres_.any_process()) {
    co_await work(Duration(1h), deadline);
    co_return too_late("a statement");
  }
  const bool in_time = co_await work(low, high, deadline);
  if (!postgres_.accepts_connections())
    co_return Error(ErrorCode::Unavailable, postgres_.member() + " does not accept connections");
  if (!in_time) co_return too_late("a statement");
  co_return Result<void>();
}

Task<Result<void>> SimPostgresSql::checkpoint(Instant deadline) {
  co_await process_.point("sql.checkpoint", CallPhase::Before);
  auto ran = co_await statement(20ms, 4s, deadline);
  if (ran) postgres_.checkpoint();
  co_await process_.point("sql.checkpoint", CallPhase::Between);
  co_return ran;
}

Task<Result<std::vector<SlotInfo>>> SimPostgresSql::slots(Instant deadline) {
  co_await process_.point("sql.slots", CallPhase::Before);
  auto ran = co_await statement(300us, 8ms, deadline);
  if (!ran) co_return ran.error();
  co_return postgres_.slot_list();
}

Task<Result<void>> SimPostgresSql::create_physical_slot(std::string name, Instant deadline) {
  co_await process_.point("sql.create_physical_slot", CallPhase::Before);
  auto ran = co_await statement(300us, 20ms, deadline);
  if (ran) postgres_.directory().slots.emplace(name, SimSlot{true, postgres_.directory().content.end()});
  co_await process_.point("sql.create_physical_slot", CallPhase::Between);
  co_return ran;
}

Task<Result<void>> SimPostgresSql::drop_slot(std::string name, Instant deadline) {
  co_await process_.point("sql.drop_slot", CallPhase::Before);
  auto ran = co_await statement(300us, 20ms, deadline);
  if (!ran) co_return ran.error();
  if (postgres_.slot_in_use(name)) co_return Error(ErrorCode::Conflict, "replication slot \"" + name + "\" is active");
  postgres_.directory().slots.erase(name);
  co_await process_.point("sql.drop_slot", CallPhase::Between);
  co_return ran;
}

Task<Result<void>> SimPostgresSql::create_logical_slot(PermanentSlot slot, Instant deadline) {
  co_await process_.point("sql.create_logical_slot", CallPhase::Before);
  auto ran = co_await statement(1ms, 3s, deadline);
  if (ran && postgres_.in_recovery()) co_return Error(ErrorCode::Failed, "recovery is in progress");
  if (ran) {
    postgres_.directory().slots.emplace(
        slot.name, SimSlot{false, postgres_.directory().content.end(), slot.database, slot.plugin});
  }
  co_await process_.point("sql.create_logical_slot", CallPhase::Between);
  co_return ran;
}

Task<Result<void>> SimPostgresSql::advance_slot(std::string name, std::string database, Lsn to, Instant deadline) {
  co_await process_.point("sql.advance_slot", CallPhase::Before);
  auto ran = co_await statement(300us, database.empty() ? Duration(20ms) : Duration(2s), deadline);
  if (!ran) co_return ran.error();
  auto found = postgres_.directory().slots.find(name);
  if (found == postgres_.directory().slots.end())
    co_return Error(ErrorCode::NotFound, "replication slot \"" + name + "\" does not exist");
  if (postgres_.slot_in_use(name)) co_return Error(ErrorCode::Conflict, "replication slot \"" + name + "\" is active");
  found->second.restart_lsn = std::max(found->second.restart_lsn, std::min(to, postgres_.directory().content.end()));
  co_return ran;
}

Task<Result<void>> SimPostgresSql::post_bootstrap(Instant deadline) {
  co_await process_.point("sql.post_bootstrap", CallPhase::Before);
  auto ran = co_await statement(50ms, 2s, deadline);
  co_await process_.point("sql.post_bootstrap", CallPhase::Between);
  if (ran && postgres_.faults().fail_scripts) co_return Error(ErrorCode::Failed, "post_bootstrap ended with 1");
  co_return ran;
}

Task<Result<void>> SimPostgresSql::resume_replay(Instant deadline) {
  co_await process_.point("sql.resume_replay", CallPhase::Before);
  co_return co_await statement(300us, 8ms, deadline);
}

Task<Result<SyncReplication>> SimPostgresSql::sync_replication(Instant deadline) {
  co_await process_.point("sql.sync_replication", CallPhase::Before);
  auto ran = co_await statement(300us, 8ms, deadline);
  if (!ran) co_return ran.error();
  if (postgres_.in_recovery()) co_return Error(ErrorCode::Failed, "recovery is in progress");
  co_return postgres_.sync_replication();
}

Task<Result<Lsn>> SimPostgresSql::sync_mark(std::string names, bool waiting_is_on, Instant deadline) {
  co_await process_.point("sql.sync_mark", CallPhase::Before);
  auto ran = co_await statement(2ms, 30ms, deadline);
  if (!ran) co_return ran.error();
  if (postgres_.names_in_force() != names) co_return Error(ErrorCode::Conflict, "the names are others");
  while (!waiting_is_on && !postgres_.waiting_is_on()) {
    if (!co_await work(20ms, deadline)) co_return too_late("the checkpointer");
  }
  co_await process_.point("sql.sync_mark", CallPhase::Between);
  if (postgres_.names_in_force() != names || !postgres_.accepts_connections())
    co_return Error(ErrorCode::Conflict, "the names are others");
  if (postgres_.in_recovery()) co_return Lsn{};
  const Lsn before = postgres_.write_own();
  co_await process_.point("sql.sync_mark", CallPhase::After);
  co_return Lsn{before.bytes + 1};
}

}  // namespace tamada::sim
