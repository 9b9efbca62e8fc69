#include "sim/network.h"

namespace tamada::sim {

namespace {
constexpr Duration kLocalDelay{20};
constexpr Duration kFastest{150};
constexpr Duration kSlowest{4000};
constexpr Duration kFirstRetransmission{200000};
}  // namespace

Duration SimNetwork::delay(int from, int to, Prng& random) const {
  if (from == to) return kLocalDelay;
  Duration d = random.skewed(kFastest, kSlowest);
  auto found = links_.find({from, to});
  if (found == links_.end()) return d;
  d += found->second.extra_delay;
  Duration again = kFirstRetransmission;
  for (int i = 0; i < 6 && random.permille(static_cast<std::uint64_t>(found->second.loss_permille)); ++i) {
    d += again;
    again *= 2;
  }
  return d;
}

}  // namespace tamada::sim
