#include "engine/decision_ring.h"

#include <algorithm>

#include "core/plan_names.h"
#include "core/rule_book.h"

namespace tamada {

namespace {

// A word that begins with a digit is a number, a position or a time; names of members do not.
bool same_but_numbers(std::string_view a, std::string_view b) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    const bool word_begins = i == 0 || a[i - 1] == ' ';
    if (word_begins && is_digit(a[i]) && is_digit(b[j])) {
      while (i < a.size() && a[i] != ' ') ++i;
      while (j < b.size() && b[j] != ' ') ++j;
      continue;
    }
    if (a[i] != b[j]) return false;
    ++i;
    ++j;
  }
  return i == a.size() && j == b.size();
}

bool same_decision(const PastDecision& a, const PastDecision& b) {
  return a.rule == b.rule && a.action == b.action && a.target == b.target && a.leader == b.leader &&
         a.facts == b.facts && a.chores == b.chores && same_but_numbers(a.status, b.status) &&
         same_but_numbers(a.because, b.because) &&
         std::equal(a.details.begin(), a.details.end(), b.details.begin(), b.details.end(), same_but_numbers);
}

std::string_view value_of(const std::vector<std::pair<std::string, std::string>>& facts, std::string_view name) {
  const auto it = std::find_if(facts.begin(), facts.end(), [&](const auto& fact) { return fact.first == name; });
  return it == facts.end() ? std::string_view("Unknown") : std::string_view(it->second);
}

// Was somebody weighed as a candidate, this member or another one?
bool judges_candidates(const Explanation& why) {
  const std::string_view standing = value_of(why.facts, "Standing");
  const bool excluded = standing != "Unknown" && standing != "Clear" && standing != "Candidate";
  return excluded || value_of(why.facts, "Peers") != "Unknown" || value_of(why.facts, "Successor") != "Unknown";
}

std::vector<PastDecision::Change> changes(const std::vector<std::pair<std::string, std::string>>& before,
                                          const std::vector<std::pair<std::string, std::string>>& now) {
  std::vector<PastDecision::Change> out;
  if (before.empty()) return out;
  for (const auto& [name, value] : now) {
    const std::string_view old = value_of(before, name);
    if (old != value) out.push_back({name, std::string(old), value});
  }
  return out;
}

}  // namespace

std::size_t PastDecision::bytes() const {
  std::size_t sum = sizeof(PastDecision) + rule.size() + situation.size() + because.size() + status.size() +
                    action.size() + target.size() + leader.size() + outcome.size();
  for (const auto& chore : chores) sum += sizeof(chore) + chore.size();
  for (const auto& [name, value] : facts) sum += sizeof(name) + sizeof(value) + name.size() + value.size();
  for (const auto& one : changed) sum += sizeof(one) + one.fact.size() + one.from.size() + one.to.size();
  for (const auto& line : details) sum += sizeof(line) + line.size();
  return sum;
}

PastDecision past_decision(const Plan& plan, const Explanation& why, std::string leader) {
  PastDecision out;
  out.rule = why.rule;
  out.situation = why.situation;
  out.because = why.because;
  out.status = plan.status;
  out.action = name_of(plan.kind);
  if (plan.kind == PlanKind::Demote) out.action += " " + std::string(name_of(plan.demote));
  if (plan.leader) {
    out.target = plan.leader->name;
  } else if (plan.to) {
    out.target = *plan.to;
  } else {
    out.target = plan.follow.member;
  }
  out.leader = std::move(leader);
  for (const Chore chore : plan.chores) out.chores.emplace_back(name_of(chore));
  const auto looked_at = facts_of_rule(why.rule);
  for (const auto& fact : why.facts) {
    if (std::find(looked_at.begin(), looked_at.end(), fact.first) != looked_at.end()) out.facts.push_back(fact);
  }
  out.details = why.details;
  out.race = judges_candidates(why);
  return out;
}

DecisionRing::Entry* DecisionRing::same_as(const PastDecision& decision) {
  if (entries_.empty()) return nullptr;
  const auto from_end = [this](std::size_t n) -> Entry& { return entries_[entries_.size() - n]; };
  if (same_decision(*from_end(1), decision)) return &from_end(1);
  // A B A B, and one of them again: they take turns, and need no further entries.
  if (entries_.size() < 4 || !same_decision(*from_end(2), decision)) return nullptr;
  const bool take_turns = same_decision(*from_end(1), *from_end(3)) && same_decision(*from_end(2), *from_end(4));
  return take_turns ? &from_end(2) : nullptr;
}

void DecisionRing::replace(Entry& entry, PastDecision by) {
  const bool was_race = last_race_ && last_race_->id == by.id;
  bytes_ -= entry->bytes();
  entry = std::make_shared<const PastDecision>(std::move(by));
  bytes_ += entry->bytes();
  if (was_race) last_race_ = entry;
}

std::uint64_t DecisionRing::note(PastDecision decision,
                                 const std::vector<std::pair<std::string, std::string>>& all_facts, WallTime now) {
  shown_.reset();
  decision.first = decision.last = now;
  std::uint64_t id = 0;
  if (Entry* same = same_as(decision)) {
    const PastDecision& before = **same;
    id = decision.id = before.id;
    decision.first = before.first;
    decision.count = before.count + 1;
    decision.changed = before.changed;
    decision.outcome = before.outcome;
    replace(*same, std::move(decision));
    if ((*same)->race) last_race_ = *same;
  } else {
    id = decision.id = next_id_++;
    decision.changed = changes(facts_before_, all_facts);
    entries_.push_back(std::make_shared<const PastDecision>(std::move(decision)));
    bytes_ += entries_.back()->bytes();
    if (entries_.back()->race) last_race_ = entries_.back();
  }
  facts_before_ = all_facts;
  trim();
  return id;
}

void DecisionRing::set_outcome(std::uint64_t id, std::string outcome) {
  const auto it = std::lower_bound(entries_.begin(), entries_.end(), id,
                                   [](const Entry& entry, std::uint64_t wanted) { return entry->id < wanted; });
  if (it == entries_.end() || (*it)->id != id || (*it)->outcome == outcome) return;
  shown_.reset();
  PastDecision changed = **it;
  changed.outcome = std::move(outcome);
  replace(*it, std::move(changed));
  trim();
}

void DecisionRing::trim() {
  while (entries_.size() > 1 && (entries_.size() > limits_.entries || bytes_ > limits_.bytes)) {
    bytes_ -= entries_.front()->bytes();
    entries_.pop_front();
  }
}

std::shared_ptr<const DecisionHistory> DecisionRing::shown() const {
  if (!shown_) {
    auto history = std::make_shared<DecisionHistory>();
    history->entries.assign(entries_.begin(), entries_.end());
    history->last_race = last_race_;
    shown_ = std::move(history);
  }
  return shown_;
}

}  // namespace tamada
