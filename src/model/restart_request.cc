#include "model/restart_request.h"

#include <fmt/format.h>

#include "base/text.h"

namespace tamada {

namespace {

Error wrong(std::string_view field) {
  return Error(ErrorCode::Invalid, fmt::format("field {} of a scheduled restart cannot be read", field));
}

// nullopt when it is there and no text; empty when it is absent.
std::optional<std::string> text_of(const json::object& fields, std::string_view key) {
  const json::value* value = fields.if_contains(key);
  if (value == nullptr || value->is_null()) return std::string();
  if (!value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

}  // namespace

json::object format_scheduled_restart(const ScheduledRestart& restart, Compatibility level) {
  const RestartRequest& request = restart.request;
  json::object out;
  if (request.only_pending) out["restart_pending"] = true;
  if (!request.postgres_version.empty()) out["postgres_version"] = request.postgres_version;
  if (!request.role.empty()) out["role"] = role_word(parse_role(request.role), level);
  out["schedule"] = format_iso8601(restart.at, restart.offset_minutes);
  if (request.timeout) out["timeout"] = request.timeout->count();
  out["postmaster_start_time"] = restart.postmaster_start_time;
  return out;
}

Result<ScheduledRestart> read_scheduled_restart(const json::object& fields) {
  ScheduledRestart out;
  const auto schedule = text_of(fields, "schedule");
  const auto at = schedule ? parse_iso8601(*schedule) : std::nullopt;
  if (!at || !at->has_zone) return wrong("schedule");
  out.at = at->time;
  out.offset_minutes = at->offset_minutes;
  const auto started = text_of(fields, "postmaster_start_time");
  if (!started || started->empty()) return wrong("postmaster_start_time");
  out.postmaster_start_time = *started;
  const auto role = text_of(fields, "role");
  if (!role || (!role->empty() && parse_role(*role) == Role::Unknown)) return wrong("role");
  if (!role->empty()) out.request.role = role_word(parse_role(*role), Compatibility::V4_1);
  const auto version = text_of(fields, "postgres_version");
  if (!version) return wrong("postgres_version");
  out.request.postgres_version = *version;
  if (const json::value* timeout = fields.if_contains("timeout")) {
    boost::system::error_code error;
    const auto seconds = timeout->to_number<std::int32_t>(error);
    if (error || seconds <= 0) return wrong("timeout");
    out.request.timeout = std::chrono::seconds(seconds);
  }
  out.request.only_pending = fields.contains("restart_pending");
  return out;
}

}  // namespace tamada
