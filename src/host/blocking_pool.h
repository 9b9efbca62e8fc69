// A few threads for work that may hang: files of the data directory, /proc. The caller is a coroutine on the engine's
// thread; it gets the result there, or Timeout at the deadline while the work goes on hanging on its thread. So the
// work must own everything it touches (captured by value or shared_ptr).
//
// At most kMaxThreads threads; work that found no free one until its deadline is dropped unrun. The pool must be
// destroyed before the executors of its callers; threads that hang then are abandoned, and touch nothing of the callers
// any more.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "base/result.h"
#include "base/task.h"
#include "ports/clock.h"

namespace tamada {

class BlockingPool {
 public:
  static constexpr int kMaxThreads = 8;

  explicit BlockingPool(Clock& clock);
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  // `work` returns a Result<T>; so does the call. `what` names the work in the Timeout error: "reading
  // global/pg_control".
  template <class F>
  Task<std::invoke_result_t<F>> run(std::string what, F work, Instant deadline) {
    using R = std::invoke_result_t<F>;
    auto slot = std::make_shared<std::optional<R>>();
    auto owned = std::make_shared<F>(std::move(work));
    Result<void> ran = co_await run_erased(std::move(what), [slot, owned] { slot->emplace((*owned)()); }, deadline);
    if (!ran) co_return ran.error();
    co_return std::move(**slot);
  }

  // Threads that are busy or hang, for metrics and to refuse more work of a kind.
  int busy_threads() const;

 private:
  struct State;
  Task<Result<void>> run_erased(std::string what, std::function<void()> work, Instant deadline);
  Clock& clock_;
  std::shared_ptr<State> state_;
};

}  // namespace tamada
