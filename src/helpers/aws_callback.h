// tamada-aws (patroni_aws): a callback that tags the EC2 instance and its volumes with the member's role
// (ha_behaviour.md 6.6).
//
// Environment, as Amazon's own programs know it: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN in place
// of the instance's role; AWS_ENDPOINT_URL_EC2 or AWS_ENDPOINT_URL in place of the region's service;
// AWS_EC2_METADATA_SERVICE_ENDPOINT in place of http://169.254.169.254; AWS_EC2_METADATA_DISABLED=true.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "helpers/helper_world.h"

namespace tamada {

using EnvironmentLookup = std::function<std::optional<std::string>(const char*)>;

// `words`: action, role, cluster. 0 tagged; 1 for wrong words (usage on stderr) and when it could not be done: what the
// service refuses is tried again for up to 300 s.
int run_aws_callback(HelperWorld& world, const std::vector<std::string>& words, const EnvironmentLookup& environment);

}  // namespace tamada
