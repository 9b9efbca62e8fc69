// The column sync_state of pg_stat_replication: by the names as the answering session reads them.
#pragma once

#include <string>

#include "model/sync_names.h"

namespace tamada::sim {

inline std::string sync_state_of(const SyncNames& names, int priority) {
  if (names.off() || priority == 0) return "async";
  if (names.method == SyncNames::Method::Quorum) return "quorum";
  return priority <= names.count ? "sync" : "potential";
}

}  // namespace tamada::sim
