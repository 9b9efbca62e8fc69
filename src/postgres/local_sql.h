// What is done through SQL on the managed PostgreSQL: PostgresSql over libpq. Engine thread. One kept session for short
// work; a checkpoint, logical slots and the end of a bootstrap, which may take long, have sessions of their own.
#pragma once

#include <memory>

#include "ports/postgres.h"
#include "postgres/data_context.h"
#include "postgres/pg_session.h"

namespace tamada {

class LocalPostgresSql final : public PostgresSql {
 public:
  LocalPostgresSql(PgContext context, Settings initial, Logger log);

  // Takes effect for the next call.
  void update_settings(const Settings& settings);
  // The postmaster changed: drop the kept session.
  void close() { session_.close(); }

  Task<Result<void>> checkpoint(Instant deadline) override;
  Task<Result<std::vector<SlotInfo>>> slots(Instant deadline) override;
  Task<Result<void>> create_physical_slot(std::string name, Instant deadline) override;
  Task<Result<void>> drop_slot(std::string name, Instant deadline) override;
  Task<Result<void>> create_logical_slot(PermanentSlot slot, Instant deadline) override;
  Task<Result<void>> advance_slot(std::string name, std::string database, Lsn to, Instant deadline) override;
  Task<Result<void>> post_bootstrap(Instant deadline) override;
  Task<Result<void>> resume_replay(Instant deadline) override;
  Task<Result<SyncReplication>> sync_replication(Instant deadline) override;
  Task<Result<Lsn>> sync_mark(std::string names, bool waiting_is_on, Instant deadline) override;

 private:
  // A session in the slot's database whose statements may take as long as they need.
  Task<Result<void>> open_for_slot(PgConnection& connection, std::string database, Instant deadline);
  Task<Result<void>> prove_waiting(PgConnection& connection, Instant deadline);

  DataContext context_;
  PgSession session_;
};

}  // namespace tamada
