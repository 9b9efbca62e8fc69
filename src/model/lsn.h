// A WAL position: bytes from 0/0, as pg_lsn. 0 is "unknown" on the wire and is never a real position.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tamada {

struct Lsn {
  std::uint64_t bytes = 0;

  auto operator<=>(const Lsn&) const = default;
  bool known() const { return bytes != 0; }
};

// "16/B374D848" (PostgreSQL's text form).
std::string to_string(Lsn lsn);
// Error Invalid unless the text is two hexadecimal numbers of up to 8 digits joined by '/'.
Result<Lsn> parse_lsn(std::string_view text);

// Bytes that `behind` misses of `ahead`; 0 when it misses none.
inline std::uint64_t lag_bytes(Lsn ahead, Lsn behind) {
  return ahead.bytes > behind.bytes ? ahead.bytes - behind.bytes : 0;
}

// A timeline id; 0 is "unknown".
struct Timeline {
  std::uint32_t id = 0;

  auto operator<=>(const Timeline&) const = default;
  bool known() const { return id != 0; }
};

}  // namespace tamada
