// Looks at PostgreSQL's health over and over (docs/health.md) and keeps what was found for the brain, REST and metrics.
// Trouble ends with a good answer; once it made this member sick, with three in a row. Engine thread only.
#pragma once

#include <functional>
#include <string>

#include "base/async.h"
#include "core/health_judgement.h"
#include "engine/procedure_runner.h"
#include "engine/state.h"
#include "ports/health_probes.h"

namespace tamada {

class HealthKeeper {
 public:
  // `on_change`: trouble begins, ends or makes this member sick.
  HealthKeeper(Executor executor, EngineState& state, const ProcedureRunner& runner, std::function<void()> on_change);

  void start();
  Task<void> stop() { co_await tasks_.stop(); }
  // PostgreSQL or the settings changed: what was found of a server that is gone says nothing of the next one.
  void look();

  const HealthReport& report() const { return report_; }
  HealthVerdict verdict() const;

 private:
  Task<void> watch_server();
  Task<void> watch_storage();
  Task<void> look_at_server(PostmasterId postmaster);
  Task<void> look_at_storage();
  std::optional<PostmasterId> judged() const;
  bool on(HealthCheck check) const;
  bool trouble(std::initializer_list<HealthCheck> checks) const;
  Task<void> pause(AsyncEvent& wake, bool trouble);
  void take(HealthCheck check, const ProbeAnswer& answer, Instant began);
  void forget(std::initializer_list<HealthCheck> checks);
  void set_notice();
  void tell();

  EngineState& state_;
  const ProcedureRunner& runner_;
  std::function<void()> on_change_;
  TaskScope tasks_;
  AsyncEvent wake_server_;
  AsyncEvent wake_storage_;
  HealthReport report_;
  PerHealthCheck<int> good_in_row_{};
  std::optional<PostmasterId> postmaster_;  // whom the report is about
  std::optional<Lsn> flushed_;              // at the last look
  bool commit_hangs_ = false;               // the last one that was tried had no end
  std::string clients_notice_;
  std::string told_notice_;
  PerHealthCheck<bool> told_{};  // as lasting
  bool told_sick_ = false;
};

}  // namespace tamada
