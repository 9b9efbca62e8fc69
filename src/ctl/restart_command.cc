// restart (cli.md 5.9): one member after another, each call blocks until that restart ended.
#include <algorithm>

#include <fmt/format.h>

#include "core/restart_conditions.h"
#include "ctl/cluster_table.h"
#include "ctl/commands.h"
#include "ctl/member_selection.h"
#include "ctl/rest_client.h"
#include "ctl/schedule_input.h"

namespace tamada::ctl {

namespace {

Error domain_error(std::string message) {
  return Error(ErrorCode::Invalid, std::move(message));
}

class Restart {
 public:
  Restart(CommandContext& context, const Arguments& arguments, std::string cluster, ClusterView view)
      : context_(context),
        arguments_(arguments),
        cluster_(std::move(cluster)),
        view_(std::move(view)),
        force_(arguments.has("force")),
        pending_(arguments.has("pending")) {}

  Result<void> run() {
    for (const auto step :
         {&Restart::select, &Restart::choose_schedule, &Restart::narrow, &Restart::confirm, &Restart::choose_version}) {
      if (auto done = (this->*step)(); !done) return done;
    }
    for (const Member& member : members_) {
      if (auto done = restart(member); !done) return done;
    }
    return {};
  }

 private:
  Result<void> select() {
    Selection selection;
    selection.action = "restart";
    selection.names.assign(arguments_.words.begin() + 1, arguments_.words.end());
    selection.role_word = arguments_.value("role").value_or("any");
    selection.role = parse_role_choice(selection.role_word).value_or(RoleChoice::Any);
    selection.force = force_;
    selection.ask_confirmation = false;
    auto selected = select_members(context_, cluster_, view_, selection);
    if (!selected) return selected.error();
    members_ = std::move(*selected);
    return {};
  }

  Result<void> choose_schedule() {
    std::string text = arguments_.value("scheduled").value_or("");
    const WallTime now = context_.clock.wall_now();
    if (!arguments_.has("scheduled") && !force_) {
      const bool oldest = context_.level() == Compatibility::V1_5;
      const auto answer = ask(context_.console,
                              fmt::format("When should the restart take place (e.g. {}) ",
                                          oldest ? "2015-10-01T14:30" : schedule_example(now)),
                              "now");
      if (!answer) return answer.error();
      text = *answer;
    }
    auto parsed = parse_schedule(text, now);
    if (!parsed) return parsed.error();
    schedule_ = *parsed;
    if (schedule_ && is_paused(view_)) return domain_error("Can't schedule restart in the paused state");
    return {};
  }

  Result<void> narrow() {
    if (pending_ && !schedule_) {
      std::erase_if(members_, [](const Member& member) { return !member.pending_restart; });
    }
    if (!arguments_.has("any") || members_.size() < 2) return {};
    std::swap(members_.front(), members_[context_.random.below(members_.size())]);
    members_.resize(1);
    return {};
  }

  Result<void> confirm() {
    if (members_.empty()) return {};
    if (schedule_ && pending_ && !force_) {
      const auto yes = ask_yes(context_.console,
                               "The nodes needing a restart will be identified at the scheduled time, and might be "
                               "different from the ones showing pending restart right now. Is this fine?");
      if (!yes) return yes.error();
      return *yes ? Result<void>() : Result<void>(domain_error("Aborted scheduled restart"));
    }
    if (!schedule_) return confirm_action(context_, force_, "restart members " + names_of(members_), "restart");
    return confirm_action(context_, force_,
                          fmt::format("schedule restart of members {} at {}", names_of(members_), schedule_->spaced()),
                          "scheduled restart");
  }

  Result<void> choose_version() {
    version_ = arguments_.value("pg-version").value_or("");
    if (!arguments_.has("pg-version") && !force_ && !members_.empty()) {
      const auto answer =
          ask(context_.console, "Restart if the PostgreSQL version is less than provided (e.g. 9.5.2) ", "");
      if (!answer) return answer.error();
      version_ = *answer;
    }
    return version_.empty() ? Result<void>() : check_version_condition(version_);
  }

  json::object body() const {
    json::object body;
    if (pending_) body["restart_pending"] = true;
    if (!version_.empty()) body["postgres_version"] = version_;
    if (schedule_) body["schedule"] = schedule_->iso();
    if (const auto timeout = arguments_.value("timeout")) body["timeout"] = *timeout;
    return body;
  }

  // A new schedule replaces the old one only with --force.
  Result<void> flush_schedule(const Member& member) {
    if (!force_ || !schedule_ || !member.scheduled_restart) return {};
    const auto response = call_member(context_, member, {"DELETE", "restart", std::nullopt, kNoRestLimit});
    if (!response) return response.error();
    if (response->status != 200) context_.console.out(failure_text("flush scheduled restart", member, *response));
    return {};
  }

  Result<void> restart(const Member& member) {
    if (auto flushed = flush_schedule(member); !flushed) return flushed;
    const auto response = call_member(context_, member, {"POST", "restart", body(), kNoRestLimit});
    if (!response) return response.error();
    context_.console.out(outcome(member, *response));
    return {};
  }

  static std::string outcome(const Member& member, const HttpResponse& response) {
    switch (response.status) {
      case 200:
        return fmt::format("Success: restart on member {}\n", member.name);
      case 202:
        return fmt::format("Success: restart scheduled on member {}\n", member.name);
      case 409:
        return fmt::format("Failed: another restart is already scheduled on member {}\n", member.name);
      default:
        return failure_text("restart", member, response);
    }
  }

  CommandContext& context_;
  const Arguments& arguments_;
  std::string cluster_;
  ClusterView view_;
  bool force_;
  bool pending_;
  std::vector<Member> members_;
  std::optional<Schedule> schedule_;
  std::string version_;
};

}  // namespace

Result<void> run_restart(CommandContext& context, const Arguments& arguments) {
  ClusterAccess cluster(context, arguments.words.front());
  auto view = cluster.load();
  if (!view) return view.error();
  return Restart(context, arguments, cluster.name(), std::move(*view)).run();
}

}  // namespace tamada::ctl
