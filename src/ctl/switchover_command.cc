// switchover and failover (cli.md 5.11): questions in the documented order, then REST, then the store as the fallback.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
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

bool synchronous_mode_on(const ClusterView& view) {
  return !view.sync.empty();
}

class Handover {
 public:
  Handover(CommandContext& context, const Arguments& arguments, ClusterAccess& cluster, ClusterView view, bool failover)
      : context_(context),
        arguments_(arguments),
        cluster_(cluster),
        view_(std::move(view)),
        failover_(failover),
        force_(arguments.has("force")) {}

  Result<void> run() {
    if (level() != Compatibility::V1_5) show_topology();
    for (const auto step : {&Handover::choose_leader, &Handover::choose_candidate, &Handover::check_candidate,
                            &Handover::choose_schedule, &Handover::confirm}) {
      if (auto done = (this->*step)(); !done) return done;
    }
    return request();
  }

 private:
  Compatibility level() const { return context_.level(); }
  std::string action() const { return failover_ ? "failover" : "switchover"; }
  std::string capital_action() const { return failover_ ? "Failover" : "Switchover"; }
  std::string current_leader() const { return view_.leader ? view_.leader->name() : std::string(); }

  void show_topology() {
    context_.console.out("Current cluster topology\n" + format_members(cluster_.name(), view_, {}, level()));
  }

  std::string leader_prompt() const {
    if (level() == Compatibility::V1_5) return "Master";
    const Member* member = view_.leader_member();
    return member != nullptr && member->role == Role::StandbyLeader ? "Standby Leader" : "Primary";
  }

  Result<void> choose_leader() {
    if (!failover_ && current_leader().empty()) {
      return domain_error(level() == Compatibility::V1_5 ? "This cluster has no master" : "This cluster has no leader");
    }
    leader_ = arguments_.value("leader").value_or(current_leader());
    if (!failover_ && !arguments_.has("leader") && !force_) {
      const auto answer = ask(context_.console, leader_prompt(), current_leader());
      if (!answer) return answer.error();
      leader_ = *answer;
    }
    if (leader_ == current_leader()) return {};
    return domain_error(fmt::format("Member {} is not the leader of cluster {}", leader_, cluster_.name()));
  }

  Result<void> choose_candidate() {
    for (const Member& member : view_.members) {
      if (member.name != leader_ && !member.tags.nofailover()) candidates_.push_back(member.name);
    }
    std::sort(candidates_.begin(), candidates_.end());
    if (candidates_.empty()) return domain_error(fmt::format("No candidates found to {} to", action()));
    candidate_ = arguments_.value("candidate").value_or("");
    if (arguments_.has("candidate") || force_) return {};
    const auto answer = ask(context_.console, fmt::format("Candidate ['{}']", join(candidates_, "', '")), "");
    if (!answer) return answer.error();
    candidate_ = *answer;
    return {};
  }

  Result<void> check_candidate() {
    if (candidate_.empty()) {
      return failover_ ? Result<void>(domain_error("Failover could be performed only to a specific candidate"))
                       : Result<void>();
    }
    const bool newest = level() == Compatibility::V4_1;
    if (candidate_ == leader_) {
      return domain_error(
          newest ? fmt::format("Member {} is already the leader of cluster {}", candidate_, cluster_.name())
                 : fmt::format("{} target and source are the same.", capital_action()));
    }
    if (std::find(candidates_.begin(), candidates_.end(), candidate_) == candidates_.end()) {
      return domain_error(fmt::format("Member {} does not exist in cluster {}{}", candidate_, cluster_.name(),
                                      newest ? " or is tagged as nofailover" : ""));
    }
    return confirm_asynchronous();
  }

  Result<void> confirm_asynchronous() {
    const bool asynchronous = synchronous_mode_on(view_) && !view_.sync.lists(candidate_);
    if (!failover_ || force_ || level() != Compatibility::V4_1 || !asynchronous) return {};
    const auto yes = ask_yes(context_.console,
                             fmt::format("Are you sure you want to failover to the asynchronous node {}?", candidate_));
    if (!yes) return yes.error();
    return *yes ? Result<void>() : Result<void>(domain_error("Aborting failover"));
  }

  Result<void> choose_schedule() {
    if (failover_) return {};
    std::string text = arguments_.value("scheduled").value_or("");
    const WallTime now = context_.clock.wall_now();
    if (!arguments_.has("scheduled") && !force_) {
      const bool oldest = level() == Compatibility::V1_5;
      const auto answer = ask(context_.console,
                              fmt::format("When should the switchover take place (e.g. {}){}",
                                          oldest ? "2015-10-01T14:30" : schedule_example(now) + " ", " "),
                              "now");
      if (!answer) return answer.error();
      text = *answer;
    }
    auto parsed = parse_schedule(text, now);
    if (!parsed) return parsed.error();
    schedule_ = *parsed;
    if (schedule_ && is_paused(view_)) return domain_error("Can't schedule switchover in the paused state");
    return {};
  }

