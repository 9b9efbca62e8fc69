#include "store/common/etcd_endpoints.h"

#include <fmt/format.h>

#include "model/url.h"

namespace tamada {

namespace {
constexpr int kDefaultPort = 2379;
}

HttpClientSettings etcd_http_settings(const EtcdSettings& etcd, const DynamicSettings& dynamic) {
  HttpClientSettings http;
  http.cacert = etcd.cacert;
  http.cert = etcd.cert;
  http.key = etcd.key;
  // As everybody's configuration has it: without an authority there is nothing to verify against (dcs.md 3.5).
  http.verify_peer = http.verify_host = !etcd.cacert.empty();
  http.keepalive_idle = dynamic.loop_wait + dynamic.retry_timeout;
  http.dead_after = dynamic.ttl;
  return http;
}

Result<std::string> etcd_base_url(const std::string& host, const std::string& protocol) {
  const std::string url = host.find("://") == std::string::npos ? protocol + "://" + host : host;
  const auto parts = split_url(url);
  if (!parts || parts->host.empty() || (parts->scheme != "http" && parts->scheme != "https")) {
    return Error(ErrorCode::Invalid, fmt::format("etcd host \"{}\" is neither host:port nor a URL", host));
  }
  const bool v6 = parts->host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", parts->scheme, v6 ? "[" : "", parts->host, v6 ? "]" : "",
                     parts->port.value_or(kDefaultPort));
}

}  // namespace tamada
