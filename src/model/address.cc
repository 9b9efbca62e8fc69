#include "model/address.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace tamada {

namespace {

std::optional<int> parse_port(std::string_view text) {
  int port = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || port < 1 || port > 65535) return std::nullopt;
  return port;
}

std::string without_brackets(std::string_view host) {
  host = trim(host);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return std::string(host);
}

// Where the port begins: the last colon, unless it is part of an address.
std::size_t port_colon(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return colon;
  const std::size_t bracket = text.rfind(']');
  if (bracket != text.npos) return bracket < colon ? colon : text.npos;
  const std::size_t comma = text.rfind(',');
  const std::size_t start = comma == text.npos ? 0 : comma + 1;
  const std::string_view last = text.substr(start);
  return std::count(last.begin(), last.end(), ':') == 1 ? colon : text.npos;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    if (escape) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

std::optional<HostsAndPort> parse_hosts_and_port(std::string_view text) {
  text = trim(text);
  HostsAndPort out;
  const std::size_t colon = port_colon(text);
  if (colon != text.npos) {
    out.port = parse_port(trim(text.substr(colon + 1)));
    if (!out.port) return std::nullopt;
  }
  for (const std::string& host : split(text.substr(0, colon), ',')) out.hosts.push_back(without_brackets(host));
  return out;
}

std::optional<HostPort> parse_host_port(std::string_view text, int default_port) {
  const auto parsed = parse_hosts_and_port(text);
  if (!parsed || parsed->hosts.size() != 1) return std::nullopt;
  if (!parsed->port && default_port == 0) return std::nullopt;
  return HostPort{parsed->hosts.front(), parsed->port.value_or(default_port)};
}

std::string format_host_port(std::string_view host, int port) {
  const bool brackets = host.find(':') != host.npos;
  return (brackets ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::to_string(port);
}

bool is_wildcard_host(std::string_view host) {
  return host.empty() || host == "*" || host == "0.0.0.0" || host == "::" || host == "[::]";
}

std::optional<EndpointUrl> parse_endpoint_url(std::string_view text) {
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == text.npos || scheme_end == 0) return std::nullopt;
  EndpointUrl out;
  out.scheme = to_lower(text.substr(0, scheme_end));
  std::string_view authority = text.substr(scheme_end + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const std::size_t at = authority.rfind('@');
  if (at != authority.npos) {
    const std::string_view user = authority.substr(0, at);
    const std::size_t colon = user.find(':');
    out.username = percent_decode(user.substr(0, colon));
    if (colon != user.npos) out.password = percent_decode(user.substr(colon + 1));
    authority.remove_prefix(at + 1);
  }
  const auto parsed = parse_hosts_and_port(authority);
  if (!parsed || parsed->hosts.size() != 1 || parsed->hosts.front().empty()) return std::nullopt;
  out.host = parsed->hosts.front();
  out.port = parsed->port.value_or(0);
  return out;
}

}  // namespace tamada
