// CRC-32C (Castagnoli), as PostgreSQL uses it in pg_control.
#pragma once

#include <cstdint>
#include <string_view>

namespace tamada {

std::uint32_t crc32c(std::string_view bytes);

}  // namespace tamada
