#include "api/client_standing.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "model/url.h"

namespace tamada {

namespace ip = boost::asio::ip;

namespace {

bool in_network(const std::string& network, const ip::address& address) {
  boost::system::error_code ec;
  if (address.is_v4()) {
    const auto net = ip::make_network_v4(network, ec);
    return !ec && ip::network_v4(address.to_v4(), net.prefix_length()).canonical() == net.canonical();
  }
  const auto net = ip::make_network_v6(network, ec);
  return !ec && ip::network_v6(address.to_v6(), net.prefix_length()).canonical() == net.canonical();
}

std::optional<ip::address> address_of(const sockaddr* from) {
  if (from == nullptr) return std::nullopt;
  if (from->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, from, sizeof v4);
    return ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (from->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, from, sizeof v6);
    ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return ip::address_v6(bytes);
  }
  return std::nullopt;
}

bool is_interface_address(const ip::address& address) {
  ifaddrs* raw = nullptr;
  if (getifaddrs(&raw) != 0) return false;
  std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> list(raw, freeifaddrs);
  for (const ifaddrs* at = raw; at != nullptr; at = at->ifa_next) {
    if (address_of(at->ifa_addr) == address) return true;
  }
  return false;
}

// Literal addresses first: names are only looked up when nothing else matched.
Task<bool> any_host_matches(const std::vector<std::string>& hosts, const std::string& address, Resolver& resolver,
                            Instant deadline) {
  for (const auto& host : hosts) {
    if (address_matches(host, address)) co_return true;
  }
  boost::system::error_code ec;
  for (const auto& host : hosts) {
    ip::make_address(host, ec);
    if (!ec || host.empty() || host.find('/') != std::string::npos) continue;
    const auto found = co_await resolver.resolve(host, deadline);
    if (found && std::find(found->begin(), found->end(), address) != found->end()) co_return true;
  }
  co_return false;
}

}  // namespace

bool address_matches(const std::string& entry, const std::string& address) {
  boost::system::error_code ec;
  const auto client = ip::make_address(address, ec);
  if (ec) return false;
  if (entry.find('/') != std::string::npos) return in_network(entry, client);
  const auto listed = ip::make_address(entry, ec);
  return !ec && listed == client;
}

bool is_this_host(const HttpClientInfo& client) {
  boost::system::error_code ec;
  const auto address = ip::make_address(client.address, ec);
  if (ec) return false;
  return address.is_loopback() || client.address == client.local_address || is_interface_address(address);
}

namespace {

void add_host(const std::string& api_url, std::vector<std::string>& hosts) {
  const auto url = split_url(api_url);
  if (url && std::find(hosts.begin(), hosts.end(), url->host) == hosts.end()) hosts.push_back(url->host);
}

}  // namespace

std::vector<std::string> member_hosts(const ClusterView* view) {
  std::vector<std::string> hosts;
  if (view == nullptr) return hosts;
  for (const Member& member : view->members) add_host(member.api_url, hosts);
  return hosts;
}

void add_hosts(const std::map<std::string, std::string>& failsafe, std::vector<std::string>& hosts) {
  for (const auto& [name, url] : failsafe) add_host(url, hosts);
}

Task<ClientStanding> find_standing(const HttpClientInfo& client, const RestApiSettings& settings,
                                   std::vector<std::string> members, Resolver& resolver, Instant deadline) {
  ClientStanding standing;
  standing.on_this_host = is_this_host(client);
  standing.in_allowlist = co_await any_host_matches(settings.allowlist, client.address, resolver, deadline);
  if (settings.allowlist_include_members || (closed_by_default(settings) && !standing.on_this_host)) {
    standing.is_member = co_await any_host_matches(members, client.address, resolver, deadline);
  }
  co_return standing;
}

}  // namespace tamada
