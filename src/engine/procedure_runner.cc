#include "engine/procedure_runner.h"

#include <utility>

namespace tamada {

ProcedureRunner::ProcedureRunner(Executor executor, Clock& clock, Logger log, std::function<void()> on_end)
    : clock_(clock), log_(std::move(log)), on_end_(std::move(on_end)), tasks_(executor), ended_(executor) {}

bool ProcedureRunner::start(ProcedureKind kind, std::string name, Task<Result<void>> body,
                            std::function<void(Result<void>)> done) {
  if (!idle() || blocked_) return false;
  running_ = {.kind = kind, .name = std::move(name), .started_at = clock_.now()};
  // What failed a moment ago and is tried again says no more until something changes.
  if (running_.name == failed_name_) {
    log_.debug("begins again: {}", running_.name);
  } else {
    log_.info("begins: {}", running_.name);
  }
  done_ = std::move(done);
  result_.reset();
  id_ = tasks_.spawn(run(std::move(body)), [this](std::exception_ptr error) {
    Result<void> result = result_ ? std::move(*result_) : Result<void>(Error(ErrorCode::Cancelled, "was cancelled"));
    if (error && !is_cancellation(error)) std::rethrow_exception(error);
    log_end(result);
    running_ = {};
    if (auto tell = std::exchange(done_, {})) tell(std::move(result));
    ended_.resume_all();
    on_end_();
  });
  return true;
}

void ProcedureRunner::log_end(const Result<void>& result) {
  const std::string& name = running_.name;
  const bool again = name == failed_name_;
  if (result) {
    if (again) log_.info("{} succeeded after {} failed attempt(s)", name, failures_);
    failed_name_.clear();
    return;
  }
  const std::string text = result.error().text();
  if (result.error().code == ErrorCode::Cancelled) {
    log_.info("ended: {}: {}", name, text);
    return;
  }
  failures_ = again ? failures_ + 1 : 1;
  // The daemon ends with the message of a failed bootstrap.
  if ((again && text == failed_text_) || running_.kind == ProcedureKind::Bootstrap) {
    log_.debug("{} failed {} times: {}", name, failures_, text);
  } else {
    log_.warning("{} failed: {}", name, text);
  }
  failed_name_ = name;
  failed_text_ = text;
  failed_at_ = clock_.now();
}

Task<void> ProcedureRunner::run(Task<Result<void>> body) {
  result_ = co_await std::move(body);
}

void ProcedureRunner::cancel() {
  if (!idle()) tasks_.cancel(id_);
}

Task<void> ProcedureRunner::cancel_and_wait() {
  cancel();
  while (!idle()) co_await ended_.wait();
}

}  // namespace tamada
