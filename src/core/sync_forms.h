// How the resolver moves names and /sync towards the chosen standbys: one file for each form. Inside of core.
#pragma once

#include "core/sync_resolver.h"

namespace tamada {

struct SyncMove {
  const SyncInput& in;
  const SyncMemory& memory;
  const SyncChoice& choice;
  SyncNames names;  // what PostgreSQL has

  // The law for a change of the names: /sync stays covered while old and new are in force beside each other.
  bool may_set(const SyncNames& to) const;
  // ... for a change of /sync: it restricts, or is covered and enough of the listed ones have reached the mark.
  bool may_write(const SyncState& to) const;
  // Listed ones that have not.
  int behind(const SyncState& sync) const;
  bool reached(const std::string& member) const;
};

SyncStep step_of(std::string_view rule, SyncAction action);
SyncStep set_names(std::string_view rule, const SyncNames& names);
SyncStep write_sync(std::string_view rule, const SyncMove& move, std::vector<std::string> standbys, int quorum);
// Until the names are settled nothing can be built on them: take the mark, or wait for the walsenders.
SyncStep settle(const SyncMove& move);

bool same_names(const std::vector<std::string>& a, const std::vector<std::string>& b);  // as sets, ignoring case
bool listed(const std::vector<std::string>& names, std::string_view name);

SyncStep priority_step(const SyncMove& move);
SyncStep quorum_step(const SyncMove& move);

}  // namespace tamada
