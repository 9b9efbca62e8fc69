// Whom a standby streams from.
#pragma once

#include <string>

namespace tamada {

struct FollowTarget {
  std::string member;  // name, for messages; empty for a remote primary or nobody
  std::string host;    // empty = nobody: archive recovery only
  int port = 5432;
  std::string slot;  // primary_slot_name; empty = none
  bool operator==(const FollowTarget&) const = default;
};

}  // namespace tamada
