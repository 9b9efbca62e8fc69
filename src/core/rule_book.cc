#include "core/rule_book.h"

#include <algorithm>
#include <array>

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

// Facts that lead to the situation at `last`, by what it and those before it are entered for. How long a lock lasts,
// what a request says, and what is asked about a sick primary means nothing to who holds none or serves nobody; the
// rules that need them say so.
bool only_of_holders(FactId id) {
  return id == FactId::Validity || id == FactId::Request || id == FactId::Health || id == FactId::Successor ||
         id == FactId::LastRole;
}

std::vector<FactId> way_to(const std::vector<Situation>& book, std::size_t last) {
  std::vector<FactId> way;
  for (std::size_t i = 0; i <= last; ++i) {
    for (const When& when : book[i].entered_when) {
      for (const Condition& c : when) {
        if (!only_of_holders(c.id)) way.push_back(c.id);
      }
    }
  }
  return way;
}

// Taking and destroying need all that leads to a table to be known: otherwise the unknown could be hiding the table in
// which waiting is right (S6).
void demand_knowledge(Rule& rule, const std::vector<FactId>& way) {
  for (const FactId id : way) {
    const auto about = std::find_if(rule.when.begin(), rule.when.end(), [&](const Condition& c) { return c.id == id; });
    const auto known = static_cast<ValueSet>(all_values(id) & ~1u);
    if (about == rule.when.end()) {
      rule.when.push_back({id, known});
    } else {
      about->allowed &= known;
    }
  }
}

// A promise not to race binds whoever could take the lock, whatever table leads there (safety.md 6.3). One that is only
// forgotten binds neither a running primary, which was never asked for one, nor the first member of a new cluster.
void demand_no_promise(Rule& rule) {
  const PlanKind plan = rule.then.plan;
  if (plan != PlanKind::AcquireLock && plan != PlanKind::Bootstrap) return;
  const bool primary = std::any_of(rule.when.begin(), rule.when.end(), [](const Condition& c) {
    return c.id == FactId::Postgres && c.allowed == is(fact::Postgres::Primary).allowed;
  });
  const bool races = plan == PlanKind::AcquireLock && !primary;
  rule.when.push_back(races ? is(fact::Promise::None) : is(fact::Promise::None, fact::Promise::Forgotten));
}

std::vector<Situation> make_book() {
  std::vector<Situation> book = {
      shutdown_rules(),       busy_rules(),      fence_rules(),       store_rules(),           unfinished_rules(),
      empty_data_dir_rules(), order_rules(),     identity_rules(),    paused_rules(),          lock_unclear_rules(),
      crashed_rules(),        sick_rules(),      starting_rules(),    standby_cluster_rules(), manual_rules(),
      i_lead_rules(),         no_leader_rules(), other_leads_rules(),
  };
  for (std::size_t i = 0; i < book.size(); ++i) {
    for (Rule& rule : book[i].rules) {
      demand_no_promise(rule);
      if (takes(rule.then.plan) || destroys(rule.then.plan)) demand_knowledge(rule, way_to(book, i));
    }
  }
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

std::vector<std::string_view> facts_of_rule(std::string_view id) {
  std::array<bool, kFactCount> asked{};
  const auto ask = [&](const When& when) {
    for (const Condition& condition : when) {
      // "Whatever it is, as long as it is known" stands at rules that take something, for every fact on their way.
      const auto whatever = static_cast<ValueSet>(all_values(condition.id) & ~1u);
      if (condition.allowed != whatever) asked[static_cast<std::size_t>(condition.id)] = true;
    }
  };
  for (const Situation& situation : rule_book()) {
    const auto rule = std::find_if(situation.rules.begin(), situation.rules.end(),
                                   [&](const Rule& candidate) { return candidate.id == id; });
    if (rule == situation.rules.end()) continue;
    ask(rule->when);
    for (const When& when : situation.entered_when) ask(when);
  }
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kFactCount; ++i) {
    if (asked[i]) names.push_back(fact_info(static_cast<FactId>(i)).name);
  }
  return names;
}

}  // namespace tamada
