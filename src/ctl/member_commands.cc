// reload, reinit and flush: what is asked of members one by one (cli.md 5.8, 5.10, 5.12).
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "ctl/commands.h"
#include "ctl/member_selection.h"
#include "ctl/rest_client.h"
#include "model/stored_json.h"

namespace tamada::ctl {

namespace {

constexpr std::chrono::seconds kReinitPoll{2};
constexpr std::chrono::seconds kFlushTimeout{10};
constexpr std::uint64_t kDefaultLoopWait = 10;

Result<std::vector<Member>> selected(CommandContext& context, const Arguments& arguments, const std::string& action,
                                     const std::string& cluster, const ClusterView& view,
                                     std::vector<std::string> names) {
  Selection selection;
  selection.action = action;
  selection.names = std::move(names);
  selection.role_word = arguments.value("role").value_or("any");
  selection.role = parse_role_choice(selection.role_word).value_or(RoleChoice::Any);
  selection.force = arguments.has("force");
  return select_members(context, cluster, view, std::move(selection));
}

std::vector<std::string> behind_first(const std::vector<std::string>& words) {
  return {words.begin() + 1, words.end()};
}

std::string reload_line(const Member& member, const HttpResponse& response, std::uint64_t loop_wait) {
  if (response.status == 200) return fmt::format("No changes to apply on member {}\n", member.name);
  if (response.status != 202) return failure_text("reload", member, response);
  return fmt::format("Reload request received for member {} and will be processed within {} seconds\n", member.name,
                     loop_wait);
}

class Reinit {
 public:
  Reinit(CommandContext& context, const Arguments& arguments)
      : context_(context), arguments_(arguments), force_(arguments.has("force")) {}

  Result<void> run(const std::string& cluster, const ClusterView& view) {
    Selection selection;
    selection.action = "reinitialize";
    selection.names = behind_first(arguments_.words);
    selection.role = RoleChoice::Replica;
    selection.role_word = "replica";
    selection.role_given = false;
    selection.force = force_;
    const auto members = select_members(context_, cluster, view, selection);
    if (!members) return members.error();
    for (const Member& member : *members) {
      if (auto done = start(member, force_); !done) return done;
    }
    return arguments_.has("wait") ? wait() : Result<void>();
  }

 private:
  json::object body(bool force) const {
    json::object body{{"force", force}};
    if (context_.level() == Compatibility::V4_1) body["from_leader"] = arguments_.has("from-leader");
    return body;
  }

  Result<void> start(const Member& member, bool force) {
    const auto response = call_member(context_, member, {"POST", "reinitialize", body(force), kNoRestLimit});
    if (!response) return response.error();
    if (response->status == 200) {
      context_.console.out(fmt::format("Success: reinitialize for member {}\n", member.name));
      started_.push_back(member);
      return {};
    }
    context_.console.out(failure_text("reinitialize", member, *response));
    if (force || !response->body.ends_with(" already in progress")) return {};
    const auto again = ask_yes(context_.console, "Do you want to cancel it and reinitialize anyway?");
    if (!again) return again.error();
    return *again ? start(member, true) : Result<void>();
  }

  // True once the member answers with a state other than the clone's.
  bool completed(const Member& member) {
    const auto response = call_member(context_, member, {"GET", "patroni", std::nullopt, kReinitPoll});
    const auto status = response ? stored::object_of(response->body) : std::nullopt;
    return status && parse_state(stored::text_field(*status, "state")) != PgState::CreatingReplica;
  }

  Result<void> wait() {
    std::vector<Member> waiting = started_;
    std::string told;
    while (!waiting.empty()) {
      if (const std::string names = names_of(waiting); names != told) {
        context_.console.out(fmt::format("Waiting for reinitialize to complete on: {}\n", names));
        told = names;
      }
      context_.loop.run(context_.clock.sleep_for(kReinitPoll));
      std::erase_if(waiting, [this](const Member& member) {
        if (!completed(member)) return false;
        context_.console.out(fmt::format("Reinitialize is completed on: {}\n", member.name));
        return true;
      });
    }
    return {};
  }

