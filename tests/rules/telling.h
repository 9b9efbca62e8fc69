// A decision in words, the same each time.
#pragma once

#include <string>

#include "core/plan.h"

namespace tamada {

std::string tell(const Decision& decision, Instant now);

}  // namespace tamada
