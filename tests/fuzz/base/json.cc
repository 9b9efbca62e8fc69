// JSON of peers and of the store: any bytes. What is written from a value reads back as the same value.
#include <cstdint>
#include <string_view>

#include "base/invariant.h"
#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tamada;
  const auto value = parse_json(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!value) return 0;
  for (JsonStyle style : {JsonStyle::Compact, JsonStyle::Spaced}) {
    const std::string text = to_json(*value, style);
    const auto again = parse_json(text);
    // A number too large for a double is infinite, for which JSON has no word.
    INVARIANT(again || text.find("Infinity") != text.npos);
    INVARIANT(!again || to_json(*again, style) == text);
  }
  return 0;
}
