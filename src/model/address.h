// host:port texts of the configuration. IPv6 addresses stand in brackets; several hosts may share one port. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tamada {

struct HostsAndPort {
  std::vector<std::string> hosts;  // without brackets; one empty host for ":8008"
  std::optional<int> port;         // nullopt: none was given
};

// "h1,h2:5432", "[::1]:8008", "::1" (more than one colon and no brackets: an address without port). nullopt for a bad
// port.
std::optional<HostsAndPort> parse_hosts_and_port(std::string_view text);

struct HostPort {
  std::string host;
  int port = 0;
  bool operator==(const HostPort&) const = default;
};
// One host; `default_port` is used when there is none, 0 means that a port is needed.
std::optional<HostPort> parse_host_port(std::string_view text, int default_port = 0);

// "host:port" with brackets where the host has colons.
std::string format_host_port(std::string_view host, int port);

// "*", "0.0.0.0", "::" and nothing mean all addresses.
bool is_wildcard_host(std::string_view host);

// A store's endpoint with the credentials in it; model/url.h reads the URLs that members publish.
struct EndpointUrl {
  std::string scheme;
  std::string username;  // percent-decoded
  std::string password;
  std::string host;
  int port = 0;  // 0: none
};
// scheme://[user[:password]@]host[:port][/...]
std::optional<EndpointUrl> parse_endpoint_url(std::string_view text);

}  // namespace tamada
