// What a reload cannot change while the daemon runs: identity, store, places of files (reload class "start" of the
// settings table). Pure.
#pragma once

#include <string>
#include <vector>

#include "model/settings.h"

namespace tamada {

// Puts the running values of such settings back into `next`. Returns the paths whose new value waits for a restart of
// the daemon.
std::vector<std::string> keep_until_restart(const Settings& running, Settings& next);

}  // namespace tamada
