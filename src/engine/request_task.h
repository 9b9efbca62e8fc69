// A request that is worked on in the background and answered once, also when the daemon ends meanwhile.
#pragma once

#include <functional>

#include "base/async.h"
#include "engine/facade.h"

namespace tamada {

inline void spawn_request(TaskScope& tasks, Task<OperatorReply> work, std::function<void(OperatorReply)> done) {
  auto body = [](Task<OperatorReply> inner, std::function<void(OperatorReply)> tell) -> Task<void> {
    OperatorReply reply = co_await std::move(inner);
    tell(std::move(reply));
  };
  auto cancelled = [done](std::exception_ptr error) {
    if (!error) return;
    if (!is_cancellation(error)) std::rethrow_exception(error);
    done({503, "the daemon is stopping"});
  };
  tasks.spawn(body(std::move(work), std::move(done)), std::move(cancelled));
}

}  // namespace tamada
