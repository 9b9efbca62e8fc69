// HealthProbes on this host: libpq for sessions, the blocking pool for files and /proc. Engine thread.
#pragma once

#include <atomic>
#include <memory>

#include "base/async.h"
#include "host/storage_probe.h"
#include "model/settings.h"
#include "ports/health_probes.h"
#include "postgres/pg_connection.h"

namespace tamada {

class LocalHealthProbes final : public HealthProbes {
 public:
  LocalHealthProbes(PgContext context, const Settings& initial);

  void update_settings(const Settings& settings);
  Task<void> stop() { co_await tasks_.stop(); }

  Task<ConnectionAnswer> connect(PostmasterId postmaster, Instant deadline) override;
  Task<ProbeAnswer> commit(Instant deadline) override;
  Task<ProbeAnswer> processes(PostmasterId postmaster, Instant deadline) override;
  Task<StorageAnswer> storage(Instant deadline) override;

 private:
  // A write that is on its way; it outlives the call that began it, and the daemon's patience.
  struct Write {
    std::atomic<bool> begun = false;
    std::atomic<bool> done = false;
    bool wal_elsewhere = true;
    StorageProbe probe;
  };
  struct Commit {
    explicit Commit(Executor executor) : done(executor) {}
    AsyncEvent done;
    ProbeAnswer answer;
  };
  enum class Place { Data, Wal };
  // nullopt: it has not ended by the deadline.
  Task<std::optional<StorageProbe>> write(Place place, Instant deadline);
  Task<void> run_commit(std::shared_ptr<Commit> commit);
  // A new session up to the question for the password; what is wrong with it, if anything.
  Task<std::optional<ConnectionAnswer>> knock(Instant deadline);

  PgContext context_;
  Settings settings_;
  TaskScope tasks_;
  PgConnection kept_;
  PostmasterId kept_with_;
  Instant kept_until_{};
  std::shared_ptr<Write> data_write_;
  std::shared_ptr<Write> wal_write_;
  bool wal_elsewhere_ = true;  // pg_wal lies on a volume of its own, by the last look
  std::shared_ptr<Commit> commit_;
};

}  // namespace tamada
