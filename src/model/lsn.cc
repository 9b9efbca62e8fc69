#include "model/lsn.h"

#include <charconv>

#include <fmt/format.h>

namespace tamada {

std::string to_string(Lsn lsn) {
  return fmt::format("{:X}/{:X}", lsn.bytes >> 32, lsn.bytes & 0xffffffffu);
}

namespace {
bool parse_half(std::string_view text, std::uint32_t& out) {
  if (text.empty() || text.size() > 8) return false;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  return ec == std::errc() && end == text.data() + text.size();
}
}  // namespace

Result<Lsn> parse_lsn(std::string_view text) {
  auto slash = text.find('/');
  std::uint32_t high = 0;
  std::uint32_t low = 0;
  if (slash == std::string_view::npos || !parse_half(text.substr(0, slash), high) ||
      !parse_half(text.substr(slash + 1), low)) {
    return Error(ErrorCode::Invalid, fmt::format("'{}' is no WAL position, expected the form 0/3000060", text));
  }
  return Lsn{(static_cast<std::uint64_t>(high) << 32) | low};
}

}  // namespace tamada
