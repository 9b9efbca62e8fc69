#include "store/etcd3/etcd3_config.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/url.h"

namespace tamada {

namespace {
constexpr int kDefaultPort = 2379;
}

Etcd3Config etcd3_config(const Settings& settings) {
  const EtcdSettings& etcd = settings.etcd3;
  Etcd3Config config;
  config.hosts = etcd.hosts;
  config.protocol = etcd.protocol;
  config.srv = etcd.srv;
  config.srv_suffix = etcd.srv_suffix;
  config.use_proxies = etcd.use_proxies || !etcd.proxy.empty();
  if (!etcd.proxy.empty()) config.hosts = {etcd.proxy};
  config.username = etcd.username;
  config.password = etcd.password;
  config.key_prefix = settings.key_prefix();
  config.member_name = settings.name;
  config.retry_timeout = settings.dynamic.retry_timeout;
  // A little longer than between two renewals, each of which is seen by the watch: a healthy one is never asked.
  const Duration renewals = std::min<Duration>(settings.dynamic.ttl / 3, settings.dynamic.loop_wait);
  config.watch_check = std::max<Duration>(renewals * 5 / 4, 500ms);
  return config;
}

HttpClientSettings etcd3_http_settings(const Settings& settings) {
  const EtcdSettings& etcd = settings.etcd3;
  HttpClientSettings http;
  http.cacert = etcd.cacert;
  http.cert = etcd.cert;
  http.key = etcd.key;
  // As everybody's configuration has it: without an authority there is nothing to verify against (dcs.md 3.5).
  http.verify_peer = http.verify_host = !etcd.cacert.empty();
  http.keepalive_idle = settings.dynamic.loop_wait + settings.dynamic.retry_timeout;
  http.dead_after = settings.dynamic.ttl;
  return http;
}

Result<std::string> etcd3_base_url(const std::string& host, const std::string& protocol) {
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
