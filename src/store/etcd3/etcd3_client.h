// Requests to an etcd cluster: picks the node, retries on others within the deadline, authenticates, finds nodes. Knows
// nothing of leaders or leases. One thread; time only from the Clock, I/O only through the HttpTransport.
//
// Every call is repeated until it is answered or the deadline comes, also when an earlier try may have been applied:
// only bodies that may be applied twice may be passed. Tries run side by side: one that is slow still counts when it is
// answered. The answer says whether another try may have been applied.
#pragma once

#include <string>
#include <variant>

#include "base/async.h"
#include "base/log.h"
#include "net/http.h"
#include "net/resolver.h"
#include "ports/clock.h"
#include "store/common/etcd_nodes.h"
#include "store/common/side_by_side.h"
#include "store/etcd3/etcd3_codec.h"

namespace tamada::etcd3 {

struct Answer {
  json::object body;
  Header header;             // of the answer, or of its "result"
  std::string node;          // that answered
  Instant sent = kLongAgo;   // before the answered try was sent
  bool earlier_try = false;  // another, unanswered try may have been applied as well
};

// A Fault's may_be_applied covers all tries of the call.
using CallResult = std::variant<Answer, Fault>;

class Etcd3Client {
 public:
  Etcd3Client(Executor executor, Clock& clock, HttpTransport& transport, EtcdConfig config, Resolver* resolver,
              Logger log);

  void update_config(EtcdConfig config);
  const EtcdConfig& config() const { return config_; }
  // The whole of /kv, /lease ... below the version prefix: method = "/kv/range".
  Task<CallResult> call(std::string method, std::string body, Instant deadline);
  // A stream that stays on one node, ready to be read; the node's URL is for `stream_failed`.
  struct Stream {
    std::unique_ptr<HttpStream> stream;
    std::string node;
  };
  Task<std::variant<Stream, Fault>> open(std::string method, std::string body, Instant deadline);
  void stream_failed(const std::string& node, const Error& why);
  // Ends what runs in the background.
  Task<void> stop();

 private:
  struct Round;
  // One more try, on this node, with authentication before it when that is needed; the answer may be that of an earlier
  // one.
  Task<std::variant<Answer, Fault>> attempt(Round& round, const std::string& node, const std::string& method,
                                            const std::string& body, Instant limit);
  std::variant<Answer, Fault> judge(const SideBySide::Arrival& arrival);
  Task<CallResult> ask(Round& round, const std::string& method, const std::string& body);
  Task<std::optional<Fault>> authenticate(const std::string& node, Instant limit);
  Task<std::optional<Fault>> find_prefix(const std::string& node, Instant limit);
  // Decides about a failed try: nullopt = go on with the next node.
  Task<std::optional<Fault>> after_fault(Round& round, const std::string& node, Fault fault, Instant limit);
  HttpRequest request(const std::string& node, const std::string& method, const std::string& body) const;
  void refresh_later();
  Task<void> refresh();
  static Fault out_of_time(const Round& round);

  Clock& clock_;
  HttpTransport& transport_;
  EtcdConfig config_;
  Logger log_;
  EtcdNodes nodes_;
  std::string prefix_ = "/v3";
  std::string token_;
  bool no_auth_ = false;  // the store said that it wants none
  bool refreshing_ = false;
  TaskScope background_;
};

}  // namespace tamada::etcd3
