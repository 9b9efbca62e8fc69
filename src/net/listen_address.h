// "host:port" as the configuration writes it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tamada {

struct ListenAddress {
  std::string host;  // without brackets; empty or "*" = every address
  std::uint16_t port = 0;
  bool any() const { return host.empty() || host == "*"; }
  bool operator==(const ListenAddress&) const = default;
};

// Splits at the last colon; "[::1]:8008", "::1:8008" and ":8008" are fine. Error: Invalid.
Result<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace tamada
