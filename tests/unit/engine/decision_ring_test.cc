#include "engine/decision_ring.h"

#include <gtest/gtest.h>

#include "core/rule_book.h"

namespace tamada {
namespace {

using FactList = std::vector<std::pair<std::string, std::string>>;

WallTime at(int seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

PastDecision decision(std::string rule, std::string status = "no action") {
  PastDecision d;
  d.rule = std::move(rule);
  d.status = std::move(status);
  d.action = "Keep";
  return d;
}

TEST(DecisionRing, equal_cycles_are_one_entry_with_first_last_and_count) {
  DecisionRing ring;
  for (int i = 0; i < 2000; ++i) ring.note(decision("IL-02"), {}, at(10 * i));
  const auto shown = ring.shown();
  ASSERT_EQ(shown->entries.size(), 1u);
  EXPECT_EQ(shown->entries[0]->count, 2000u);
  EXPECT_EQ(shown->entries[0]->first, at(0));
  EXPECT_EQ(shown->entries[0]->last, at(19990)) << "hours of an idle cluster";
}

TEST(DecisionRing, numbers_that_move_are_no_difference_and_names_are) {
  DecisionRing ring;
  auto d = decision("NL-03", "waiting for another 12.5 s");
  d.details = {"member n2 (http://n2:8008/patroni) is at 0/4000000, ours is 0/3000000"};
  ring.note(d, {}, at(1));
  d.status = "waiting for another 2 s";
  d.details = {"member n2 (http://n2:8008/patroni) is at 0/4F00000, ours is 0/3000000"};
  ring.note(d, {}, at(2));
  ASSERT_EQ(ring.shown()->entries.size(), 1u);
  EXPECT_EQ(ring.shown()->entries[0]->status, "waiting for another 2 s") << "as it was last";
  d.details = {"member n3 (http://n3:8008/patroni) is at 0/4F00000, ours is 0/3000000"};
  ring.note(d, {}, at(3));
  EXPECT_EQ(ring.shown()->entries.size(), 2u);
  d.target = "n3";
  ring.note(d, {}, at(4));
  d.target = "n2";
  ring.note(d, {}, at(5));
  EXPECT_EQ(ring.shown()->entries.size(), 4u);
}

TEST(DecisionRing, an_attempt_and_the_pause_after_it_need_four_entries_however_often_they_come) {
  DecisionRing ring;
  for (int i = 0; i < 500; ++i) {
    ring.note(decision("ST-01", "starting"), {}, at(2 * i));
    ring.note(decision("ST-02", "waiting"), {}, at(2 * i + 1));
  }
  const auto shown = ring.shown();
  ASSERT_EQ(shown->entries.size(), 4u);
  EXPECT_EQ(shown->entries[2]->count + shown->entries[3]->count, 998u);
  EXPECT_EQ(shown->entries[3]->last, at(999));
  ring.note(decision("OL-01"), {}, at(1001));
  ring.note(decision("ST-01", "starting"), {}, at(1002));
  EXPECT_EQ(ring.shown()->entries.size(), 6u) << "what comes again later is told in its place";
}

TEST(DecisionRing, is_bounded_by_number_and_by_bytes_and_ids_go_on) {
  DecisionRing few({.entries = 3, .bytes = 1'000'000});
  for (int i = 0; i < 10; ++i) few.note(decision("R-" + std::to_string(i)), {}, at(i));
  ASSERT_EQ(few.shown()->entries.size(), 3u);
  EXPECT_EQ(few.shown()->entries.front()->id, 8u);
  EXPECT_EQ(few.shown()->entries.back()->id, 10u);

  DecisionRing small({.entries = 1000, .bytes = 20'000});
  for (int i = 0; i < 100; ++i)
    small.note(decision("R", std::string(5000, static_cast<char>('a' + i % 26))), {}, at(i));
  std::size_t bytes = 0;
  for (const auto& entry : small.shown()->entries) bytes += entry->bytes();
  EXPECT_LE(bytes, 20'000u);
  EXPECT_GE(small.shown()->entries.size(), 2u);
}

TEST(DecisionRing, tells_the_outcome_of_the_action_and_what_changed_before_it) {
  DecisionRing ring;
  ring.note(decision("OL-01"), {{"Leader", "Other"}, {"Postgres", "Standby"}}, at(1));
  const auto before = ring.shown();
  const auto id = ring.note(decision("NL-05"), {{"Leader", "Nobody"}, {"Postgres", "Standby"}}, at(2));
  ring.set_outcome(id, "the lock was taken");
  ring.set_outcome(77, "of nobody");
  EXPECT_EQ(ring.shown()->entries[1]->outcome, "the lock was taken");
  EXPECT_EQ(ring.shown()->entries[1]->changed, (std::vector<PastDecision::Change>{{"Leader", "Other", "Nobody"}}));
  EXPECT_TRUE(ring.shown()->entries[0]->changed.empty());
  EXPECT_EQ(before->entries.size(), 1u) << "what was handed out stays as it was";
}

TEST(DecisionRing, the_last_race_outlives_its_entry) {
  DecisionRing ring({.entries = 2, .bytes = 100'000});
  auto race = decision("NL-08");
  race.race = true;
  race.details = {"member n2 cannot: it carries the tag nofailover"};
  const auto id = ring.note(race, {}, at(1));
  ring.set_outcome(id, "lost");
  for (int i = 0; i < 5; ++i) ring.note(decision("R-" + std::to_string(i)), {}, at(2 + i));
  ASSERT_TRUE(ring.shown()->last_race);
  EXPECT_EQ(ring.shown()->last_race->id, id);
  EXPECT_EQ(ring.shown()->last_race->outcome, "lost");
  EXPECT_EQ(ring.shown()->last_race->details, race.details);
}

TEST(PastDecisionOf, keeps_the_facts_that_the_rule_looks_at_and_whether_candidates_were_weighed) {
  Plan plan;
  plan.kind = PlanKind::Demote;
  plan.demote = DemoteMode::Graceful;
  plan.to = "n2";
  plan.chores = {Chore::TouchMember};
  Explanation why{"IL-12", "I lead", "the tag nofailover is set on this member", {}, {"n2: fine"}};
  for (std::size_t i = 0; i < kFactCount; ++i) {
    why.facts.emplace_back(fact_info(static_cast<FactId>(i)).name, "Unknown");
  }
  PastDecision past = past_decision(plan, why, "n3");
  EXPECT_EQ(past.action, "Demote graceful");
  EXPECT_EQ(past.target, "n2");
  EXPECT_EQ(past.leader, "n3");
  EXPECT_EQ(past.chores, std::vector<std::string>{"TouchMember"});
  const auto has = [&](std::string_view name) {
    return std::any_of(past.facts.begin(), past.facts.end(), [&](const auto& fact) { return fact.first == name; });
  };
  EXPECT_TRUE(has("NoFailover"));
  EXPECT_FALSE(has("BootstrapHere"));
  EXPECT_FALSE(past.race);
  for (auto& [name, value] : why.facts) {
    if (name == "Standing") value = "Lagging";
  }
  EXPECT_TRUE(past_decision(plan, why, "").race);
}

TEST(FactsOfRule, every_rule_but_the_last_asks_for_something) {
  for (const Situation& situation : rule_book()) {
    for (const Rule& rule : situation.rules) {
      if (rule.when.empty() && (situation.entered_when.empty() || situation.entered_when[0].empty())) continue;
      EXPECT_FALSE(facts_of_rule(rule.id).empty()) << rule.id;
    }
  }
  EXPECT_TRUE(facts_of_rule("XX-99").empty());
}

}  // namespace
}  // namespace tamada
