// A question that several ask at once is put once (E6). Whoever asks while an answer is on its way waits for the next
// one: it must not be older than the request. Engine thread only.
#pragma once

#include <functional>
#include <vector>

#include "base/async.h"
#include "engine/facade.h"

namespace tamada {

class SharedQuestion {
 public:
  using Done = std::function<void(OperatorReply)>;
  SharedQuestion(Executor executor, std::function<Task<OperatorReply>()> put);

  void ask(Done done);
  // Whoever still waits is told that the daemon stops.
  Task<void> stop() { co_await tasks_.stop(); }

 private:
  Task<void> answer_all();
  void refuse_all();

  std::function<Task<OperatorReply>()> put_;
  TaskScope tasks_;
  bool running_ = false;
  std::vector<Done> waiting_;
  std::vector<Done> asked_;  // by the question that is on its way
};

}  // namespace tamada
