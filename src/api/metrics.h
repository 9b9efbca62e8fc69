// GET /metrics: Prometheus text with the documented names (rest_api.md 10). Pure.
#pragma once

#include <string>

#include "engine/snapshot.h"

namespace tamada {

std::string metrics_text(const Snapshot& snapshot, Instant now);

}  // namespace tamada
