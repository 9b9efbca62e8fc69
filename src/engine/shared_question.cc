#include "engine/shared_question.h"

#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tamada {

SharedQuestion::SharedQuestion(Executor executor, std::function<Task<OperatorReply>()> put)
    : put_(std::move(put)), tasks_(executor) {}

void SharedQuestion::ask(Done done) {
  waiting_.push_back(std::move(done));
  if (std::exchange(running_, true)) return;
  tasks_.spawn(answer_all(), [this](std::exception_ptr error) {
    if (!error) return;
    if (!is_cancellation(error)) std::rethrow_exception(error);
    running_ = false;
    refuse_all();
  });
}

Task<void> SharedQuestion::answer_all() {
  // Those whose requests are queued already belong to the first round.
  co_await boost::asio::post(tasks_.executor(), boost::asio::use_awaitable);
  while (!waiting_.empty()) {
    asked_ = std::exchange(waiting_, {});
    const OperatorReply reply = co_await put_();
    for (Done& done : std::exchange(asked_, {})) done(reply);
  }
  running_ = false;  // here: this task's end is told later, and somebody may ask before
}

void SharedQuestion::refuse_all() {
  std::vector<Done> all = std::exchange(asked_, {});
  for (Done& done : std::exchange(waiting_, {})) all.push_back(std::move(done));
  for (Done& done : all) done({503, "the daemon is stopping"});
}

}  // namespace tamada
