// POST /switchover and /failover (rest_api.md 11): reading the body, the rows of validation that look at the request
// itself (1-9; the engine checks the rest against a fresh view and the peers), and what a later picture of the cluster
// says about the outcome. Pure.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "api/replies.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/facade.h"
#include "model/cluster_view.h"

namespace tamada {

struct SwitchoverBody {
  bool failover = false;  // the endpoint
  std::string leader;
  std::string candidate;
  std::string scheduled_at;  // as sent; empty = now
};
SwitchoverBody read_switchover_body(const json::object& body, bool failover);

struct SwitchoverConditions {
  Compatibility level = Compatibility::V4_1;
  bool paused = false;
  WallTime now;
};

// What the engine is to do, or the first row that refuses. A failover that names a leader becomes a switchover at 4.1.
std::variant<SwitchoverRequest, Refusal> validate_switchover(const SwitchoverBody& body,
                                                             const SwitchoverConditions& conditions);

// A time of the future with a zone, or the documented refusal. `action` is switchover, failover or restart.
std::variant<ParsedTime, Refusal> read_schedule(const std::string& text, std::string_view action, WallTime now);

// What is waited for after the request was written.
struct ExpectedSwitchover {
  bool failover = false;
  std::string old_leader;  // empty: there was none
  std::string candidate;   // empty: any
};
// Nothing while it is still open. A failure is to be confirmed with a view read after the write.
std::optional<HttpReply> switchover_outcome(const ExpectedSwitchover& expected, const ClusterView& view);
HttpReply switchover_unknown(const ExpectedSwitchover& expected);

}  // namespace tamada
