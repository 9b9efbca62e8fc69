// What child processes inherit of our environment (B6). Pure but for own_environment().
#pragma once

#include <map>
#include <string>
#include <vector>

namespace tamada {

using Environment = std::vector<std::string>;  // "NAME=value"

// What this program was started with, once keep_environment() was called; before that, what it has now.
Environment own_environment();
// For a main that takes variables out of its own environment which children are still to get. Not thread-safe.
void keep_environment();

struct EnvironmentRules {
  // Removes libpq's variables: for programs that connect where *we* say (pg_basebackup, pg_rewind, psql).
  bool drop_libpq = false;
  // Hands PG_MALLOC_ARENA_MAX over as MALLOC_ARENA_MAX; for the postmaster.
  bool postmaster = false;
  std::vector<std::string> without;        // further names to remove
  std::map<std::string, std::string> set;  // added last, wins
};

// `base` less PATRONI_*, TAMADA_*, KUBERNETES_* and systemd's NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, then the
// rules.
Environment child_environment(const Environment& base, const EnvironmentRules& rules = {});

}  // namespace tamada
