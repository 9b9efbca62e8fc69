// demote-cluster and promote-cluster: the section standby_cluster comes or goes, and what the leader does about it is
// watched (cli.md 5.17).
#include <charconv>

#include <fmt/format.h>

#include "base/python_text.h"
#include "ctl/cluster_table.h"
#include "ctl/commands.h"
#include "ctl/member_selection.h"
#include "ctl/rest_client.h"

namespace tamada::ctl {

namespace {

constexpr std::chrono::seconds kPatchTimeout{10};
constexpr std::chrono::seconds kPollInterval{1};

struct Side {
  std::string verb;     // "demote"
  std::string noun;     // "demotion"
  std::string done;     // "demoted"
  Role role;            // of the leader in the end
  json::value section;  // of PATCH /config
};

bool is_standby_cluster(const ClusterView& view) {
  const json::value* value = view.config ? view.config->value.if_contains("standby_cluster") : nullptr;
  const json::object* section = value != nullptr ? value->if_object() : nullptr;
  if (section == nullptr) return false;
  for (const char* key : {"host", "port", "restore_command"}) {
    const json::value* one = section->if_contains(key);
    if (one != nullptr && is_truthy(*one)) return true;
  }
  return false;
}

Result<json::object> section_of(const Arguments& arguments) {
  json::object section;
  if (const auto host = arguments.value("host")) section["host"] = *host;
  if (const auto port = arguments.value("port")) {
    int number = 0;
    const auto [end, ec] = std::from_chars(port->data(), port->data() + port->size(), number);
    if (ec != std::errc() || end != port->data() + port->size() || number < 1 || number > 65535) {
      return Error(ErrorCode::Invalid, fmt::format("'{}' is not a port", *port));
    }
    section["port"] = number;
  }
  if (const auto command = arguments.value("restore-command")) section["restore_command"] = *command;
  if (section.empty()) {
    return Error(ErrorCode::Invalid, "At least --host, --port or --restore-command should be specified");
  }
  if (const auto slot = arguments.value("primary-slot-name")) section["primary_slot_name"] = *slot;
  return section;
}

// One line of what the store shows; true when the leader is what it should be and the one before runs again.
bool tell_progress(CommandContext& context, const ClusterView& view, const Side& side, const std::string& before) {
  const Member* leader = view.leader_member();
  const Member* previous = view.member(before);
  const bool previous_runs = previous != nullptr && previous->state == PgState::Running;
  std::string line = fmt::format("{} cluster is unlocked: {}", local_time_text(context.clock.wall_now(), false),
                                 view.unlocked() ? "True" : "False");
  if (leader != nullptr) {
    line += fmt::format(", leader role: {}, leader state: {}", role_word(leader->role, context.level()),
                        leader->state_text);
  }
  if (previous != nullptr && !previous_runs) line += fmt::format(", previous leader state: '{}'", previous->state_text);
  const bool there = leader != nullptr && leader->role == side.role && leader->state == PgState::Running;
  if (there && (previous_runs || side.role == Role::Primary)) {
    context.console.out(
        fmt::format("{} cluster is successfully {}\n", local_time_text(context.clock.wall_now(), false), side.done));
    return true;
  }
  context.console.out(line + "\n");
  return false;
}

Result<void> change_side(CommandContext& context, const Arguments& arguments, const Side& side) {
  const auto name = cluster_or_default(context, arguments.words);
  if (!name) return name.error();
  ClusterAccess cluster(context, *name);
  const auto view = cluster.load();
  if (!view) return view.error();
  const Member* leader = view->leader_member();
  if (leader == nullptr) {
    return Error(ErrorCode::Invalid, fmt::format("Cluster has no leader, {} is not possible", side.noun));
  }
  if (is_standby_cluster(*view) == (side.role == Role::StandbyLeader)) {
    return Error(ErrorCode::Invalid, "Cluster is already in the required state");
  }
  context.console.out(format_members(*name, *view, {.tree = true}, context.level()));
  const auto confirmed = confirm_action(context, arguments.has("force"), fmt::format("{} {} cluster", side.verb, *name),
                                        "cluster " + side.noun);
  if (!confirmed) return confirmed.error();
  const RestRequest request{"PATCH", "config", json::object{{"standby_cluster", side.section}}, kPatchTimeout};
  const auto response = call_member(context, *leader, request);
  const std::string failed = fmt::format("Failed to {} {} cluster: ", side.verb, *name);
  if (!response) return response.error().wrap(fmt::format("Failed to {} {} cluster", side.verb, *name));
  if (response->status != 200) {
    context.console.out(fmt::format("{}status code={}, ({})\n", failed, response->status, response->body));
    return {};
  }
  const std::string before = leader->name;
  // As long as it takes: a clean stop waits for archiving and for whoever streams. The operator may end the watching.
  for (;;) {
    context.loop.run(context.clock.sleep_for(kPollInterval));
    const auto now = cluster.load();
    if (!now) continue;  // a short outage of the store: the next round asks again
    if (tell_progress(context, *now, side, before)) break;
  }
  return print_members(context, cluster);
}

}  // namespace

Result<void> run_demote_cluster(CommandContext& context, const Arguments& arguments) {
  auto section = section_of(arguments);
  if (!section) return section.error();
  return change_side(context, arguments, {"demote", "demotion", "demoted", Role::StandbyLeader, std::move(*section)});
}

Result<void> run_promote_cluster(CommandContext& context, const Arguments& arguments) {
  return change_side(context, arguments, {"promote", "promotion", "promoted", Role::Primary, nullptr});
}

}  // namespace tamada::ctl
