#include "rules/telling.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/plan_names.h"

namespace tamada {

namespace {

std::string targets(const Plan& plan) {
  std::string text;
  if (plan.kind == PlanKind::Demote) text += fmt::format(" {}", name_of(plan.demote));
  if (!plan.follow.host.empty()) {
    text += fmt::format(" follow {}:{}", plan.follow.host, plan.follow.port);
    if (!plan.follow.slot.empty()) text += fmt::format(" slot {}", plan.follow.slot);
  }
  if (plan.leader) text += fmt::format(" leader {}", plan.leader->name);
  if (plan.to) text += fmt::format(" to {}", *plan.to);
  if (!plan.peers.empty()) {
    std::vector<std::string> names;
    for (const Member& m : plan.peers) names.push_back(m.name);
    text += fmt::format(" {} within {:.1f} s", fmt::join(names, " "), to_seconds(plan.probe_timeout));
  }
  if (plan.timeout) text += fmt::format(" timeout {} s", plan.timeout->count());
  return text;
}

}  // namespace

std::string tell(const Decision& decision, Instant now) {
  const Plan& plan = decision.plan;
  std::string text = fmt::format("  {}: {}{}{}\n", decision.explanation.rule, name_of(plan.kind), targets(plan),
                                 plan.hold_lock ? ", holding the lock" : "");
  text += fmt::format("  status: {}\n", plan.status);
  text += fmt::format("  because: {}\n", decision.explanation.because);
  std::vector<std::string_view> chores;
  for (const Chore chore : plan.chores) chores.push_back(name_of(chore));
  if (!chores.empty()) text += fmt::format("  chores: {}\n", fmt::join(chores, ", "));
  for (const std::string& warning : plan.warnings) text += fmt::format("  warning: {}\n", warning);
  for (const std::string& detail : decision.explanation.details) text += fmt::format("  detail: {}\n", detail);
  if (plan.kind == PlanKind::Exit) {
    text +=
        fmt::format("  exit: {}{}\n", plan.exit_message, plan.exit_without_stop ? " (PostgreSQL is left running)" : "");
  }
  if (plan.wake_at != kNever) text += fmt::format("  look again in {:.1f} s\n", to_seconds(plan.wake_at - now));
  return text;
}

}  // namespace tamada
