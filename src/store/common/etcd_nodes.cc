#include "store/common/etcd_nodes.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "store/common/etcd_endpoints.h"

namespace tamada {

namespace {

constexpr Duration kShortestTry = 200ms;
constexpr Duration kLongestFirstTry = 2s;
constexpr Duration kRoundGap = 100ms;  // between two rounds over all nodes, so that nobody is asked in a busy loop
constexpr Duration kRefreshEvery = 300s;
constexpr Duration kRefreshSoonest = 10s;  // after failures
constexpr Duration kDiscoverSoonest = 1s;

struct ServiceName {
  std::string_view name;
  std::string_view scheme;
  bool peers;  // the records name peer ports, whose /members tells the client ports
};

constexpr ServiceName kServices[] = {
    {"_etcd-client-ssl", "https", false}, {"_etcd-client", "http", false},
    {"_etcd-ssl", "https", false},        {"_etcd", "http", false},
    {"_etcd-server-ssl", "https", true},  {"_etcd-server", "http", true},
};

void add_new(std::vector<std::string>& list, const std::vector<std::string>& more) {
  for (const std::string& item : more) {
    if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
  }
}

}  // namespace

bool certainly_not_sent(const Error& error) {
  return error.code == ErrorCode::Unavailable || error.code == ErrorCode::Denied || error.code == ErrorCode::Invalid;
}

std::vector<std::string> etcd_client_urls(const json::array& members) {
  std::vector<std::string> urls;
  for (const json::value& member : members) {
    const json::value* list = member.is_object() ? member.get_object().if_contains("clientURLs") : nullptr;
    if (list == nullptr || !list->is_array()) continue;  // a member that was added but has not started yet
    for (const json::value& url : list->get_array()) {
      if (!url.is_string()) continue;
      std::string text(url.get_string());
      while (text.ends_with('/')) text.pop_back();
      if (text.starts_with("http://") || text.starts_with("https://")) add_new(urls, {text});
    }
  }
  return urls;
}

Instant EtcdRounds::try_until(Instant now) const {
  const Duration first = std::clamp<Duration>((deadline - began) / 10, kShortestTry, kLongestFirstTry);
  return std::min(deadline, now + first * (1 << std::min(number, 10)));
}

EtcdNodes::EtcdNodes(Clock& clock, HttpTransport& transport, Resolver* resolver, Logger log,
                     const std::string& member_name)
    : clock_(clock),
      transport_(transport),
      resolver_(resolver),
      log_(log),
      nodes_(log, "etcd node", std::hash<std::string>{}(member_name)) {}

void EtcdNodes::update_config(const EtcdConfig& config) {
  srv_ = config.srv;
  srv_suffix_ = config.srv_suffix;
  use_proxies_ = config.use_proxies;
  std::vector<std::string> urls;
  for (const std::string& host : config.hosts) {
    auto url = etcd_base_url(host, config.protocol);
    if (url) {
      urls.push_back(std::move(*url));
    } else {
      log_.error("{}", url.error().text());
    }
  }
  if (!urls.empty() || srv_.empty()) nodes_.set_configured(std::move(urls));
  if (use_proxies_) nodes_.set_listed({});
  discovered_at_ = kLongAgo;
}

Task<std::string> EtcdNodes::next(EtcdRounds& rounds) {
  if (nodes_.empty()) {
    auto found = co_await discover(rounds.deadline);
    if (!found) rounds.last = found.error();
  }
  while (clock_.now() < rounds.deadline) {
    std::string node = nodes_.pick(rounds.tried, clock_.now());
    if (!node.empty()) {
      rounds.tried.push_back(node);
      co_return node;
    }
    rounds.tried.clear();
    rounds.all_denied = true;
    ++rounds.number;
    co_await clock_.sleep_until(std::min(rounds.deadline, clock_.now() + kRoundGap));
    if (!srv_.empty()) (void)co_await discover(rounds.deadline);
  }
  co_return std::string();
}

void EtcdNodes::failed(const std::string& node, const Error& why) {
  nodes_.failed(node, why, clock_.now());
  refresh_wanted_ = true;
}

bool EtcdNodes::everybody_denies(const EtcdRounds& rounds) const {
  return rounds.all_denied && rounds.tried.size() >= nodes_.size();
}

bool EtcdNodes::foreign(const std::string& node, const std::string& cluster_id) {
  if (cluster_id.empty() || cluster_id == cluster_id_) return false;
  if (!cluster_id_.empty()) {
    if (!nodes_.all_others_failed(node)) return true;
    log_.error("etcd cluster id changed from {} to {}", cluster_id_, cluster_id);
  }
  cluster_id_ = cluster_id;
  return false;
}

bool EtcdNodes::take_refresh() {
  if (use_proxies_) return false;
  const Duration age = refreshed_at_ == kLongAgo ? Duration::max() : clock_.now() - refreshed_at_;
  if (age < (refresh_wanted_ ? kRefreshSoonest : kRefreshEvery)) return false;
  refresh_wanted_ = false;
  refreshed_at_ = clock_.now();
  return true;
}

Task<Result<void>> EtcdNodes::discover(Instant deadline) {
  if (srv_.empty()) co_return Error(ErrorCode::Invalid, "no etcd host is configured");
  if (discovered_at_ != kLongAgo && clock_.now() - discovered_at_ < kDiscoverSoonest) co_return Result<void>();
  discovered_at_ = clock_.now();
  auto urls = co_await discover_srv(deadline);
  if (!urls) co_return urls.error();
  nodes_.set_configured(std::move(*urls));
  co_return Result<void>();
}

// The first name that resolves to something usable.
Task<Result<std::vector<std::string>>> EtcdNodes::discover_srv(Instant deadline) {
  if (resolver_ == nullptr) co_return Error(ErrorCode::Unsupported, "etcd srv discovery is not available here");
  Error last(ErrorCode::NotFound, fmt::format("no etcd service record under {}", srv_));
  for (const ServiceName& service : kServices) {
    const std::string suffix = srv_suffix_.empty() ? "" : "-" + srv_suffix_;
    auto records = co_await resolver_->resolve_srv(fmt::format("{}{}._tcp.{}", service.name, suffix, srv_), deadline);
    if (!records) {
      if (records.error().code != ErrorCode::NotFound) last = records.error();
      continue;
    }
    std::vector<std::string> urls;
    for (const SrvRecord& record : *records) {
      const std::string url = fmt::format("{}://{}:{}", service.scheme, record.target, record.port);
      if (!service.peers) {
        add_new(urls, {url});
      } else if (auto clients = co_await ask_peer(url, deadline)) {
        add_new(urls, *clients);
      } else {
        last = clients.error();
      }
    }
    if (!urls.empty()) co_return urls;
  }
  co_return last;
}

Task<Result<std::vector<std::string>>> EtcdNodes::ask_peer(const std::string& peer_url, Instant deadline) {
  HttpRequest r;
  r.url = peer_url + "/members";
  auto response = co_await transport_.send(std::move(r), std::min(deadline, clock_.now() + 1s));
  if (!response) co_return response.error();
  auto members = parse_json(response->body);
  if (response->status != 200 || !members || !members->is_array()) {
    co_return Error(ErrorCode::Protocol, fmt::format("{}/members is no list of etcd's members", peer_url));
  }
  co_return etcd_client_urls(members->get_array());
}

}  // namespace tamada
