// What LocalPostgresServer asks of the running server through SQL: the one status row (B5), readiness and pg_settings.
// Implemented over libpq (postgres/libpq_status_query.h); tests have their own. Engine thread. Every call ends by its
// deadline, also against a hung server; a cancelled call leaves nothing behind on its connection.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "model/postgres_status.h"
#include "model/settings.h"

namespace tamada {

// One row of pg_settings, as text.
struct GucRow {
  std::string name;
  std::string setting;  // in units of `unit`
  std::string unit;     // "8kB", "ms", ...; empty = none
  std::string vartype;  // bool, integer, real, enum, string
  std::string context;  // internal, postmaster, sighup, ...
  std::string boot_value;
  bool pending_restart = false;  // always false before 9.5, which has no such column
};

// The name of one more row: when the answering process last read its configuration. It differs once a reload has
// reached it.
inline constexpr const char* kReloadedAt = "tamada.reloaded_at";

class StatusQuery {
 public:
  virtual ~StatusQuery() = default;
  virtual Task<Result<StatusRow>> run(Instant deadline) = 0;
  // What pg_isready would say, without running it. Unknown at the deadline.
  virtual Task<Accepting> ready(Instant deadline) = 0;
  // All rows of pg_settings (and those of unloaded extensions' placeholders as far as the server shows them).
  virtual Task<Result<std::vector<GucRow>>> settings_rows(Instant deadline) = 0;
  // The postmaster changed or is about to stop: drop the connection.
  virtual void close() = 0;
  virtual void update_settings(const Settings& settings) = 0;
};

}  // namespace tamada
