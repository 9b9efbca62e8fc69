#include "core/rule_book.h"

#include <algorithm>

#include "base/invariant.h"

namespace tamada {

bool holds(const When& when, const Facts& facts) {
  return std::all_of(when.begin(), when.end(), [&](const Condition& c) { return c.holds(facts); });
}

bool entered(const Situation& situation, const Facts& facts) {
  return std::any_of(situation.entered_when.begin(), situation.entered_when.end(),
                     [&](const When& when) { return holds(when, facts); });
}

namespace {

// Taking and destroying need all that leads to a table to be known: otherwise the unknown could be hiding the table in
// which waiting is right (S6).
When known_way() {
  using namespace fact;
  return {is(ShuttingDown::No),   is(Busy::Idle),
          is_known<Paused>(),     is_known<fact::Store>(),
          is_known<fact::Lock>(), is_known<Leader>(),
          is_known<Postgres>(),   is_known<Writable>(),
          is_known<DataDir>(),    is_known<Unfinished>(),
          is_known<Order>(),      is_known<SystemId>(),
          is_known<StoppedBy>(),  is_known<StandbyCluster>()};
}

void demand_knowledge(Situation& situation) {
  for (Rule& rule : situation.rules) {
    if (!takes(rule.then.plan) && !destroys(rule.then.plan)) continue;
    for (const Condition& wanted : known_way()) {
      const auto same = [&](const Condition& c) { return c.id == wanted.id; };
      const auto there = std::find_if(rule.when.begin(), rule.when.end(), same);
      if (there == rule.when.end()) {
        rule.when.push_back(wanted);
      } else {
        there->allowed &= wanted.allowed;
      }
    }
  }
}

std::vector<Situation> make_book() {
  std::vector<Situation> book = {
      shutdown_rules(),       busy_rules(),        fence_rules(),           store_rules(),  unfinished_rules(),
      empty_data_dir_rules(), order_rules(),       identity_rules(),        paused_rules(), lock_unclear_rules(),
      crashed_rules(),        starting_rules(),    standby_cluster_rules(), manual_rules(), i_lead_rules(),
      no_leader_rules(),      other_leads_rules(),
  };
  for (Situation& situation : book) demand_knowledge(situation);
  return book;
}

}  // namespace

bool takes(PlanKind plan) {
  return plan == PlanKind::AcquireLock || plan == PlanKind::Promote || plan == PlanKind::StartAsPrimary ||
         plan == PlanKind::ReleaseLock;
}

bool destroys(PlanKind plan) {
  return plan == PlanKind::Rewind || plan == PlanKind::CrashRecovery || plan == PlanKind::Reinitialize ||
         plan == PlanKind::Clone || plan == PlanKind::Bootstrap;
}

const std::vector<Situation>& rule_book() {
  static const std::vector<Situation> book = make_book();
  return book;
}

Verdict find_rule(const Facts& facts) {
  for (const Situation& situation : rule_book()) {
    if (!entered(situation, facts)) continue;
    for (const Rule& rule : situation.rules) {
      if (holds(rule.when, facts)) return {&situation, &rule};
    }
  }
  INVARIANT(false && "the last rule of the last situation has no conditions");
  return {};
}

}  // namespace tamada
