// PATCH and PUT of /config on documents (rest_api.md 9). Pure.
#pragma once

#include "base/json.h"

namespace tamada {

// The target with the patch merged in: null removes, an object merges into an object and replaces a scalar, a scalar
// replaces only what differs in its text, what is missing is added as given. `changed` becomes true if anything did.
json::object patched_config(json::object target, const json::object& patch, bool& changed);

// Same keys, same values by their text ("30" equals 30).
bool same_config(const json::value& a, const json::value& b);

}  // namespace tamada
