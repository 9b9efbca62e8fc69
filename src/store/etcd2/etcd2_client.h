// Requests to an etcd cluster by its v2 keys API: picks the node, retries on others within the deadline, finds nodes.
// Knows nothing of leaders. One thread; time only from the Clock, I/O only through the HttpTransport.
//
// Every call is repeated until it is answered or the deadline comes, also when an earlier try may have been applied:
// only requests that may be applied twice may be passed. Tries run side by side: one that is slow still counts when it
// is answered. The answer says whether another try may have been applied.
#pragma once

#include <string>
#include <variant>

#include "base/async.h"
#include "base/log.h"
#include "net/http.h"
#include "ports/clock.h"
#include "ports/store.h"
#include "store/common/etcd_nodes.h"
#include "store/common/side_by_side.h"
#include "store/etcd2/etcd2_codec.h"

namespace tamada::etcd2 {

struct Reply {
  std::variant<Answer, Fault> outcome;  // a Fault's may_be_applied covers all tries of the call
  Instant began = kLongAgo;             // before the first try was sent
  bool earlier_try = false;             // another, unanswered try may have been applied as well

  const Answer* answer() const { return std::get_if<Answer>(&outcome); }
  const Fault* fault() const { return std::get_if<Fault>(&outcome); }
  bool is(FaultKind kind) const { return fault() != nullptr && fault()->kind == kind; }
};

class Etcd2Client {
 public:
  Etcd2Client(Executor executor, Clock& clock, HttpTransport& transport, EtcdConfig config, Resolver* resolver,
              Logger log);

  void update_config(EtcdConfig config);
  const EtcdConfig& config() const { return config_; }
  Task<Reply> call(Request request, Instant deadline);
  // One request to one node, for what may be answered late: a Timeout says nothing of the node.
  Task<std::variant<Answer, Fault>> wait(Request request, Instant deadline);
  // Ends what runs in the background.
  Task<void> stop() { return background_.stop(); }

 private:
  struct Round;
  Task<Reply> ask(Round& round, const Request& request);
  HttpRequest request_to(const std::string& node, const Request& request) const;
  std::variant<Answer, Fault> judge(const std::string& node, const Result<HttpResponse>& response);
  Fault out_of_time(const Round& round) const;
  void refresh_later();
  Task<void> refresh();

  Clock& clock_;
  HttpTransport& transport_;
  EtcdConfig config_;
  Logger log_;
  EtcdNodes nodes_;
  bool refreshing_ = false;
  TaskScope background_;
};

// A failed call as the outcome of a write: refused only when the store itself rejected the request.
template <class T>
Written<T> written_of(const Fault& fault) {
  const bool rejected = fault.kind == FaultKind::Denied || fault.kind == FaultKind::Rejected;
  if (rejected && !fault.may_be_applied) return Written<T>::make_refused({}, fault.error);
  return Written<T>::make_unknown(fault.error);
}

}  // namespace tamada::etcd2