  CommandContext& context_;
  const Arguments& arguments_;
  bool force_;
  std::vector<Member> started_;
};

Result<void> flush_restarts(CommandContext& context, const Arguments& arguments, const std::string& cluster,
                            const ClusterView& view, std::vector<std::string> names) {
  const auto members = selected(context, arguments, "flush", cluster, view, std::move(names));
  if (!members) return members.error();
  for (const Member& member : *members) {
    if (!member.scheduled_restart) {
      context.console.out(fmt::format("No scheduled restart for member {}\n", member.name));
      continue;
    }
    const auto response = call_member(context, member, {"DELETE", "restart", std::nullopt, kNoRestLimit});
    if (!response) return response.error();
    context.console.out(response->status == 200
                            ? fmt::format("Success: flush scheduled restart for member {}\n", member.name)
                            : failure_text("flush scheduled restart", member, *response));
  }
  return {};
}

// True when this answer settles the matter.
bool tell_flushed(CommandContext& context, const Member& member, const HttpResponse& response) {
  if (response.status == 200) {
    context.console.out("Success: scheduled switchover deleted\n");
    return true;
  }
  if (response.status == 404) {
    context.console.out("Failed: no switchover is scheduled\n");
    return true;
  }
  context.console.out(
      fmt::format("Failed: member={}, status_code={}, ({})\n", member.name, response.status, response.body));
  return false;
}

Result<void> flush_switchover(CommandContext& context, ClusterAccess& cluster, const ClusterView& view) {
  if (!view.failover || !view.failover->scheduled_at) {
    context.console.out("No pending scheduled switchover\n");
    return {};
  }
  std::vector<Member> order = members_of_role(view, RoleChoice::Leader);
  for (Member& member : members_of_role(view, RoleChoice::Replica)) order.push_back(std::move(member));
  bool answered = false;
  for (const Member& member : order) {
    const auto response = call_member(context, member, {"DELETE", "switchover", std::nullopt, kFlushTimeout});
    if (!response) {
      context.log.warning("{}", response.error().text());
      context.log.warning("Member {} is not accessible", member.name);
      continue;
    }
    answered = true;
    if (tell_flushed(context, member, *response)) return {};
  }
  // Who was refused by the members does not get around them by writing to the store.
  if (answered) return {};
  context.log.warning("Failing over to DCS");
  context.console.out(fmt::format("{} Could not find any accessible member of cluster {}\n",
                                  local_time_text(context.clock.wall_now(), true), cluster.name()));
  const auto written = cluster.write({StoreKey::Failover, "{}", WriteCondition::unchanged(view.failover_revision), {}});
  if (!written) return written.error();
  return {};
}

}  // namespace

Result<void> run_reload(CommandContext& context, const Arguments& arguments) {
  ClusterAccess cluster(context, arguments.words.front());
  const auto view = cluster.load();
  if (!view) return view.error();
  const auto members = selected(context, arguments, "reload", cluster.name(), *view, behind_first(arguments.words));
  if (!members) return members.error();
  const std::uint64_t configured = view->config ? stored::number_field(view->config->value, "loop_wait") : 0;
  const std::uint64_t loop_wait = configured == 0 ? kDefaultLoopWait : configured;
  for (const Member& member : *members) {
    const auto response = call_member(context, member, {"POST", "reload", std::nullopt, kNoRestLimit});
    if (!response) return response.error();
    context.console.out(reload_line(member, *response, loop_wait));
  }
  return {};
}

Result<void> run_reinit(CommandContext& context, const Arguments& arguments) {
  ClusterAccess cluster(context, arguments.words.front());
  const auto view = cluster.load();
  if (!view) return view.error();
  return Reinit(context, arguments).run(cluster.name(), *view);
}

Result<void> run_flush(CommandContext& context, const Arguments& arguments) {
  ClusterAccess cluster(context, arguments.words.front());
  const auto view = cluster.load();
  if (!view) return view.error();
  if (arguments.words.back() == "switchover") return flush_switchover(context, cluster, *view);
  std::vector<std::string> names(arguments.words.begin() + 1, arguments.words.end() - 1);
  return flush_restarts(context, arguments, cluster.name(), *view, std::move(names));
}

}  // namespace tamada::ctl
