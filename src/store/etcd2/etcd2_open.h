// Etcd2Store over real sockets, from the settings.
#pragma once

#include "store/common/opened_store.h"

namespace tamada {

OpenedStore open_etcd2(const StoreContext& context, const Settings& settings);

}  // namespace tamada
