#include "api/restart_body.h"

#include <limits>
#include <utility>

#include <fmt/format.h>

#include "api/switchover_rules.h"
#include "base/python_text.h"
#include "base/text.h"
#include "base/units.h"
#include "core/restart_conditions.h"

namespace tamada {

namespace {

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : python_text(value);
}

std::optional<Refusal> read_role(const json::value& value, Compatibility level, RestartRequest& out) {
  const std::string word = text_of(value);
  switch (parse_role(word)) {
    case Role::Primary:
      out.role = "primary";
      return std::nullopt;
    case Role::Replica:
      out.role = "replica";
      return std::nullopt;
    case Role::StandbyLeader:
      out.role = "standby_leader";
      return std::nullopt;
    default:
      break;
  }
  switch (level) {
    case Compatibility::V1_5:
      return Refusal{400, "PostgreSQL role should be either master or replica"};
    case Compatibility::V3_0:
      return Refusal{400, "PostgreSQL role should be either primary or replica"};
    case Compatibility::V4_1:
      break;
  }
  return Refusal{400, "PostgreSQL role should be either primary, standby_leader, or replica"};
}

std::optional<Refusal> read_version(const json::value& value, RestartRequest& out) {
  std::string text = text_of(value);
  if (auto checked = check_version_condition(text); !checked) return Refusal{400, checked.error().message};
  out.postgres_version = std::move(text);
  return std::nullopt;
}

std::optional<Refusal> read_timeout(const json::value& value, RestartRequest& out) {
  const auto seconds = value.is_bool() ? std::nullopt : parse_integer(text_of(value), "s");
  if (!seconds || *seconds <= 0 || *seconds > std::numeric_limits<std::int32_t>::max()) {
    return Refusal{400, "Timeout should be a positive number of seconds"};
  }
  out.timeout = std::chrono::seconds(*seconds);
  return std::nullopt;
}

}  // namespace

std::variant<RestartBody, Refusal> read_restart_body(const json::object& body, Compatibility level, WallTime now) {
  RestartBody out;
  for (const auto& [key, value] : body) {
    std::optional<Refusal> refusal;
    if (key == "schedule") {
      auto time = read_schedule(text_of(value), "restart", now);
      if (auto* bad = std::get_if<Refusal>(&time)) return *bad;
      out.schedule = std::get<ParsedTime>(time);
    } else if (key == "role") {
      refusal = read_role(value, level, out.request);
    } else if (key == "postgres_version") {
      refusal = read_version(value, out.request);
    } else if (key == "timeout") {
      refusal = read_timeout(value, out.request);
    } else if (key == "restart_pending") {
      out.request.only_pending = true;
    } else {
      refusal = Refusal{400, fmt::format("Unknown filter for the scheduled restart: {}", std::string_view(key))};
    }
    if (refusal) return *refusal;
  }
  return out;
}

ReinitializeRequest read_reinitialize_body(const json::object& body) {
  auto truthy = [&](std::string_view key) {
    const json::value* value = body.if_contains(key);
    if (value == nullptr) return false;
    return parse_boolean(to_lower(text_of(*value))).value_or(false);
  };
  return {truthy("force"), truthy("from_leader")};
}

}  // namespace tamada
