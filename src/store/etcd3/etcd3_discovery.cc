// Where the nodes come from: DNS service records (dcs.md 3.3) and etcd's own member list.
#include <algorithm>

#include <fmt/format.h>

#include "store/etcd3/etcd3_client.h"

namespace tamada::etcd3 {

namespace {

constexpr Duration kRefreshEvery = 300s;
constexpr Duration kRefreshSoonest = 10s;  // after failures
constexpr Duration kRefreshLimit = 5s;
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

Task<Result<void>> Etcd3Client::discover(Instant deadline) {
  if (config_.srv.empty()) co_return Error(ErrorCode::Invalid, "no etcd host is configured");
  if (discovered_at_ != kLongAgo && clock_.now() - discovered_at_ < kDiscoverSoonest) co_return Result<void>();
  discovered_at_ = clock_.now();
  auto urls = co_await discover_srv(deadline);
  if (!urls) co_return urls.error();
  nodes_.set_configured(std::move(*urls));
  co_return Result<void>();
}

// The first name that resolves to something usable.
Task<Result<std::vector<std::string>>> Etcd3Client::discover_srv(Instant deadline) {
  if (resolver_ == nullptr) co_return Error(ErrorCode::Unsupported, "etcd srv discovery is not available here");
  Error last(ErrorCode::NotFound, fmt::format("no etcd service record under {}", config_.srv));
  for (const ServiceName& service : kServices) {
    const std::string suffix = config_.srv_suffix.empty() ? "" : "-" + config_.srv_suffix;
    auto records =
        co_await resolver_->resolve_srv(fmt::format("{}{}._tcp.{}", service.name, suffix, config_.srv), deadline);
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

Task<Result<std::vector<std::string>>> Etcd3Client::ask_peer(const std::string& peer_url, Instant deadline) {
  HttpRequest r;
  r.url = peer_url + "/members";
  auto response = co_await transport_.send(std::move(r), std::min(deadline, clock_.now() + 1s));
  if (!response) co_return response.error();
  // An array here, unlike the gateway's answer.
  Reply reply = parse_reply(response->status, "{\"members\":" + response->body + "}");
  if (auto* fault = std::get_if<Fault>(&reply)) co_return fault->error;
  co_return parse_client_urls(std::get<json::object>(reply));
}

// After an answered request, beside it: never in place of one (D0).
void Etcd3Client::refresh_later() {
  if (config_.use_proxies || refreshing_) return;
  const Duration age = refreshed_at_ == kLongAgo ? Duration::max() : clock_.now() - refreshed_at_;
  if (age < (refresh_wanted_ ? kRefreshSoonest : kRefreshEvery)) return;
  refreshing_ = true;
  refresh_wanted_ = false;
  refreshed_at_ = clock_.now();
  background_.spawn(refresh(), [this](const std::exception_ptr& error) {
    refreshing_ = false;
    if (error && !is_cancellation(error)) std::rethrow_exception(error);
  });
}

Task<void> Etcd3Client::refresh() {
  auto outcome = co_await call("/cluster/member/list", "{}", clock_.now() + kRefreshLimit);
  if (auto* fault = std::get_if<Fault>(&outcome)) {
    log_.debug("etcd's member list is not available: {}", fault->error.text());
    co_return;
  }
  auto urls = parse_client_urls(std::get<Answer>(outcome).body);
  if (!urls || urls->empty()) co_return;
  nodes_.set_listed(std::move(*urls));
}

}  // namespace tamada::etcd3
