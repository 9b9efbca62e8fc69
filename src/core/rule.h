// What a rule table is made of. A rule is data: stable id, allowed values of facts, the plan, the status text and one
// sentence why. Tables are searched from the top; the first rule whose conditions all hold wins.
#pragma once

#include <string_view>
#include <vector>

#include "core/facts.h"
#include "core/plan.h"

namespace tamada {

struct Condition {
  FactId id;
  ValueSet allowed;
  bool holds(const Facts& facts) const { return (allowed >> facts.raw(id)) & 1u; }
};

template <class E, class... More>
Condition is(E first, More... more) {
  unsigned bits = 1u << static_cast<unsigned>(first);
  ((bits |= 1u << static_cast<unsigned>(E{more})), ...);
  return {id_of(first), static_cast<ValueSet>(bits)};
}

// Every other value, Unknown included: for rules that give up or wait.
template <class E, class... More>
Condition is_not(E first, More... more) {
  const Condition c = is(first, more...);
  return {c.id, static_cast<ValueSet>(all_values(c.id) & ~c.allowed)};
}

// Every other *known* value: for rules that take something.
template <class E, class... More>
Condition known_not(E first, More... more) {
  const Condition c = is_not(first, more...);
  return {c.id, static_cast<ValueSet>(c.allowed & ~1u)};
}

// Whatever it is, as long as it is known.
template <class E>
Condition is_known() {
  return {id_of(E{}), static_cast<ValueSet>(all_values(id_of(E{})) & ~1u)};
}

using When = std::vector<Condition>;

// Where the plan's target comes from.
enum class Target {
  None,
  Leader,  // whom to follow by core/follow.h, the lock being another's
  Remote,  // as the holder of the lock: the remote primary of a standby cluster, else nobody
  CloneSource,
  Opponents,   // ProbePeers: everybody whose word counts in a race
  Successors,  // ProbePeers: those who could take over from us
};

// What a rule changes in the memory beside its plan.
enum class Effect {
  AskedForLock,
  ReacquireTried,
  Followed,
  CheckHistory,  // compare timelines with the leader before going on (ha_behaviour.md 4.2)
};

struct Then {
  PlanKind plan = PlanKind::Keep;
  bool hold = false;  // see Plan::hold_lock
  DemoteMode demote = DemoteMode::Immediate;
  Target target = Target::None;
  std::vector<Chore> chores;  // beside those of core/chores.h
  std::vector<Effect> effects;
  std::string_view name;  // the procedure, as in "... in progress"; with placeholders
  std::string_view warning;
  bool exit_without_stop = false;
};

struct Rule {
  std::string_view id;  // "NL-07", never reused for another meaning
  When when;
  Then then;
  std::string_view status;  // compatibility level 4.1, with placeholders of core/status_text.h
  std::string_view because;
};

// A table and the facts that send a decision to it: any of `entered_when`. Situations are searched from the top, too.
struct Situation {
  std::string_view name;
  std::string_view about;  // one sentence for docs/decisions.md
  std::vector<When> entered_when;
  std::vector<Rule> rules;  // the last has no conditions
};

// Plans that change who leads, and plans that can cost data. All others wait, follow, or give up (S6).
bool takes(PlanKind plan);
bool destroys(PlanKind plan);

bool holds(const When& when, const Facts& facts);
bool entered(const Situation& situation, const Facts& facts);

}  // namespace tamada
