// Which node of a store to ask next. Keeps the configured endpoints and those that the store itself lists, and
// remembers which of them failed. No I/O, no clock.
//
// The one that works is kept until it fails. A failed one comes last until it has been left alone for a while. Its
// failures are logged once, and once more with their count when it works again; one that is only slow is told when it
// has been silent for a few seconds.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/time.h"

namespace tamada {

class StoreNodes {
 public:
  // `what` names a node in the log, "etcd node"; `spread` moves the first choice, so that not every member of a cluster
  // starts with the same node.
  StoreNodes(Logger log, std::string what, std::size_t spread)
      : log_(std::move(log)), what_(std::move(what)), spread_(spread) {}

  // Base URLs without a slash at the end. Nodes that stay keep what is known about them.
  void set_configured(std::vector<std::string> urls);
  // What the store listed; used beside the configured ones.
  void set_listed(std::vector<std::string> urls);

  bool empty() const { return nodes_.empty(); }
  std::size_t size() const { return nodes_.size(); }
  // The next to ask in a round in which `tried` were asked already; empty when that were all.
  std::string pick(const std::vector<std::string>& tried, Instant now) const;
  void succeeded(const std::string& url);
  void failed(const std::string& url, const Error& why, Instant now);
  // Nobody but `url` is known to work: what it says cannot be compared with others.
  bool all_others_failed(const std::string& url) const;

 private:
  struct Node {
    std::string url;
    int failures = 0;  // in a row
    Instant failing_since = kLongAgo;
    Instant failed_at = kLongAgo;
    bool told = false;  // in the log
  };
  void rebuild();
  const Node* find(const std::string& url) const;
  Node* find(const std::string& url);

  Logger log_;
  std::string what_;
  std::size_t spread_;
  std::vector<std::string> configured_;
  std::vector<std::string> listed_;
  std::vector<Node> nodes_;
  std::string current_;
};

}  // namespace tamada
