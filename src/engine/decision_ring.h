// The decisions of the past, for `explain`: what was decided when, by which rule, on which facts, and what came of it.
// Bounded by number and bytes. Cycles that decide the same are one entry with a count, and so are two decisions that go
// on taking turns (an attempt and the pause after it), so that hours of an idle cluster need a few entries. Numbers
// that move with every cycle (positions, seconds left) are no difference; the entry shows them as they were last.
//
// Engine thread only; what shown() returns is immutable and may be read anywhere.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "core/plan.h"

namespace tamada {

struct PastDecision {
  struct Change {
    std::string fact;
    std::string from;
    std::string to;
    bool operator==(const Change&) const = default;
  };

  std::uint64_t id = 0;  // from 1 on, never reused by one run of the daemon
  WallTime first{};
  WallTime last{};
  std::uint64_t count = 1;  // cycles
  std::string rule;
  std::string situation;
  std::string because;
  std::string status;
  std::string action;                                      // the plan: "Promote", "Demote graceful"
  std::string target;                                      // whom it is about; may be empty
  std::string leader;                                      // as the store named it; empty: nobody, or not known
  std::vector<std::string> chores;                         // done beside it
  std::vector<std::pair<std::string, std::string>> facts;  // those that the rule and its table look at
  std::vector<Change> changed;                             // facts that were different in the decision before
  std::vector<std::string> details;                        // each member, why it counts or not
  bool race = false;                                       // members were judged as candidates
  std::string outcome;                                     // of the action; empty while nothing is known of it

  std::size_t bytes() const;
};

struct DecisionHistory {
  std::vector<std::shared_ptr<const PastDecision>> entries;  // oldest first, ids grow
  std::shared_ptr<const PastDecision> last_race;             // also when `entries` no longer has it; may be null
};

// `leader`: as the store names it.
PastDecision past_decision(const Plan& plan, const Explanation& why, std::string leader);

class DecisionRing {
 public:
  struct Limits {
    std::size_t entries = 1000;
    std::size_t bytes = 1024 * 1024;
  };

  DecisionRing() = default;
  explicit DecisionRing(Limits limits) : limits_(limits) {}

  // The id of the entry that now stands for the decision. `all_facts`: what `changed` is found from.
  std::uint64_t note(PastDecision decision, const std::vector<std::pair<std::string, std::string>>& all_facts,
                     WallTime now);
  // What came of the decision; nothing happens when its entry is gone.
  void set_outcome(std::uint64_t id, std::string outcome);

  std::shared_ptr<const DecisionHistory> shown() const;

 private:
  using Entry = std::shared_ptr<const PastDecision>;
  // The entry that the same decision is counted in, if there is one.
  Entry* same_as(const PastDecision& decision);
  void replace(Entry& entry, PastDecision by);
  void trim();

  Limits limits_;
  std::deque<Entry> entries_;
  Entry last_race_;
  std::size_t bytes_ = 0;
  std::uint64_t next_id_ = 1;
  std::vector<std::pair<std::string, std::string>> facts_before_;
  mutable std::shared_ptr<const DecisionHistory> shown_;  // reset by each change
};

}  // namespace tamada
