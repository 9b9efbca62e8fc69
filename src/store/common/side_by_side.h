// The tries of one request, side by side: a node that is slow is not given up when the next one is asked, and whichever
// answers first counts. A store that needs seconds for each answer is served so, without a dead node costing seconds.
//
// For requests that may be applied twice. One thread.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "net/http.h"
#include "ports/clock.h"

namespace tamada {

class SideBySide {
 public:
  // The tries run in `tasks`, which outlives this by stop(); none of them goes on after `deadline`.
  SideBySide(Clock& clock, TaskScope& tasks, HttpTransport& transport, Instant deadline);

  struct Arrival {
    std::size_t number;  // of the try, from 0
    std::string node;
    Instant sent;
    Result<HttpResponse> response;
  };

  void send(std::string node, HttpRequest request);
  std::size_t sent() const { return tasks_of_.size(); }
  // The next answer or failure of any try; nullopt when there was none by `patience`.
  Task<std::optional<Arrival>> next(Instant patience);
  // Ends the tries that still run. What they asked for may be applied all the same.
  void give_up();

 private:
  struct Inbox {
    explicit Inbox(Executor executor) : arrived(std::move(executor)) {}
    std::deque<Arrival> arrivals;
    AsyncEvent arrived;
  };
  static Task<void> run(std::shared_ptr<Inbox> inbox, std::size_t number, std::string node, Instant sent,
                        Task<Result<HttpResponse>> request);

  Clock& clock_;
  TaskScope& tasks_;
  HttpTransport& transport_;
  Instant deadline_;
  std::shared_ptr<Inbox> inbox_;
  std::vector<TaskScope::Id> tasks_of_;
};

}  // namespace tamada
