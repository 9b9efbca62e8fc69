// What every procedure works with. Procedures are coroutines over the ports: one at a time, cancellable (base/task.h),
// bound to the lock they were planned under. They decide nothing; each step that changes what the brain knows is
// reported.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "core/events.h"
#include "core/plan.h"
#include "core/timing.h"
#include "ports/clock.h"
#include "ports/local_state.h"
#include "ports/postgres.h"
#include "ports/store.h"
#include "ports/watchdog.h"
#include "procedures/lock_gate.h"

namespace tamada {

struct ProcedureContext {
  std::string my_name;
  Clock& clock;
  Store& store;
  PostgresServer& server;
  PostgresData& data;
  PostgresSql& sql;
  Watchdog& watchdog;
  Callbacks& callbacks;
  LocalState& local;
  LockGate& lock;
  const Logger& log;
  // The settings in force; they may change while a procedure runs.
  std::function<std::shared_ptr<const Settings>()> settings;
  // The latest view, null before the first.
  std::function<std::shared_ptr<const ClusterView>()> view;
  // Folds an outcome into the memory and wakes the loop.
  std::function<void(const Event&)> report;
  // The state that members and REST show from now on; nullopt = what PostgreSQL itself shows.
  std::function<void(std::optional<PgState>)> show;
  // Publishes the member key now and waits for the answer, at most a second.
  std::function<Task<void>()> publish;
  // From now on the member key says that this member is no synchronous standby, or again what the tags say.
  std::function<void(bool)> refuse_sync_duty = [](bool) {};

  // A timeline that this process claimed and has not asked PostgreSQL for, with the revision of the claim.
  struct UnusedClaim {
    Timeline timeline;
    std::int64_t revision = 0;
  };
  std::optional<UnusedClaim> unused_claim;
  // A step that makes the data directory unusable and is noted on disk; it was cut short when no procedure runs.
  std::optional<WorkNote::Kind> open_work;
  // The role that the scripts were told last; nullopt before the first.
  std::optional<Role> told_role;

  // Callbacks are silent while the cluster is being bootstrapped (ha_behaviour.md 5.1). A primary that comes back as a
  // replica gets on_role_change in place of on_start or on_restart (9.7): scripts take addresses away on it.
  void callback(Callbacks::Event event, Role role);
  // A replica became standby leader, or the other way round, without a start that would have told.
  void tell_standby_role(Role role);
};

}  // namespace tamada
