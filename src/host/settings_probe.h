// What --validate-config asks this machine and its network. Blocking; for a command that runs and ends, never for the
// daemon's threads.
#pragma once

#include "model/settings_validate.h"

namespace tamada {

// Connections are tried for at most one second each.
ValidationProbe machine_probe();

}  // namespace tamada
