// The nodes of an etcd cluster, for clients of either API: where they come from (the configuration, DNS service records
// as dcs.md 3.3, the store's own list), which to ask next and how long, and which belong to another cluster.
//
// One thread; time only from the Clock, I/O only through the HttpTransport.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/log.h"
#include "base/result.h"
#include "base/task.h"
#include "net/http.h"
#include "net/resolver.h"
#include "ports/clock.h"
#include "store/common/etcd_config.h"
#include "store/common/store_nodes.h"

namespace tamada {

// The rounds over all nodes that one request goes through.
struct EtcdRounds {
  Instant began;
  Instant deadline;
  std::vector<std::string> tried;  // in this round
  int number = 0;
  bool all_denied = true;  // in this round, by TLS
  std::optional<Error> last;

  // When the next node is asked as well. Soon at first, so that a dead node costs little; twice as late in each further
  // round, so that a slow store is not buried under tries.
  Instant try_until(Instant now) const;
};

class EtcdNodes {
 public:
  // `resolver` may be null: then there is no discovery by DNS service records.
  EtcdNodes(Clock& clock, HttpTransport& transport, Resolver* resolver, Logger log, const std::string& member_name);

  void update_config(const EtcdConfig& config);
  // The next to ask, now or after a short wait; empty when the time is up or there is no node at all.
  Task<std::string> next(EtcdRounds& rounds);
  // Any that is thought to work; empty when none is known.
  std::string any() const { return nodes_.pick({}, clock_.now()); }
  void succeeded(const std::string& node) { nodes_.succeeded(node); }
  void failed(const std::string& node, const Error& why);
  // Certificates do not mend themselves: every node of this round refused.
  bool everybody_denies(const EtcdRounds& rounds) const;
  // Nodes of another cluster among the endpoints must not answer for ours. When no other node is left, the store was
  // made anew, and the view's store_id tells the engine.
  bool foreign(const std::string& node, const std::string& cluster_id);

  // Asking the store for its nodes is due: every five minutes, sooner after failures. Says so once.
  bool take_refresh();
  void refreshed(std::vector<std::string> urls) { nodes_.set_listed(std::move(urls)); }

 private:
  Task<Result<void>> discover(Instant deadline);
  Task<Result<std::vector<std::string>>> discover_srv(Instant deadline);
  Task<Result<std::vector<std::string>>> ask_peer(const std::string& peer_url, Instant deadline);

  Clock& clock_;
  HttpTransport& transport_;
  Resolver* resolver_;
  Logger log_;
  StoreNodes nodes_;
  std::string srv_;
  std::string srv_suffix_;
  bool use_proxies_ = false;
  std::string cluster_id_;  // the first that answered
  Instant discovered_at_ = kLongAgo;
  Instant refreshed_at_ = kLongAgo;
  bool refresh_wanted_ = true;
};

// Of a list of members as etcd tells it (an array of objects with clientURLs), without slashes at the end.
std::vector<std::string> etcd_client_urls(const json::array& members);
// Nothing of the request can have reached the server.
bool certainly_not_sent(const Error& error);

}  // namespace tamada
