// Requests of operators that end in a store write or a question to peers: switchover, failover, /config. Each runs in
// the background and answers once. What a procedure carries out (restart, reinitialize) is the loop's.
#pragma once

#include <functional>

#include "base/async.h"
#include "engine/state.h"
#include "engine/view_keeper.h"

namespace tamada {

class OperatorRequests {
 public:
  using Done = std::function<void(OperatorReply)>;
  OperatorRequests(Executor executor, EngineState& state, ViewKeeper& views);
  Task<void> stop() { co_await tasks_.stop(); }

  void switchover(SwitchoverRequest request, Done done);
  void cancel_switchover(CancelSwitchoverRequest request, Done done);
  void write_config(ConfigWrite request, Done done);

 private:
  Task<OperatorReply> do_switchover(SwitchoverRequest request);
  Task<OperatorReply> do_cancel_switchover(CancelSwitchoverRequest request);
  Task<OperatorReply> do_write_config(ConfigWrite request);
  Task<OperatorReply> find_candidate(const SwitchoverRequest& request, const ClusterView& view);

  EngineState& state_;
  ViewKeeper& views_;
  TaskScope tasks_;
};

}  // namespace tamada
