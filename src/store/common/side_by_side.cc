#include "store/common/side_by_side.h"

#include "ports/deadline.h"

namespace tamada {

SideBySide::SideBySide(Clock& clock, TaskScope& tasks, HttpTransport& transport, Instant deadline)
    : clock_(clock),
      tasks_(tasks),
      transport_(transport),
      deadline_(deadline),
      inbox_(std::make_shared<Inbox>(tasks.executor())) {}

Task<void> SideBySide::run(std::shared_ptr<Inbox> inbox, std::size_t number, std::string node, Instant sent,
                           Task<Result<HttpResponse>> request) {
  auto response = co_await std::move(request);
  inbox->arrivals.push_back({number, std::move(node), sent, std::move(response)});
  inbox->arrived.set();
}

void SideBySide::send(std::string node, HttpRequest request) {
  auto body = transport_.send(std::move(request), deadline_);
  tasks_of_.push_back(tasks_.spawn(run(inbox_, tasks_of_.size(), std::move(node), clock_.now(), std::move(body))));
}

Task<std::optional<SideBySide::Arrival>> SideBySide::next(Instant patience) {
  if (inbox_->arrivals.empty()) {
    inbox_->arrived.reset();
    if (!co_await with_deadline(clock_, patience, inbox_->arrived.wait())) co_return std::nullopt;
  }
  Arrival arrival = std::move(inbox_->arrivals.front());
  inbox_->arrivals.pop_front();
  co_return arrival;
}

void SideBySide::give_up() {
  for (const TaskScope::Id id : tasks_of_) tasks_.cancel(id);
}

}  // namespace tamada
