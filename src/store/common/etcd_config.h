// What a client of etcd needs to know, of either API; made from the settings, or by hand in tests and the simulator.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "model/settings.h"

namespace tamada {

struct EtcdConfig {
  std::vector<std::string> hosts;  // host, host:port or a URL
  std::string protocol = "http";   // for hosts that are no URL
  std::string srv;                 // DNS domain; used when there are no hosts
  std::string srv_suffix;
  bool use_proxies = false;  // ask only the hosts given, never the nodes that etcd lists
  std::string username;
  std::string password;
  std::string key_prefix;        // "/service/batman/", with both slashes
  std::string member_name;       // empty for tools, which neither lead nor have a member key
  Duration retry_timeout = 10s;  // for work without a deadline of its own: setting up the watch
  Duration watch_check = 5s;     // a watch that was silent for so long is asked whether it misses something
};

// `etcd`: the section of the settings that is used.
EtcdConfig etcd_config(const EtcdSettings& etcd, const Settings& settings);

}  // namespace tamada
