// Every combination of facts, without counting them one by one. A box is a set of values for each fact; the tree splits
// the box of everything only where a rule asks, so that each leaf is a box in which one rule wins everywhere. All
// leaves together are all combinations, and no two of them overlap.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "core/rule_book.h"

namespace tamada {

using Box = std::array<ValueSet, kFactCount>;

Box everything();

struct Leaf {
  Box box;
  const Situation* situation = nullptr;
  const Rule* rule = nullptr;  // nullptr: no rule fits, a fault of the book
};

// Calls `visit` for each leaf of `within`; stops early when it returns false.
void for_each_leaf(const Box& within, const std::function<bool(const Leaf&)>& visit);

// One combination of the box, the lowest value of each fact.
Facts sample(const Box& box);
// "Lock=Held, Leader=Me|Other": the facts that are not free in the box.
std::string to_string(const Box& box);

}  // namespace tamada
