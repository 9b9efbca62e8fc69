#include "net/listen_address.h"

#include <charconv>

#include <fmt/format.h>

namespace tamada {

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const Error bad(ErrorCode::Invalid, fmt::format("expected <HOST>:<PORT>, but got \"{}\"", text));
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad;
  std::string_view host = text.substr(0, colon);
  std::string_view port = text.substr(colon + 1);
  ListenAddress result;
  auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), result.port);
  if (ec != std::errc() || end != port.data() + port.size()) return bad;
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host.find_first_of("[] \t") != std::string_view::npos) return bad;
  result.host = std::string(host);
  return result;
}

}  // namespace tamada
