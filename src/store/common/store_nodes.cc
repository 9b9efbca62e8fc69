#include "store/common/store_nodes.h"

#include <algorithm>

namespace tamada {

namespace {

constexpr Duration kLeaveAlone = 10s;  // a node that failed less than this ago is asked only when no other is left

constexpr Duration kSlow = 3s;  // silence of a node that is told

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

void StoreNodes::set_configured(std::vector<std::string> urls) {
  configured_ = std::move(urls);
  rebuild();
}

void StoreNodes::set_listed(std::vector<std::string> urls) {
  listed_ = std::move(urls);
  rebuild();
}

void StoreNodes::rebuild() {
  std::vector<Node> nodes;
  for (const std::vector<std::string>* list : {&configured_, &listed_}) {
    for (const std::string& url : *list) {
      const bool there = std::any_of(nodes.begin(), nodes.end(), [&](const Node& n) { return n.url == url; });
      if (there) continue;
      const Node* known = find(url);
      nodes.push_back(known != nullptr ? *known : Node{.url = url});
    }
  }
  nodes_ = std::move(nodes);
  if (find(current_) == nullptr) current_ = nodes_.empty() ? "" : nodes_[spread_ % nodes_.size()].url;
}

const StoreNodes::Node* StoreNodes::find(const std::string& url) const {
  auto it = std::find_if(nodes_.begin(), nodes_.end(), [&](const Node& n) { return n.url == url; });
  return it == nodes_.end() ? nullptr : &*it;
}

StoreNodes::Node* StoreNodes::find(const std::string& url) {
  return const_cast<Node*>(static_cast<const StoreNodes*>(this)->find(url));
}

std::string StoreNodes::pick(const std::vector<std::string>& tried, Instant now) const {
  const auto current =
      std::find_if(nodes_.begin(), nodes_.end(), [&](const Node& n) { return n.url == current_; }) - nodes_.begin();
  const Node* fallback = nullptr;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[(static_cast<std::size_t>(current) + i) % nodes_.size()];
    if (contains(tried, node.url)) continue;
    if (node.failures == 0 || now - node.failed_at >= kLeaveAlone) return node.url;
    if (fallback == nullptr || node.failed_at < fallback->failed_at) fallback = &node;
  }
  return fallback != nullptr ? fallback->url : std::string();
}

void StoreNodes::succeeded(const std::string& url) {
  current_ = url;
  Node* node = find(url);
  if (node == nullptr || node->failures == 0) return;
  if (node->told) log_.info("{} {} answers again after {} failed request(s)", what_, url, node->failures);
  node->failures = 0;
  node->told = false;
}

void StoreNodes::failed(const std::string& url, const Error& why, Instant now) {
  Node* node = find(url);
  if (node == nullptr) return;
  node->failed_at = now;
  if (node->failures == 0) node->failing_since = now;
  std::string text = why.text();
  if (text.starts_with(url + ": ")) text.erase(0, url.size() + 2);
  ++node->failures;
  const bool slow = why.code == ErrorCode::Timeout && now - node->failing_since < kSlow;
  if (!node->told && !slow) {
    node->told = true;
    log_.warning("{} {} failed: {}", what_, url, text);
  } else {
    log_.debug("{} {} failed {} times: {}", what_, url, node->failures, text);
  }
  if (current_ != url) return;
  const std::string next = pick({url}, now);
  if (!next.empty()) current_ = next;
}

bool StoreNodes::all_others_failed(const std::string& url) const {
  return std::all_of(nodes_.begin(), nodes_.end(), [&](const Node& n) { return n.url == url || n.failures > 0; });
}

}  // namespace tamada
