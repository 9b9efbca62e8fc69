#include "core/failsafe_map.h"

namespace tamada {

std::map<std::string, std::string> wanted_failsafe_map(const ClusterView& view, const Settings& settings) {
  std::map<std::string, std::string> wanted;
  for (const Member& member : view.members) {
    if (!member.api_url.empty()) wanted[member.name] = member.api_url;
  }
  wanted[settings.name] = settings.api_url();
  return wanted;
}

std::vector<Member> members_of(const std::map<std::string, std::string>& failsafe, const std::string& my_name) {
  std::vector<Member> members;
  for (const auto& [name, url] : failsafe) {
    if (name == my_name) continue;
    Member member;
    member.name = name;
    member.api_url = url;
    members.push_back(std::move(member));
  }
  return members;
}

}  // namespace tamada
