#include "store/etcd3/etcd3_open.h"

#include "net/curl_transport.h"
#include "store/common/etcd_config.h"
#include "store/common/etcd_endpoints.h"
#include "store/etcd3/etcd3_store.h"

namespace tamada {

OpenedStore open_etcd3(const StoreContext& context, const Settings& settings) {
  auto http = std::make_shared<CurlTransport>(
      context.executor, [&clock = context.clock] { return clock.now(); },
      etcd_http_settings(settings.etcd3, settings.dynamic), context.resolver);
  auto store =
      std::make_unique<Etcd3Store>(context.executor, context.clock, *http, etcd_config(settings.etcd3, settings),
                                   &context.resolver, context.log.named("store.etcd3"));
  auto update = [http = http.get(), store = store.get()](const Settings& changed) {
    http->update_settings(etcd_http_settings(changed.etcd3, changed.dynamic));
    store->update_config(etcd_config(changed.etcd3, changed));
  };
  return {std::move(http), std::move(store), std::move(update)};
}

}  // namespace tamada
