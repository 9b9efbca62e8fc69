// pg_control and what pg_controldata prints: a damaged disk may hold anything.
#include <cstdint>
#include <string_view>

#include "base/invariant.h"
#include "postgres/control_file.h"
#include "postgres/crc32c.h"

using namespace tamada;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (auto binary = parse_control_file(bytes)) INVARIANT(!binary->system_identifier.empty());
  (void)parse_pg_controldata(bytes);
  // With a right checksum behind it every content passes the first gate.
  std::string sealed(bytes);
  sealed.resize(292);
  const std::uint32_t version = 1300;
  sealed.replace(8, 4, reinterpret_cast<const char*>(&version), 4);
  const std::uint32_t crc = crc32c(std::string_view(sealed).substr(0, 288));
  sealed.replace(288, 4, reinterpret_cast<const char*>(&crc), 4);
  INVARIANT(parse_control_file(sealed).has_value());
  return 0;
}
