#include "store/common/etcd_config.h"

#include <algorithm>

namespace tamada {

EtcdConfig etcd_config(const EtcdSettings& etcd, const Settings& settings) {
  EtcdConfig config;
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

}  // namespace tamada
