// All situations in the order in which they are tried. Built once, immutable, safe from any thread.
#pragma once

#include <string_view>
#include <vector>

#include "core/rule.h"

namespace tamada {

const std::vector<Situation>& rule_book();

struct Verdict {
  const Situation* situation = nullptr;
  const Rule* rule = nullptr;
};
// Never empty: the last situation is entered always and its last rule has no conditions.
Verdict find_rule(const Facts& facts);

// Names of the facts that a rule and the way into its table ask for a certain value of; empty for an id that is none.
std::vector<std::string_view> facts_of_rule(std::string_view id);

// The tables, one file each.
Situation shutdown_rules();
Situation busy_rules();
Situation fence_rules();
Situation store_rules();
Situation unfinished_rules();
Situation empty_data_dir_rules();
Situation order_rules();
Situation identity_rules();
Situation paused_rules();
Situation lock_unclear_rules();
Situation crashed_rules();
Situation sick_rules();
Situation starting_rules();
Situation standby_cluster_rules();
Situation manual_rules();
Situation i_lead_rules();
Situation no_leader_rules();
Situation other_leads_rules();

}  // namespace tamada
