// What child processes inherit of our environment (B6). Pure but for own_environment().
#pragma once

#include <map>
#include <string>
#include <vector>

namespace tamada {

using Environment = std::vector<std::string>;  // "NAME=value"

Environment own_environment();

struct EnvironmentRules {
  // Removes libpq's variables: for programs that connect where *we* say (pg_basebackup, pg_rewind, psql).
  bool drop_libpq = false;
  // Hands PG_MALLOC_ARENA_MAX over as MALLOC_ARENA_MAX; for the postmaster.
  bool postmaster = false;
  std::map<std::string, std::string> set;  // added last, wins
};

// `base` less PATRONI_*, TAMADA_*, KUBERNETES_* and NOTIFY_SOCKET, then the rules.
Environment child_environment(const Environment& base, const EnvironmentRules& rules = {});

}  // namespace tamada
