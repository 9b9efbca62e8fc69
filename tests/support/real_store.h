// A store of etcd, of either API, over real sockets and the real clock, as a daemon has it; and a log that tests can
// read.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "host/system_clock.h"
#include "net/curl_transport.h"
#include "net/resolver.h"
#include "store/etcd2/etcd2_store.h"
#include "store/etcd3/etcd3_store.h"

namespace tamada::testing {

struct MemoryLog final : LogSink {
  bool enabled(LogLevel level, std::string_view) const override { return level >= LogLevel::Info; }
  void write(LogLevel level, std::string_view, std::string text) override { lines.push_back({level, std::move(text)}); }
  int count(LogLevel level, std::string_view part) const {
    int n = 0;
    for (const auto& [l, text] : lines) n += l == level && text.find(part) != std::string::npos;
    return n;
  }
  std::vector<std::pair<LogLevel, std::string>> lines;
};

template <class EtcdStore>
class RealStore {
 public:
  RealStore(Executor executor, EtcdConfig config, HttpClientSettings http = {})
      : log(sink, "test"),
        resolver(executor, [this] { return clock.now(); }),
        transport(
            executor, [this] { return clock.now(); }, std::move(http), resolver),
        store(executor, clock, transport, std::move(config), &resolver, log) {}

  MemoryLog sink;
  Logger log;
  SystemClock clock;
  SystemResolver resolver;
  CurlTransport transport;
  EtcdStore store;
};

using RealEtcdStore = RealStore<Etcd3Store>;
using RealEtcd2Store = RealStore<Etcd2Store>;

inline EtcdConfig etcd_config(std::vector<std::string> hosts, std::string prefix, std::string member) {
  EtcdConfig config;
  config.hosts = std::move(hosts);
  config.key_prefix = std::move(prefix);
  config.member_name = std::move(member);
  config.watch_check = std::chrono::seconds(1);
  return config;
}

}  // namespace tamada::testing
