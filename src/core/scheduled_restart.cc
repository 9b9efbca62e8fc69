#include "core/scheduled_restart.h"

#include <fmt/format.h>

#include "base/text.h"
#include "core/manual_request.h"
#include "core/restart_conditions.h"

namespace tamada {

namespace {

// The same moment may be written in another zone, once the server's TimeZone has changed.
bool same_moment(const std::string& a, const std::string& b) {
  const auto first = parse_iso8601(a);
  const auto second = parse_iso8601(b);
  return first && second ? first->time == second->time : a == b;
}

}  // namespace

ScheduledRestartVerdict judge_scheduled_restart(const Observation& o, const Memory& memory, WallTime wall,
                                                const Settings& settings) {
  using enum ScheduledRestartVerdict::Kind;
  if (!o.scheduled_restart) return {None, ""};
  const ScheduledRestart& wanted = *o.scheduled_restart;
  if (o.procedure.kind != ProcedureKind::None) return {Awaited, fmt::format("{} is in progress", o.procedure.name)};
  const auto& row = o.postgres.row;
  if (row && !row->postmaster_start_time.empty() &&
      !same_moment(row->postmaster_start_time, wanted.postmaster_start_time)) {
    return {Cancelled, fmt::format("PostgreSQL was started anew since, at {}", row->postmaster_start_time)};
  }
  if (settings.dynamic.pause) return {Awaited, "scheduled restarts are never due in pause"};
  const Duration until = wanted.at - wall;
  if (until > Duration(0)) return {Awaited, fmt::format("it is due in {:.0f} s", to_seconds(until))};
  if (-until > schedule_tolerance(settings.dynamic)) {
    return {Cancelled, fmt::format("it was due {:.0f} s ago", -to_seconds(until))};
  }
  if (o.store != StoreReach::Fresh || !o.view || !o.view->leader) return {Awaited, "the store does not say who leads"};
  if (!row) return {Awaited, "PostgreSQL does not answer"};
  if (auto unmet = why_no_restart(wanted.request, o.postgres, memory.role)) {
    return {Cancelled, "restart conditions are not satisfied: " + *unmet};
  }
  return {Due, "its time has come"};
}

}  // namespace tamada
