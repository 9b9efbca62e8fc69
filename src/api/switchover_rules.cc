#include "api/switchover_rules.h"

#include <fmt/format.h>

#include "base/python_text.h"
#include "base/text.h"

namespace tamada {

namespace {

std::string_view word(bool failover) {
  return failover ? "failover" : "switchover";
}
std::string_view title(bool failover) {
  return failover ? "Failover" : "Switchover";
}

// Absent, null, false, 0 and empty mean "not given"; a number or a list is taken by its text and then refused for what
// it says.
std::string given(const json::object& body, std::string_view key) {
  const json::value* value = body.if_contains(key);
  if (value == nullptr || value->is_null()) return {};
  if (value->is_string()) return std::string(value->get_string());
  if (value->is_bool() && !value->get_bool()) return {};
  std::string text = python_text(*value);
  return text == "0" || text == "[]" || text == "{}" ? std::string() : text;
}

// Rows 1 to 3: who must be named.
std::optional<Refusal> check_names(const SwitchoverBody& body, Compatibility level) {
  if (body.failover && body.candidate.empty()) {
    return Refusal{400, "Failover could be performed only to a specific candidate"};
  }
  if (!body.failover && body.leader.empty()) {
    return Refusal{400, "Switchover could be performed only from a specific leader"};
  }
  if (body.scheduled_at.empty() || !body.failover) return std::nullopt;
  if (level == Compatibility::V4_1) return Refusal{400, "Failover can't be scheduled"};
  if (body.leader.empty()) return Refusal{400, "Scheduled failover is possible only from a specific leader"};
  return std::nullopt;
}

// Row 8: in pause nobody looks for the best candidate.
Refusal pause_needs_candidate(bool failover, Compatibility level) {
  const bool as_sent = level != Compatibility::V4_1;
  return {400,
          fmt::format("{} is possible only to a specific candidate in a paused state", title(as_sent && failover))};
}

}  // namespace

SwitchoverBody read_switchover_body(const json::object& body, bool failover) {
  SwitchoverBody out;
  out.failover = failover;
  out.leader = given(body, "leader");
  out.candidate = given(body, "candidate");
  if (out.candidate.empty()) out.candidate = given(body, "member");
  out.scheduled_at = given(body, "scheduled_at");
  return out;
}

std::variant<ParsedTime, Refusal> read_schedule(const std::string& text, std::string_view action, WallTime now) {
  const auto parsed = parse_iso8601(text);
  if (!parsed) {
    return Refusal{422, "Unable to parse scheduled timestamp. It should be in an unambiguous format, e.g. ISO 8601"};
  }
  if (!parsed->has_zone) {
    return Refusal{400, fmt::format("Timezone information is mandatory for the scheduled {}", action)};
  }
  if (parsed->time < now) return Refusal{422, fmt::format("Cannot schedule {} in the past", action)};
  return *parsed;
}

std::variant<SwitchoverRequest, Refusal> validate_switchover(const SwitchoverBody& body,
                                                             const SwitchoverConditions& c) {
  const Compatibility level = c.level;
  if (auto refusal = check_names(body, level)) return *refusal;
  SwitchoverRequest request{body.failover, body.leader, body.candidate, std::nullopt};
  if (!body.scheduled_at.empty()) {
    if (c.paused) return Refusal{400, fmt::format("Can't schedule {} in the paused state", word(body.failover))};
    auto time = read_schedule(body.scheduled_at, word(body.failover), c.now);
    if (auto* refusal = std::get_if<Refusal>(&time)) return *refusal;
    request.scheduled_at = std::get<ParsedTime>(time).time;
    request.offset_minutes = std::get<ParsedTime>(time).offset_minutes;
  }
  if (c.paused && body.candidate.empty()) return pause_needs_candidate(body.failover, level);
  if (level == Compatibility::V4_1 && !request.leader.empty()) request.failover = false;
  if (!request.leader.empty() && request.leader == request.candidate) {
    return Refusal{400, fmt::format("{} target and source are the same", title(request.failover))};
  }
  return request;
}

std::optional<HttpReply> switchover_outcome(const ExpectedSwitchover& expected, const ClusterView& view) {
  if (view.leader && view.leader->name() != expected.old_leader) {
    const std::string& now = view.leader->name();
    if (expected.candidate.empty() || expected.candidate == now) {
      return text_reply(200,
                        fmt::format("Successfully {} over to \"{}\"", expected.failover ? "failed" : "switched", now));
    }
    return text_reply(200, fmt::format("{} over to \"{}\" instead of \"{}\"", expected.failover ? "Failed" : "Switched",
                                       now, expected.candidate));
  }
  if (!view.failover) return text_reply(503, fmt::format("{} failed", title(expected.failover)));
  return std::nullopt;
}

HttpReply switchover_unknown(const ExpectedSwitchover& expected) {
  return text_reply(503, fmt::format("{} status unknown", title(expected.failover)));
}

}  // namespace tamada
