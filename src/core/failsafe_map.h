// Whom failsafe mode asks (ha_behaviour.md 1.10). Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/cluster_view.h"
#include "model/settings.h"

namespace tamada {

// What belongs into /failsafe: every known member that can be asked, and this one.
std::map<std::string, std::string> wanted_failsafe_map(const ClusterView& view, const Settings& settings);

// The members of a map but `my_name`, as far as the map knows them.
std::vector<Member> members_of(const std::map<std::string, std::string>& failsafe, const std::string& my_name);

}  // namespace tamada
