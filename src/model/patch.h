// Merging and comparing configuration documents (configuration.md 1.10, 1.11). Used for /config, edit-config, the
// environment over the file and the files of a directory. Pure, any thread.
#pragma once

#include "base/json.h"

namespace tamada {

// Merges the patch into the target: null removes a key, mappings merge, everything else replaces when its text form
// differs (10 and "10" are equal: the old one stays). True when the target changed.
bool patch_config(json::object& target, const json::object& patch);

// Same keys at every level and the same text forms of all other values: 1 equals "1", true does not equal "true".
bool deep_equal(const json::value& a, const json::value& b);

}  // namespace tamada
