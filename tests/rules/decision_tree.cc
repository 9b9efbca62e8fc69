#include "rules/decision_tree.h"

#include <bit>
#include <optional>
#include <string>

#include <fmt/format.h>

namespace tamada {

namespace {

enum class Match { Yes, No, Depends };

struct Answer {
  Match match = Match::Yes;
  Condition split{FactId{}, 0};  // Depends: the condition to split by
};

Answer match(const When& when, const Box& box) {
  Answer answer;
  for (const Condition& c : when) {
    const ValueSet inside = box[static_cast<std::size_t>(c.id)] & c.allowed;
    if (inside == 0) return {Match::No, c};
    if (inside != box[static_cast<std::size_t>(c.id)] && answer.match == Match::Yes) answer = {Match::Depends, c};
  }
  return answer;
}

class Walk {
 public:
  explicit Walk(const std::function<bool(const Leaf&)>& visit) : visit_(visit) {}

  // False once a visitor wants no more.
  bool situations(const Box& box, std::size_t from) {
    const auto& book = rule_book();
    if (from == book.size()) return visit_({box, nullptr, nullptr});
    return entries(box, from, 0);
  }

 private:
  bool entries(const Box& box, std::size_t s, std::size_t entry) {
    const Situation& situation = rule_book()[s];
    if (entry == situation.entered_when.size()) return situations(box, s + 1);
    const Answer answer = match(situation.entered_when[entry], box);
    switch (answer.match) {
      case Match::Yes:
        return rules(box, s, 0);
      case Match::No:
        return entries(box, s, entry + 1);
      case Match::Depends:
        break;
    }
    return split(box, answer.split, [&](const Box& part) { return entries(part, s, entry); });
  }

  bool rules(const Box& box, std::size_t s, std::size_t r) {
    const Situation& situation = rule_book()[s];
    if (r == situation.rules.size()) return visit_({box, &situation, nullptr});
    const Answer answer = match(situation.rules[r].when, box);
    switch (answer.match) {
      case Match::Yes:
        return visit_({box, &situation, &situation.rules[r]});
      case Match::No:
        return rules(box, s, r + 1);
      case Match::Depends:
        break;
    }
    return split(box, answer.split, [&](const Box& part) { return rules(part, s, r); });
  }

  bool split(const Box& box, const Condition& by, const std::function<bool(const Box&)>& go_on) {
    Box in = box;
    Box out = box;
    in[static_cast<std::size_t>(by.id)] &= by.allowed;
    out[static_cast<std::size_t>(by.id)] &= static_cast<ValueSet>(~by.allowed);
    return go_on(in) && go_on(out);
  }

  const std::function<bool(const Leaf&)>& visit_;
};

}  // namespace

Box everything() {
  Box box;
  for (std::size_t i = 0; i < kFactCount; ++i) box[i] = all_values(static_cast<FactId>(i));
  return box;
}

void for_each_leaf(const Box& within, const std::function<bool(const Leaf&)>& visit) {
  Walk(visit).situations(within, 0);
}

Facts sample(const Box& box) {
  Facts facts;
  for (std::size_t i = 0; i < kFactCount; ++i) {
    facts.set_raw(static_cast<FactId>(i), static_cast<std::uint8_t>(std::countr_zero(box[i])));
  }
  return facts;
}

std::string to_string(const Box& box) {
  std::string text;
  for (std::size_t i = 0; i < kFactCount; ++i) {
    const auto id = static_cast<FactId>(i);
    if (box[i] == all_values(id)) continue;
    std::string values;
    for (std::size_t v = 0; v < fact_info(id).values.size(); ++v) {
      if ((box[i] >> v) & 1) values += (values.empty() ? "" : "|") + std::string(fact_info(id).values[v]);
    }
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", fact_info(id).name, values);
  }
  return text;
}

}  // namespace tamada
