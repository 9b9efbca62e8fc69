// Rows that several tables share, with their own ids in each. For rules_*.cc only.
#pragma once

#include <string>
#include <vector>

#include "core/rule_book.h"

namespace tamada {

// Conditions of all lists together.
When operator+(When a, const When& b);

void append(std::vector<Rule>& to, std::vector<Rule> from);

// Ids must outlive the book; they are kept for the life of the process.
std::string_view rule_id(std::string_view prefix, int number);

// A running standby and no leader key: may it race, whom must it ask, does it win? 25 numbers from `first` on.
// `when` is added to every row. Status texts are those of somebody who does not race.
std::vector<Rule> race_rows(std::string_view prefix, int first, const When& when);

// A fresh view and a section that names a server: what comparing with the remote primary of a standby cluster and
// rewinding from it needs, beside a known leader and PostgreSQL's state (S7).
When remote_is_source();

// The lock holder's answer to a switchover or failover request. 10 numbers from `first` on. `go_on` is the plan of a
// holder that stays, `status` its text.
std::vector<Rule> request_rows(std::string_view prefix, int first, const When& when, PlanKind go_on,
                               std::string_view status);

inline constexpr std::string_view kNotHealthiest = "following a different leader because i am not the healthiest node";
inline constexpr std::string_view kILead = "no action. I am ({me}), the leader with the lock";
inline constexpr std::string_view kIFollow = "no action. I am ({me}), a secondary, and following a leader ({leader})";
inline constexpr std::string_view kFailsafe =
    "continue to run as a leader because failsafe mode is enabled and all members are accessible";

}  // namespace tamada
