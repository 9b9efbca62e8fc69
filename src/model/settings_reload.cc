#include "model/settings_reload.h"

namespace tamada {

namespace {

class Keeper {
 public:
  template <class T>
  void keep(std::string path, const T& running, T& next) {
    if (next == running) return;
    next = running;
    waiting_.push_back(std::move(path));
  }
  std::vector<std::string> waiting() { return std::move(waiting_); }

 private:
  std::vector<std::string> waiting_;
};

void keep_store(Keeper& keeper, const EtcdSettings& running, EtcdSettings& next) {
  keeper.keep("etcd3.hosts", running.hosts, next.hosts);
  keeper.keep("etcd3.protocol", running.protocol, next.protocol);
  keeper.keep("etcd3.srv", running.srv, next.srv);
  keeper.keep("etcd3.srv_suffix", running.srv_suffix, next.srv_suffix);
  keeper.keep("etcd3.proxy", running.proxy, next.proxy);
  keeper.keep("etcd3.use_proxies", running.use_proxies, next.use_proxies);
  keeper.keep("etcd3.cacert", running.cacert, next.cacert);
  keeper.keep("etcd3.cert", running.cert, next.cert);
  keeper.keep("etcd3.key", running.key, next.key);
}

void keep_places(Keeper& keeper, const PostgresSettings& running, PostgresSettings& next) {
  keeper.keep("postgresql.data_dir", running.data_dir, next.data_dir);
  keeper.keep("postgresql.config_dir", running.config_dir, next.config_dir);
  keeper.keep("postgresql.config_base_name", running.config_base_name, next.config_base_name);
  keeper.keep("postgresql.bin_dir", running.bin_dir, next.bin_dir);
  keeper.keep("postgresql.pgpass", running.pgpass, next.pgpass);
  keeper.keep("postgresql.database", running.database, next.database);
}

}  // namespace

std::vector<std::string> keep_until_restart(const Settings& running, Settings& next) {
  Keeper keeper;
  keeper.keep("name", running.name, next.name);
  keeper.keep("scope", running.scope, next.scope);
  keeper.keep("namespace", running.namespace_, next.namespace_);
  keeper.keep("compatibility", running.compatibility, next.compatibility);
  keeper.keep("store", running.store, next.store);
  keep_store(keeper, running.etcd3, next.etcd3);
  keep_places(keeper, running.postgresql, next.postgresql);
  keeper.keep("restapi.request_queue_size", running.restapi.request_queue_size, next.restapi.request_queue_size);
  return keeper.waiting();
}

}  // namespace tamada
