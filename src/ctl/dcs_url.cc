#include "ctl/dcs_url.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace tamada::ctl {

namespace {

struct Scheme {
  std::string_view name;
  int port;
};
// Without a scheme the port decides; the first match counts.
constexpr std::array<Scheme, 5> kSchemes{
    {{"etcd", 2379}, {"etcd3", 2379}, {"consul", 8500}, {"zookeeper", 2181}, {"exhibitor", 8181}}};
constexpr std::array<std::string_view, 7> kStoreSections{"etcd",      "etcd3",      "consul", "zookeeper",
                                                         "exhibitor", "kubernetes", "raft"};

const Scheme* scheme_named(std::string_view name) {
  for (const Scheme& scheme : kSchemes) {
    if (scheme.name == name) return &scheme;
  }
  return nullptr;
}

const Scheme& scheme_for_port(int port) {
  for (const Scheme& scheme : kSchemes) {
    if (scheme.port == port) return scheme;
  }
  return kSchemes.front();
}

// Cuts ":port" off the end; false when what stands there is no port.
bool take_port(std::string_view& authority, int& port) {
  const auto colon = authority.rfind(':');
  const auto bracket = authority.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) return true;
  const std::string_view digits = authority.substr(colon + 1);
  authority = authority.substr(0, colon);
  if (digits.empty()) return true;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return ec == std::errc() && end == digits.data() + digits.size() && port > 0 && port < 65536;
}

}  // namespace

Result<DcsUrl> parse_dcs_url(std::string_view text) {
  std::string_view rest = text;
  DcsUrl url;
  if (const auto mark = rest.find("://"); mark != std::string_view::npos) {
    url.scheme = rest.substr(0, mark);
    rest.remove_prefix(mark + 3);
  }
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    url.namespace_ = rest.substr(slash + 1);
    rest = rest.substr(0, slash);
  }
  if (!take_port(rest, url.port)) {
    return Error(ErrorCode::Invalid, fmt::format("the store address '{}' has no usable port", text),
                 "write it as etcd3://host:2379/namespace");
  }
  url.host = rest.empty() ? "localhost" : std::string(rest);
  const Scheme* scheme = url.scheme.empty() ? &scheme_for_port(url.port) : scheme_named(url.scheme);
  if (scheme == nullptr) return Error(ErrorCode::Invalid, fmt::format("Unknown dcs scheme: {}", url.scheme));
  url.scheme = scheme->name;
  if (url.port == 0) url.port = scheme->port;
  return url;
}

void use_dcs_url(json::object& document, const DcsUrl& url) {
  for (const std::string_view section : kStoreSections) document.erase(section);
  document[url.scheme] = json::object{{"hosts", json::array{fmt::format("{}:{}", url.host, url.port)}}};
  if (!url.namespace_.empty()) document["namespace"] = url.namespace_;
}

}  // namespace tamada::ctl
