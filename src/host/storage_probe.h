// One small write to a volume, as a database does it, and a look at its space. Blocking, may hang for ever: on a pool
// thread.
#pragma once

#include <string>

#include "base/result.h"
#include "model/health.h"

namespace tamada {

struct StorageProbe {
  enum class Outcome { Written, Full, Failed, NoDirectory };
  Outcome outcome = Outcome::NoDirectory;
  std::string error;  // of Failed and Full, with the path
  VolumeSpace space;
};

// Less than this is full: PostgreSQL needs a little to go on.
constexpr std::uint64_t kFullBelowBytes = 1'000'000;

// Overwrites 8 kB of `file` and flushes them; the file is made when it is missing, its directory never is. What is
// overwritten needs no new space and, on most file systems, no entry in a journal that all others flush through: the
// time it takes is that of a WAL flush. Space is judged by the file system's figures.
StorageProbe probe_storage(const std::string& file);

// Do both paths lie on one volume? False also when that cannot be told.
bool same_volume(const std::string& a, const std::string& b);

}  // namespace tamada
