// pause and resume: PATCH /config through the first member that answers (cli.md 5.13).
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "ctl/cluster_table.h"
#include "ctl/commands.h"
#include "ctl/member_selection.h"
#include "ctl/rest_client.h"
#include "model/stored_json.h"

namespace tamada::ctl {

namespace {

constexpr std::chrono::seconds kPatchTimeout{10};
constexpr std::chrono::seconds kPollInterval{1};
constexpr std::uint64_t kDefaultLoopWait = 10;

std::uint64_t loop_wait_of(const ClusterView& view) {
  const std::uint64_t seconds = view.config ? stored::number_field(view.config->value, "loop_wait") : 0;
  return seconds == 0 ? kDefaultLoopWait : seconds;
}

// Leader first: it is the one that acts on the change.
std::vector<Member> reachable_order(const ClusterView& view) {
  std::vector<Member> members = members_of_role(view, RoleChoice::Leader);
  for (Member& member : members_of_role(view, RoleChoice::Replica)) members.push_back(std::move(member));
  std::erase_if(members, [](const Member& member) { return member.api_url.empty(); });
  return members;
}

// Members that wrote their key again since `before` and still show the old state.
std::vector<std::string> not_recognized(const ClusterView& before, const ClusterView& now, bool paused) {
  std::vector<std::string> names;
  for (const Member& member : now.members) {
    const Member* old = before.member(member.name);
    const bool counted = old != nullptr && !old->api_url.empty();
    if (counted && member.revision != old->revision && member.pause != paused) names.push_back(member.name);
  }
  return names;
}

bool all_recognized(const ClusterView& before, const ClusterView& now, bool paused) {
  return std::all_of(before.members.begin(), before.members.end(), [&](const Member& old) {
    const Member* member = now.member(old.name);
    return old.api_url.empty() || member == nullptr || member->pause == paused;
  });
}

// False when members that are alive did not take notice in time; they were named.
bool wait_until_recognized(CommandContext& context, ClusterAccess& cluster, const ClusterView& before, bool paused) {
  context.console.out(
      fmt::format("'{}' request sent, waiting until it is recognized by all nodes\n", paused ? "pause" : "resume"));
  const std::uint64_t loop_wait = loop_wait_of(before);
  const Instant until = context.clock.now() + std::chrono::seconds(loop_wait + 1);
  ClusterView latest = before;
  while (context.clock.now() < until) {
    context.loop.run(context.clock.sleep_for(kPollInterval));
    auto view = cluster.load();
    if (!view) continue;  // a short outage of the store: the next round asks again
    latest = std::move(*view);
    if (all_recognized(before, latest, paused)) return true;
  }
  const auto names = not_recognized(before, latest, paused);
  if (names.empty()) return true;
  context.console.out(fmt::format("{} members didn't recognized {} state after {} seconds\n", join(names, ", "),
                                  paused ? "pause" : "resume", loop_wait));
  return false;
}

void report_patch(CommandContext& context, bool paused, const HttpResponse& response) {
  context.console.out(fmt::format("Failed: {} cluster management status code={}, ({})\n", paused ? "pause" : "resume",
                                  response.status, response.body));
}

Result<void> change(CommandContext& context, const Arguments& arguments, bool paused) {
  const auto name = cluster_or_default(context, arguments.words);
  if (!name) return name.error();
  ClusterAccess cluster(context, *name);
  const auto view = cluster.load();
  if (!view) return view.error();
  if (is_paused(*view) == paused) {
    return Error(ErrorCode::Invalid, paused ? "Cluster is already paused" : "Cluster is not paused");
  }
  RestRequest request{"PATCH", "config", json::object{{"pause", paused ? json::value(true) : json::value(nullptr)}},
                      kPatchTimeout};
  for (const Member& member : reachable_order(*view)) {
    const auto response = call_member(context, member, request);
    if (!response) {
      context.log.warning("{}", response.error().text());
      context.log.warning("Member {} is not accessible", member.name);
      continue;
    }
    if (response->status != 200) {
      report_patch(context, paused, *response);
      return {};
    }
    if (arguments.has("wait") && !wait_until_recognized(context, cluster, *view, paused)) return {};
    context.console.out(fmt::format("Success: cluster management is {}\n", paused ? "paused" : "resumed"));
    return {};
  }
  return Error(ErrorCode::Unavailable, "Can not find accessible cluster member");
}

}  // namespace

Result<void> run_pause(CommandContext& context, const Arguments& arguments) {
  return change(context, arguments, true);
}

Result<void> run_resume(CommandContext& context, const Arguments& arguments) {
  return change(context, arguments, false);
}

}  // namespace tamada::ctl
