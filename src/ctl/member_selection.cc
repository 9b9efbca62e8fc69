#include "ctl/member_selection.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "ctl/cluster_table.h"

namespace tamada::ctl {

namespace {

bool has_role(const ClusterView& view, const Member& member, RoleChoice role) {
  const bool leads = view.leader && view.leader->name() == member.name;
  switch (role) {
    case RoleChoice::Leader:
      return leads;
    case RoleChoice::Primary:
      return leads && member.role != Role::StandbyLeader;
    case RoleChoice::StandbyLeader:
      return leads && member.role != Role::Primary;
    case RoleChoice::Replica:
      return !leads;
    case RoleChoice::Any:
      return true;
  }
  return false;
}

Error domain_error(std::string message) {
  return Error(ErrorCode::Invalid, std::move(message));
}

// The names that the operator typed; none when nothing is to be done.
Result<std::vector<std::string>> asked_names(CommandContext& context, const std::vector<Member>& candidates,
                                             const Selection& selection) {
  if (selection.force) return std::vector<std::string>();
  const auto answer = ask(
      context.console, fmt::format("Which member do you want to {} [{}]?", selection.action, names_of(candidates)), "");
  if (!answer) return answer.error();
  for (const Member& member : candidates) {
    if (member.name == *answer) return std::vector<std::string>{*answer};
  }
  return domain_error(fmt::format("{} is not a member of cluster", *answer));
}

std::vector<Member> keep_named(const std::vector<Member>& candidates, const std::vector<std::string>& names) {
  std::vector<Member> kept;
  for (const Member& member : candidates) {
    if (std::find(names.begin(), names.end(), member.name) != names.end()) kept.push_back(member);
  }
  return kept;
}

std::string quoted_role(const CommandContext& context, const Selection& selection) {
  const bool quote = context.level() == Compatibility::V4_1 && selection.role_given;
  return quote ? "'" + selection.role_word + "'" : selection.role_word;
}

}  // namespace

std::optional<RoleChoice> parse_role_choice(std::string_view word) {
  if (word == "leader") return RoleChoice::Leader;
  if (word == "primary" || word == "master") return RoleChoice::Primary;
  if (word == "standby-leader") return RoleChoice::StandbyLeader;
  if (word == "replica" || word == "standby") return RoleChoice::Replica;
  if (word == "any") return RoleChoice::Any;
  return std::nullopt;
}

std::vector<Member> members_of_role(const ClusterView& view, RoleChoice role) {
  std::vector<Member> members;
  for (const Member& member : view.members) {
    if (has_role(view, member, role)) members.push_back(member);
  }
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.name < b.name; });
  return members;
}

std::string names_of(const std::vector<Member>& members) {
  std::vector<std::string> names;
  for (const Member& member : members) names.push_back(member.name);
  return join(names, ", ");
}

Result<void> confirm_action(CommandContext& context, bool force, const std::string& what, const std::string& action) {
  if (force) return {};
  const auto yes = ask_yes(context.console, fmt::format("Are you sure you want to {}?", what));
  if (!yes) return yes.error();
  if (!*yes) return domain_error("Aborted " + action);
  return {};
}

Result<std::vector<Member>> select_members(CommandContext& context, const std::string& cluster, const ClusterView& view,
                                           Selection selection) {
  const std::vector<Member> candidates = members_of_role(view, selection.role);
  if (candidates.empty()) return domain_error(fmt::format("{} cluster doesn't have any members", cluster));
  context.console.out(format_members(cluster, view, {}, context.level()));

  std::vector<Member> members = candidates;
  if (!selection.names.empty()) {
    members = keep_named(candidates, selection.names);
    if (members.empty()) {
      return domain_error(fmt::format("No {} among provided members", quoted_role(context, selection)));
    }
  } else if (!selection.role_given) {
    const auto names = asked_names(context, candidates, selection);
    if (!names) return names.error();
    members = keep_named(candidates, *names);
  }
  if (!selection.ask_confirmation || members.empty()) return members;
  const auto confirmed = confirm_action(
      context, selection.force, fmt::format("{} members {}", selection.action, names_of(members)), selection.action);
  if (!confirmed) return confirmed.error();
  return members;
}

std::vector<Member> named_members(const ClusterView& view, const std::vector<std::string>& words) {
  std::vector<Member> members = members_of_role(view, RoleChoice::Any);
  if (words.size() < 2) return members;
  std::erase_if(members, [&](const Member& member) {
    return std::find(words.begin() + 1, words.end(), member.name) == words.end();
  });
  return members;
}

}  // namespace tamada::ctl
