// History files come from archives and from other servers: any bytes. What is accepted has rising timelines.
#include <cstdint>
#include <string_view>

#include "base/invariant.h"
#include "postgres/timeline_history.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto lines = tamada::parse_timeline_history(text);
  if (!lines) return 0;
  tamada::Timeline previous;
  for (const auto& line : *lines) {
    INVARIANT(line.timeline > previous);
    INVARIANT(line.reason.find('\n') == std::string::npos);
    previous = line.timeline;
  }
  return 0;
}
