// Configuration files: any bytes. Reading never fails otherwise than with an error, and what is written from a value
// reads back as the same value.
#include <cstdint>
#include <string_view>

#include "base/invariant.h"
#include "base/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tamada;
  const auto value = parse_yaml(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!value) {
    INVARIANT(!value.error().message.empty());
    return 0;
  }
  const std::string text = to_yaml(*value);
  const auto again = parse_yaml(text);
  INVARIANT(again);
  INVARIANT(to_yaml(*again) == text);
  YamlStyle flow;
  flow.flow = true;
  const auto from_flow = parse_yaml(to_yaml(*value, flow));
  INVARIANT(from_flow);
  INVARIANT(to_yaml(*from_flow) == text);
  return 0;
}
