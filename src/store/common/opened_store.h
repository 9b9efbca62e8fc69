// A store client as the settings ask for it, with what it stands on. Each store's folder exports one function
// `OpenedStore open_<kind>(const StoreContext&, const Settings&)`; the table of them is store/catalogue.
#pragma once

#include <functional>
#include <memory>

#include "base/async.h"
#include "base/log.h"
#include "model/settings.h"
#include "net/resolver.h"
#include "ports/clock.h"
#include "ports/store.h"

namespace tamada {

// All of it outlives the store.
struct StoreContext {
  Executor executor;
  Clock& clock;
  Resolver& resolver;
  Logger log;  // the store gets one named after itself
};

struct OpenedStore {
  std::shared_ptr<void> foundation;  // transports and the like: destroyed after the store
  std::unique_ptr<Store> store;
  // A reload: for requests from now on. Cluster, member and what reloads only at start have not changed.
  std::function<void(const Settings&)> update_settings;
};

}  // namespace tamada