  std::string question() const {
    std::string what = schedule_ && level() != Compatibility::V1_5
                           ? fmt::format("schedule {} of cluster {} at {}", action(), cluster_.name(), schedule_->iso())
                           : fmt::format("{} cluster {}", action(), cluster_.name());
    if (!leader_.empty()) {
      what += fmt::format(", demoting current {} {}", level() == Compatibility::V1_5 ? "master" : "leader", leader_);
    }
    return fmt::format("Are you sure you want to {}?", what);
  }

  Result<void> confirm() {
    if (level() == Compatibility::V1_5) show_topology();
    if (force_) return {};
    const auto yes = ask_yes(context_.console, question());
    if (!yes) return yes.error();
    if (*yes) return {};
    const bool scheduled = schedule_ && level() != Compatibility::V1_5;
    return domain_error(fmt::format("Aborting {}{}", scheduled ? "scheduled " : "", action()));
  }

  json::object body() const {
    const auto text = [](const std::string& s) { return s.empty() ? json::value(nullptr) : json::value(s); };
    const std::string when = schedule_ ? schedule_->iso() : std::string();
    if (level() != Compatibility::V4_1) {
      return {{"leader", text(leader_)}, {"candidate", text(candidate_)}, {"scheduled_at", text(when)}};
    }
    json::object body{{"candidate", text(candidate_)}};
    if (as_switchover()) body["leader"] = leader_;
    if (schedule_) body["scheduled_at"] = when;
    return body;
  }

  // `failover` that names the leader is the switchover of old.
  bool as_switchover() const { return !failover_ || arguments_.has("leader"); }

  Result<HttpResponse> send() {
    const Member* target = leader_.empty() ? view_.member(candidate_) : view_.member(leader_);
    if (target == nullptr) {
      return Error(ErrorCode::Unavailable, fmt::format("leader {} has no member key in the store", leader_));
    }
    RestRequest request{"POST", as_switchover() ? "switchover" : "failover", body(), kNoRestLimit};
    auto response = call_member(context_, *target, request);
    const bool unknown_endpoint = response && response->status == 501 &&
                                  response->body.find("Server does not support this operation") != std::string::npos;
    if (!unknown_endpoint || request.endpoint == "failover") return response;
    request.endpoint = "failover";
    return call_member(context_, *target, request);
  }

  std::string stamp() const { return local_time_text(context_.clock.wall_now(), true); }

  Result<void> request() {
    const auto response = send();
    if (!response) return write_to_store(response.error());
    if (response->status != 200 && response->status != 202) {
      context_.console.out(
          fmt::format("{} failed, details: {}, {}\n", capital_action(), response->status, response->body));
      return {};
    }
    context_.console.out(fmt::format("{} {}\n", stamp(), response->body));
    return print_members(context_, cluster_);
  }

  Result<void> write_to_store(const Error& why) {
    context_.log.error("{}", why.text());
    context_.log.warning("Failing over to DCS");
    context_.console.out(fmt::format("{} Could not {} using Patroni api, falling back to DCS\n", stamp(), action()));
    FailoverRequest wish;
    if (as_switchover()) wish.leader = leader_;
    wish.candidate = candidate_;
    if (schedule_) {
      wish.scheduled_at = schedule_->time;
      wish.offset_minutes = schedule_->offset_minutes;
    }
    const auto written =
        cluster_.write({StoreKey::Failover, format_failover(wish), WriteCondition::none(), std::nullopt});
    if (!written) return written.error();
    return print_members(context_, cluster_);
  }

  CommandContext& context_;
  const Arguments& arguments_;
  ClusterAccess& cluster_;
  ClusterView view_;
  bool failover_;
  bool force_;
  std::string leader_;
  std::string candidate_;
  std::vector<std::string> candidates_;
  std::optional<Schedule> schedule_;
};

Result<void> hand_over(CommandContext& context, const Arguments& arguments, bool failover) {
  const auto name = cluster_or_default(context, arguments.words);
  if (!name) return name.error();
  ClusterAccess cluster(context, *name);
  auto view = cluster.load();
  if (!view) return view.error();
  return Handover(context, arguments, cluster, std::move(*view), failover).run();
}

}  // namespace

Result<void> run_switchover(CommandContext& context, const Arguments& arguments) {
  return hand_over(context, arguments, false);
}

Result<void> run_failover(CommandContext& context, const Arguments& arguments) {
  return hand_over(context, arguments, true);
}

}  // namespace tamada::ctl
