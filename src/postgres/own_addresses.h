// Addresses of this machine's interfaces; no name service is asked.
#pragma once

#include <string>
#include <vector>

namespace tamada {

std::vector<std::string> own_addresses();

}  // namespace tamada
