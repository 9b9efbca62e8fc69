// Which members a command is meant for (cli.md 4.2, 4.3).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctl/command_context.h"

namespace tamada::ctl {

enum class RoleChoice { Leader, Primary, StandbyLeader, Replica, Any };

// leader, primary, master, standby-leader, replica, standby, any; nullopt for other words.
std::optional<RoleChoice> parse_role_choice(std::string_view word);

// Sorted by name.
std::vector<Member> members_of_role(const ClusterView& view, RoleChoice role);

struct Selection {
  std::string action;  // "reload", "restart", "reinitialize", "flush": the word in questions and refusals
  std::vector<std::string> names;
  RoleChoice role = RoleChoice::Any;
  std::string role_word = "any";  // as it was given
  bool role_given = true;         // false: the command decides the role, the operator has to name members
  bool force = false;
  bool ask_confirmation = true;  // restart asks its own question later
};

// Prints the member table where the reference does, asks what is missing, and asks for confirmation.
Result<std::vector<Member>> select_members(CommandContext& context, const std::string& cluster, const ClusterView& view,
                                           Selection selection);

// "Are you sure you want to <what>?"; without --force a "no" is the error "Aborted <action>".
Result<void> confirm_action(CommandContext& context, bool force, const std::string& what, const std::string& action);

// The members whose names follow the cluster's in `words`; all when there are none.
std::vector<Member> named_members(const ClusterView& view, const std::vector<std::string>& words);

std::string names_of(const std::vector<Member>& members);

}  // namespace tamada::ctl
