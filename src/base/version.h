// The version of these programs, as CMake's project() has it: "0.1.0". Published in the member key's field "tamada".
#pragma once

#include <string_view>

namespace tamada {

std::string_view own_version();

}  // namespace tamada
