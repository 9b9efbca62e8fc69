#include <fmt/format.h>

#include "core/chores.h"
#include "core/derive_facts.h"
#include "core/election.h"
#include "core/follow.h"
#include "core/memory_update.h"
#include "core/next_look.h"
#include "core/rule_book.h"
#include "core/scheduled_restart.h"
#include "core/status_text.h"

namespace tamada {

namespace {

struct Decider {
  const Observation& o;
  const Memory& m;
  Instant now;
  WallTime wall;
  const Settings& settings;
  const Derived& derived;
  const Rule& rule;

  ElectionInput election() const { return {o, m, *o.view, settings, now, wall}; }
  bool holds_lock() const { return o.lock.held.has_value(); }
};

// Which of several willing members a clone comes from: spread by member, the same for each retry within a minute.
std::uint64_t pick_of(const Decider& d) {
  std::uint64_t sum = static_cast<std::uint64_t>(d.now.time_since_epoch() / 60s);
  for (const char c : d.o.my_name) sum = sum * 31 + static_cast<unsigned char>(c);
  return sum;
}

FollowTarget address_of(const Member& member) {
  FollowTarget target;
  target.member = member.name;
  target.host = member.host();
  target.port = std::to_string(member.port());
  return target;
}

void aim_at_leader(const Decider& d, Plan& plan) {
  plan.follow = follow_target(*d.o.view, d.settings, false);
  if (const Member* leader = d.o.view->leader_member()) plan.leader = *leader;
}

void aim_at_clone_source(const Decider& d, Plan& plan) {
  const bool from_leader = d.o.reinitialize && d.o.reinitialize->from_leader;
  const Member* source = from_leader ? d.o.view->leader_member() : clone_source(*d.o.view, d.o.my_name, pick_of(d));
  if (!source) return;
  plan.leader = *source;
  plan.follow = address_of(*source);
}

void aim(const Decider& d, Plan& plan) {
  if (!d.o.view) return;
  switch (d.rule.then.target) {
    case Target::None:
      return;
    case Target::Leader:
      return aim_at_leader(d, plan);
    case Target::Remote:
      plan.follow = follow_target(*d.o.view, d.settings, true);
      if (plan.kind == PlanKind::CheckDivergence || plan.kind == PlanKind::Rewind)
        plan.leader = remote_primary(d.settings.dynamic.standby_cluster.value_or(StandbyClusterSettings{}));
      return;
    case Target::CloneSource:
      return aim_at_clone_source(d, plan);
    case Target::Opponents:
      plan.peers = opponents(d.election());
      plan.final_positions = true;
      break;
    case Target::Successors: {
      const bool acts = d.derived.facts.is(fact::Request::Switchover) || d.derived.facts.is(fact::Request::Failover);
      plan.peers = successors(d.election(), acts ? d.o.view->failover : std::nullopt);
      break;
    }
  }
  plan.probe_timeout = kProbeTimeout;
}

std::string request_word(const Decider& d) {
  if (d.settings.compatibility != Compatibility::V4_1) return "manual failover";
  const bool names_leader = d.o.view && d.o.view->failover && !d.o.view->failover->leader.empty();
  return names_leader ? "switchover" : "manual failover";
}

std::string seconds_left(const Decider& d) {
  const auto since = start_budget_since(d.m);
  if (!since) return "0";
  const auto budget = d.m.start_timeout.value_or(d.settings.dynamic.primary_start_timeout);
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(*since + budget - d.now).count();
  return std::to_string(std::max<std::int64_t>(left, 0));
}

// As Python prints a list.
std::string slot_list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += fmt::format("{}'{}'", out.empty() ? "" : ", ", name);
  return "[" + out + "]";
}

StatusWords words_for(const Decider& d, const Plan& plan) {
  StatusWords words;
  words.me = d.o.my_name;
  if (d.o.view && d.o.view->leader) {
    words.leader = d.o.view->leader->name();
  } else if (d.derived.facts.is(fact::Promise::Given)) {
    words.leader = d.o.promise.to;
  }
  if (plan.leader) words.source = plan.leader->name;
  words.request = request_word(d);
  words.procedure = d.o.procedure.name;
  words.error = d.o.postgres.data_dir_error;
  words.seconds = seconds_left(d);
  words.slots = slot_list(d.o.slots_to_copy);
  return words;
}

// A primary_start_timeout of 0 says when to fail over, not how long a start may take where nobody can.
std::chrono::seconds start_patience(const Decider& d) {
  const auto timeout = d.settings.dynamic.primary_start_timeout;
  return timeout > 0s ? timeout : d.settings.postgresql.pg_ctl_timeout;
}

std::optional<std::chrono::seconds> timeout_for(const Decider& d) {
  switch (d.rule.then.plan) {
    case PlanKind::StartAsPrimary:
      return start_patience(d);
    case PlanKind::Restart: {
      const bool scheduled = d.derived.facts.is(fact::Order::ScheduledRestart);
      const auto& wanted = scheduled ? d.o.scheduled_restart->request.timeout : d.o.restart->timeout;
      return wanted ? wanted : start_patience(d);
    }
    default:
      return std::nullopt;
  }
}

void cancel_scheduled_restart(const Decider& d, Plan& plan) {
  ScheduledRestartVerdict verdict = judge_scheduled_restart(d.o, d.m, d.wall, d.settings);
  if (verdict.kind != ScheduledRestartVerdict::Kind::Cancelled) return;
  plan.chores.push_back(Chore::CancelScheduledRestart);
  plan.restart_cancelled = std::move(verdict.because);
}

Plan make_plan(const Decider& d) {
  const Then& then = d.rule.then;
  Plan plan;
  plan.kind = then.plan;
  plan.hold_lock = then.hold && d.holds_lock();
  plan.demote = then.demote;
  aim(d, plan);
  plan.timeout = timeout_for(d);
  plan.chores = chores_for(then, d.derived.facts, d.o, d.m, d.settings);
  plan.scheduled_restart = then.plan == PlanKind::Restart && d.derived.facts.is(fact::Order::ScheduledRestart);
  cancel_scheduled_restart(d, plan);
  if (then.plan == PlanKind::Demote && d.o.view && d.o.view->failover && !d.o.view->failover->candidate.empty()) {
    plan.to = d.o.view->failover->candidate;
  }
  const StatusWords words = words_for(d, plan);
  plan.procedure_name = fill_text(then.name, words);
  plan.status = fill_text(localize_status(d.rule.status, d.settings.compatibility), words);
  if (d.settings.dynamic.pause) plan.status = "PAUSE: " + plan.status;
  if (!then.warning.empty()) plan.warnings.push_back(fill_text(then.warning, words));
  plan.exit_without_stop = then.exit_without_stop;
  if (then.plan == PlanKind::Exit) plan.exit_message = plan.status;
  if (then.plan == PlanKind::Exit && d.m.bootstrap_failed) plan.exit_message += ": " + *d.m.bootstrap_failed;
  plan.wake_at = next_look(d.derived.facts, d.o, d.m, d.now, d.wall, d.settings);
  return plan;
}

void apply_effects(const Then& then, Instant now, Memory& memory) {
  for (const Effect effect : then.effects) {
    switch (effect) {
      case Effect::AskedForLock:
        memory.asked_for_lock_at = now;
        break;
      case Effect::ReacquireTried:
        memory.reacquire_tried = true;
        break;
      case Effect::Followed:
        memory.followed_at = now;
        break;
      case Effect::CheckHistory:
        request_history_check(memory);
        break;
    }
  }
}

Explanation explain(const Decider& d, const Situation& situation, const Plan& plan) {
  Explanation explanation;
  explanation.rule = d.rule.id;
  explanation.situation = situation.name;
  explanation.because = fill_text(d.rule.because, words_for(d, plan));
  for (std::size_t i = 0; i < kFactCount; ++i) {
    const auto id = static_cast<FactId>(i);
    explanation.facts.emplace_back(fact_info(id).name, d.derived.facts.value_name(id));
  }
  explanation.details = d.derived.details;
  return explanation;
}

}  // namespace

Decision decide(const Observation& observation, const Memory& memory, Instant now, WallTime wall,
                const Settings& settings) {
  Decision decision;
  decision.memory = remember(memory, observation, now, settings);
  decision.memory.role = published_role(decision.memory, observation, settings);
  const Derived derived = derive_facts(observation, decision.memory, now, wall, settings);
  const Verdict verdict = find_rule(derived.facts);
  const Decider decider{observation, decision.memory, now, wall, settings, derived, *verdict.rule};
  decision.plan = make_plan(decider);
  decision.explanation = explain(decider, *verdict.situation, decision.plan);
  apply_effects(verdict.rule->then, now, decision.memory);
  return decision;
}

}  // namespace tamada
