// Watches one postmaster, child or not, through a pidfd: reports its end once and collects the status of a child.
// Engine thread. Destroying or forgetting it reports nothing any more.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/task.h"
#include "host/child_process.h"
#include "model/postgres_status.h"

namespace tamada {

class PostmasterWatch {
 public:
  // `status` is set when the process was our child.
  using OnExit = std::function<void(PostmasterId, std::optional<ReapedStatus> status)>;

  PostmasterWatch(Executor executor, OnExit on_exit);
  ~PostmasterWatch();
  PostmasterWatch(const PostmasterWatch&) = delete;
  PostmasterWatch& operator=(const PostmasterWatch&) = delete;

  // Replaces what was watched. False when the process is gone already (nothing is reported then).
  bool watch(PostmasterId id);
  void watch(PostmasterId id, UniqueFd pidfd);
  void forget();
  std::optional<PostmasterId> watched() const;
  // A duplicate of the pidfd of the watched process; empty without one.
  UniqueFd pidfd() const;

 private:
  struct State;
  void wait(const std::shared_ptr<State>& state);
  Executor executor_;
  OnExit on_exit_;
  std::shared_ptr<State> state_;
};

// Returns when the process behind the pidfd ended; cancellable.
Task<void> wait_for_end(UniqueFd pidfd);

}  // namespace tamada
