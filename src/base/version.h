// Our own version. What peers are shown instead depends on the compatibility level: see peer_version.
#pragma once

#include <string_view>

namespace tamada {

std::string_view own_version();  // "0.1.0"

}  // namespace tamada
