// A member's answer may come from anybody who listens on its address.
#include <cstdint>
#include <string_view>

#include "base/invariant.h"
#include "peers/peer_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tamada;
  const PeerAnswer answer = parse_peer_answer({reinterpret_cast<const char*>(data), size});
  if (answer.reach == PeerAnswer::Reach::Answered) {
    INVARIANT(answer.is_primary != answer.in_recovery);
  } else {
    INVARIANT(answer.reach == PeerAnswer::Reach::Broken && !answer.problem.empty());
  }
  return 0;
}
