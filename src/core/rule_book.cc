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

const std::vector<Situation>& rule_book() {
  static const std::vector<Situation> book = {
      shutdown_rules(),       busy_rules(),        fence_rules(),           store_rules(),  unfinished_rules(),
      empty_data_dir_rules(), order_rules(),       identity_rules(),        paused_rules(), lock_unclear_rules(),
      crashed_rules(),        starting_rules(),    standby_cluster_rules(), manual_rules(), i_lead_rules(),
      no_leader_rules(),      other_leads_rules(),
  };
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
