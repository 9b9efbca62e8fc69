#include "store/etcd2/etcd2_open.h"

#include "net/curl_transport.h"
#include "store/common/etcd_config.h"
#include "store/common/etcd_endpoints.h"
#include "store/etcd2/etcd2_store.h"

namespace tamada {

OpenedStore open_etcd2(const StoreContext& context, const Settings& settings) {
  auto http = std::make_shared<CurlTransport>(
      context.executor, [&clock = context.clock] { return clock.now(); },
      etcd_http_settings(settings.etcd, settings.dynamic), context.resolver);
  auto store =
      std::make_unique<Etcd2Store>(context.executor, context.clock, *http, etcd_config(settings.etcd, settings),
                                   &context.resolver, context.log.named("store.etcd"));
  auto update = [http = http.get(), store = store.get()](const Settings& changed) {
    http->update_settings(etcd_http_settings(changed.etcd, changed.dynamic));
    store->update_config(etcd_config(changed.etcd, changed));
  };
  return {std::move(http), std::move(store), std::move(update)};
}

}  // namespace tamada
