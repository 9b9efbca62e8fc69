// Looks from outside at PostgreSQL and the storage under it (docs/health.md): can a client get in, is WAL flushed, do
// its processes run, do its volumes take a write. Nothing is concluded here.
//
// Engine thread. Every call ends by its deadline. What hangs beyond it goes on hanging by itself: the next call of that
// kind waits for the same, so that no second one is added to it.
#pragma once

#include <optional>
#include <string>

#include "base/task.h"
#include "base/time.h"
#include "model/health.h"
#include "model/lsn.h"
#include "model/postgres_status.h"

namespace tamada {

struct ProbeAnswer {
  enum class Kind {
    Untold,  // it starts or stops, or cannot be asked
    Fine,
    Trouble,
  };
  Kind kind = Kind::Untold;
  std::string text;     // of Trouble; the same words for the same trouble
  bool no_end = false;  // of Trouble: it has not ended by the deadline; it has not failed either

  static ProbeAnswer fine() { return {Kind::Fine, ""}; }
  static ProbeAnswer trouble(std::string what) { return {Kind::Trouble, std::move(what)}; }
  static ProbeAnswer unended(std::string what) { return {Kind::Trouble, std::move(what), true}; }
};

struct ConnectionAnswer {
  ProbeAnswer answer;
  std::string notice;          // told, never acted on: no place for clients, refused credentials
  bool wal_waits = false;      // primary: WAL is written and not flushed
  std::optional<Lsn> flushed;  // primary
};

struct StorageAnswer {
  ProbeAnswer write;  // an error other than "full"
  ProbeAnswer space;  // Trouble: full
  std::optional<VolumeSpace> data;
  std::optional<VolumeSpace> wal;  // absent when it is the same volume
};

class HealthProbes {
 public:
  virtual ~HealthProbes() = default;
  // Does this postmaster let a new session in, and does a statement end? A password is not proven every time: the hash
  // that it needs is slow on purpose.
  virtual Task<ConnectionAnswer> connect(PostmasterId postmaster, Instant deadline) = 0;
  // A transaction that writes a little WAL and is flushed here, wherever standbys are. On a primary.
  virtual Task<ProbeAnswer> commit(Instant deadline) = 0;
  // Is the postmaster, or one of the processes that all depend on, stopped by a signal?
  virtual Task<ProbeAnswer> processes(PostmasterId postmaster, Instant deadline) = 0;
  // Writes to both volumes and looks at their space.
  virtual Task<StorageAnswer> storage(Instant deadline) = 0;
};

}  // namespace tamada
