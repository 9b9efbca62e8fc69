// Which stores this program serves: a row for each section of the configuration.
#pragma once

#include "base/result.h"
#include "store/common/opened_store.h"

namespace tamada {

// The client of the store that settings.store names; a tool, which neither leads nor has a member key, clears
// settings.name. Errors: Invalid when no store is configured, Unsupported when this version does not serve it.
Result<OpenedStore> open_store(const StoreContext& context, const Settings& settings);

}  // namespace tamada
