// The health probes of a simulated daemon: they see the faults as a client and a write would.
#include "sim/postgres_ports.h"

namespace tamada::sim {

Task<ConnectionAnswer> SimHealthProbes::connect(PostmasterId, Instant deadline) {
  co_await process_.point("health.connect", CallPhase::Before);
  const bool hangs = postgres_.faults().hang_queries && postgres_.any_process();
  const bool in_time = co_await work(hangs ? Duration(1h) : world().random().skewed(300us, 20ms), deadline);
  ConnectionAnswer found;
  if (!in_time || postgres_.faults().hang_queries) {
    found.answer = ProbeAnswer::trouble("a new session gets no answer");
  } else if (postgres_.accepts_connections()) {
    found.answer = ProbeAnswer::fine();
    const PostgresStatus status = postgres_.status(true, clock_.now());
    if (status.row && !status.row->in_recovery) {
      found.flushed = status.row->write_lsn;
      found.wal_waits = postgres_.faults().hang_disk;
    }
  }
  co_await process_.point("health.connect", CallPhase::After);
  co_return found;
}

Task<ProbeAnswer> SimHealthProbes::commit(Instant deadline) {
  co_await process_.point("health.commit", CallPhase::Before);
  const bool hangs = postgres_.faults().hang_disk || postgres_.faults().hang_queries;
  const bool in_time = co_await work(hangs ? Duration(1h) : world().random().skewed(300us, 20ms), deadline);
  const bool flushed = in_time && !postgres_.faults().hang_disk && postgres_.writable();
  if (flushed) postgres_.write_own();
  co_await process_.point("health.commit", CallPhase::Between);
  if (!in_time) co_return ProbeAnswer::unended("a commit is not flushed");
  co_return flushed ? ProbeAnswer::fine() : ProbeAnswer{};
}

Task<ProbeAnswer> SimHealthProbes::processes(PostmasterId, Instant deadline) {
  co_await process_.point("health.processes", CallPhase::Before);
  const bool in_time = co_await work(1ms, 5ms, deadline);
  co_return in_time ? ProbeAnswer::fine() : ProbeAnswer{};
}

Task<StorageAnswer> SimHealthProbes::storage(Instant deadline) {
  co_await process_.point("health.storage", CallPhase::Before);
  const bool hangs = postgres_.faults().hang_disk;
  const bool in_time = co_await work(hangs ? Duration(1h) : world().random().skewed(1ms, 50ms), deadline);
  StorageAnswer found;
  found.space = ProbeAnswer::fine();
  found.write = in_time && !postgres_.faults().hang_disk
                    ? ProbeAnswer::fine()
                    : ProbeAnswer::trouble("a small write to the volume of the data directory does not end");
  co_return found;
}

}  // namespace tamada::sim
