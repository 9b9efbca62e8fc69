// What the network between two hosts does, in each direction. Connections are TCP: a lost packet is a delay, a cut link
// is silence until it heals.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "sim/host.h"
#include "sim/prng.h"

namespace tamada::sim {

struct Link {
  int cuts = 0;  // how many faults cut it now
  Duration extra_delay{0};
  int loss_permille = 0;
};

class SimNetwork {
 public:
  Link& link(int from, int to) { return links_[{from, to}]; }
  bool can_send(int from, int to) const {
    if (from == to) return true;
    auto found = links_.find({from, to});
    return found == links_.end() || found->second.cuts == 0;
  }
  bool connected(int a, int b) const { return can_send(a, b) && can_send(b, a); }
  // How long one message takes, retransmissions included.
  Duration delay(int from, int to, Prng& random) const;
  void cut(int from, int to) { ++links_[{from, to}].cuts; }
  void mend(int from, int to) {
    auto& link = links_[{from, to}];
    if (link.cuts > 0) --link.cuts;
  }
  void heal_all() { links_.clear(); }

 private:
  std::map<std::pair<int, int>, Link> links_;
};

}  // namespace tamada::sim
