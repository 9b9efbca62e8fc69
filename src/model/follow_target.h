// Whom a standby streams from.
#pragma once

#include <string>

namespace tamada {

struct FollowTarget {
  std::string member;         // name, for messages; empty for a remote primary or nobody
  std::string host;           // empty = nobody: archive recovery only; of a remote primary possibly several with commas
  std::string port = "5432";  // of a remote primary possibly one for each host
  std::string slot;           // primary_slot_name; empty = none
  bool remote = false;        // what `standby_cluster` says, also when it names no host
  bool operator==(const FollowTarget&) const = default;
};

}  // namespace tamada
