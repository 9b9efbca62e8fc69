// The engine as coroutines of the API thread see it: questions with a time limit. The engine answers on its own thread;
// the answer is carried over. Belongs to the API thread, but for submit's callback.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/result.h"
#include "base/task.h"
#include "engine/facade.h"

namespace tamada {

using SnapshotPtr = std::shared_ptr<const Snapshot>;

class EngineClient {
 public:
  EngineClient(EngineFacade& engine, std::shared_ptr<boost::asio::io_context> io);

  // Never null: before the engine's first one it is an empty snapshot with default settings.
  SnapshotPtr snapshot() const;
  Instant now() const { return engine_.now(); }

  // nullopt: no answer within the limit, or stop() was called.
  Task<std::optional<OperatorReply>> ask(OperatorRequest request, std::chrono::milliseconds limit);
  // Without waiting for the answer.
  void tell(OperatorRequest request);
  // A snapshot whose view was read from the store after the call. Error: Unavailable.
  Task<Result<SnapshotPtr>> fresh();

  // Ends every wait; later ones end at once.
  void stop();
  bool stopped() const { return stopped_; }
  // Sleeps, but not beyond stop().
  Task<void> pause_for(std::chrono::milliseconds time);

 private:
  struct Pending;
  struct Forget;
  EngineFacade& engine_;
  std::shared_ptr<boost::asio::io_context> io_;
  std::set<boost::asio::steady_timer*> waits_;
  SnapshotPtr empty_;
  bool stopped_ = false;
};

}  // namespace tamada
