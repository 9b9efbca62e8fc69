// The tags of a member (A11). Known tags have fields; all others are kept as they were written.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace tamada {

struct Tags {
  json::object raw;  // as configured, custom tags included; what is published follows dcs.md 1.7

  // True when the member may never lead: `nofailover` true, or without it `failover_priority` <= 0.
  bool nofailover() const;
  // Order among equally advanced members; 0 with nofailover, 1 when absent or invalid.
  int failover_priority() const;
  bool noloadbalance() const;
  bool clonefrom() const;
  bool nosync() const;
  bool nostream() const;
  int sync_priority() const;
  std::optional<std::string> replicatefrom() const;

  // The object for the member key and REST: the five booleans only when true (or when the matching priority is set).
  json::object published() const;
};

}  // namespace tamada
