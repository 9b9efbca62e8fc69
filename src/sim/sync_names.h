// synchronous_standby_names as PostgreSQL reads it: '', '*', 'a, b', '2 (a, b)', 'FIRST 2 (a, b)', 'ANY 2 (a, b)'.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tamada::sim {

struct SyncNames {
  bool any = false;                // quorum; else by priority
  int count = 0;                   // 0 = off
  std::vector<std::string> names;  // lower case; "*" = everybody

  bool lists(std::string_view name) const;
};

SyncNames parse_sync_names(std::string_view text);

}  // namespace tamada::sim
