// StatusQuery over libpq: one kept superuser session for the loop ("Patroni heartbeat"), a fresh one for readiness.
#pragma once

#include "postgres/pg_session.h"
#include "postgres/status_query.h"

namespace tamada {

class LibpqStatusQuery final : public StatusQuery {
 public:
  LibpqStatusQuery(PgContext context, const Settings& initial);

  Task<Result<StatusRow>> run(Instant deadline) override;
  Task<Accepting> ready(Instant deadline) override;
  Task<Result<std::vector<GucRow>>> settings_rows(Instant deadline) override;
  void close() override { session_.close(); }
  void update_settings(const Settings& settings) override;

 private:
  Task<Result<StatusRow>> run_once(Instant deadline);

  PgContext context_;
  PgSession session_;
  PgSessionOptions ready_options_;
};

// The daemon's own superuser session with the local server (ha_behaviour.md 9.8).
PgSessionOptions local_session_options(const Settings& settings, std::string application_name);

}  // namespace tamada
