// The loop: observe, call the brain, run the plan, publish a snapshot (design.md 2, 4). Owns no policy: what to do is
// decided in core/. One thread (its executor); facade calls come from any thread.
#pragma once

#include <memory>

#include "base/log.h"
#include "base/task.h"
#include "engine/facade.h"
#include "ports/clock.h"
#include "ports/health_probes.h"
#include "ports/local_state.h"
#include "ports/peers.h"
#include "ports/postgres.h"
#include "ports/settings_source.h"
#include "ports/store.h"
#include "ports/watchdog.h"

namespace tamada {

struct EnginePorts {
  Clock& clock;
  Random& random;
  SettingsSource& settings;
  Store& store;
  PostgresServer& server;
  PostgresData& data;
  PostgresSql& sql;
  Peers& peers;
  Watchdog& watchdog;
  Callbacks& callbacks;
  LocalState& local;
  HealthProbes& health;
};

class Engine final : public EngineFacade {
 public:
  Engine(Executor executor, EnginePorts ports, Logger log);
  ~Engine() override;

  // Runs until a shutdown, detach or fatal decision; the result is the process's exit code. PostgreSQL is stopped, left
  // running or left alone as the reason demands. Spawned once.
  // `on_ready` runs once the store was read and no namesake lives: REST may listen from then on (its own answer would
  // look like a namesake's before). Its error ends the run before anything was touched.
  Task<int> run(std::function<Result<void>()> on_ready = {});

  std::shared_ptr<const Snapshot> snapshot() const override;
  void submit(OperatorRequest request, std::function<void(OperatorReply)> done) override;
  Instant now() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tamada
