// Where a client stands: on this host, a member of the cluster, in the allow list. Names are resolved with a time
// limit; a name that cannot be resolved matches nobody.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/access.h"
#include "base/task.h"
#include "base/time.h"
#include "model/cluster_view.h"
#include "net/resolver.h"

namespace tamada {

// True when `entry` (an address or a network such as 10.0.0.0/8) covers the address; false for anything else.
bool address_matches(const std::string& entry, const std::string& address);

// Loopback, the address the client reached us at, or any other address of this host.
bool is_this_host(const HttpClientInfo& client);

// The hosts of the members' api_urls.
std::vector<std::string> member_hosts(const ClusterView* view);
// Adds the hosts of a /failsafe map.
void add_hosts(const std::map<std::string, std::string>& failsafe, std::vector<std::string>& hosts);

Task<ClientStanding> find_standing(const HttpClientInfo& client, const RestApiSettings& settings,
                                   std::vector<std::string> members, Resolver& resolver, Instant deadline);

}  // namespace tamada
