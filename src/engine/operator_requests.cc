#include "engine/operator_requests.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "engine/request_task.h"

namespace tamada {

namespace {

constexpr Duration kProbePatience = 2s;

std::string action_of(const SwitchoverRequest& request) {
  return request.failover ? "failover" : "switchover";
}

// Fit to lead, as the leader itself would judge (ha_behaviour.md 2.4).
bool fit(const PeerAnswer& answer, const ClusterView& view, const DynamicSettings& settings) {
  if (answer.reach != PeerAnswer::Reach::Answered || answer.tags.nofailover() || answer.watchdog_failed) return false;
  if (answer.sick) return false;
  const Lsn published = view.status ? view.status->optime : Lsn{};
  if (lag_bytes(published, answer.position()) > settings.maximum_lag_on_failover) return false;
  if (!settings.check_timeline || !view.history) return true;
  return answer.timeline.known() && answer.timeline >= view.history->cluster_timeline;
}

OperatorReply reply_of(const Written<std::int64_t>& written) {
  switch (written.kind) {
    case WriteKind::Applied:
      break;
    case WriteKind::Refused:
      return {409, "Conflict"};
    case WriteKind::Unknown:
      return {503, "DCS did not answer: " + written.error.text()};
  }
  return {200, ""};
}

}  // namespace

OperatorRequests::OperatorRequests(Executor executor, EngineState& state, ViewKeeper& views)
    : state_(state), views_(views), tasks_(executor) {}

void OperatorRequests::switchover(SwitchoverRequest request, Done done) {
  spawn_request(tasks_, do_switchover(std::move(request)), std::move(done));
}
void OperatorRequests::cancel_switchover(CancelSwitchoverRequest request, Done done) {
  spawn_request(tasks_, do_cancel_switchover(request), std::move(done));
}
void OperatorRequests::write_config(ConfigWrite request, Done done) {
  spawn_request(tasks_, do_write_config(std::move(request)), std::move(done));
}

// Rows 10-15 of rest_api.md 11.2: what only a fresh view and the peers can tell.
Task<OperatorReply> OperatorRequests::find_candidate(const SwitchoverRequest& request, const ClusterView& view) {
  const DynamicSettings& dynamic = state_.settings->dynamic;
  const std::string action = action_of(request);
  const bool synchronous = dynamic.synchronous_mode == SynchronousMode::On && !request.failover;
  if (!request.leader.empty() && (!view.leader || view.leader->name() != request.leader)) {
    co_return OperatorReply{412, "leader name does not match"};
  }
  if (!request.candidate.empty() && synchronous && !view.sync.lists(request.candidate)) {
    co_return OperatorReply{412, "candidate name does not match with sync_standby"};
  }
  if (!request.candidate.empty() && view.member(request.candidate) == nullptr) {
    co_return OperatorReply{412, "candidate does not exists"};
  }
  // A candidate that leads already is asked like any other: it is the leader that declines the request then.
  const auto counts = [&](const Member& member) {
    if (!request.candidate.empty()) return member.name == request.candidate;
    if (synchronous) return view.sync.lists(member.name);
    return !member.api_url.empty() && (!view.leader || member.name != view.leader->name());
  };
  std::vector<Member> candidates;
  std::copy_if(view.members.begin(), view.members.end(), std::back_inserter(candidates), counts);
  if (candidates.empty()) {
    co_return OperatorReply{412, synchronous
                                     ? action + " is not possible: can not find sync_standby"
                                     : action + " is not possible: cluster does not have members except leader"};
  }
  const Instant deadline = state_.ports.clock.now() + kProbePatience;
  std::vector<PeerAnswer> answers = co_await state_.ports.peers.ask(std::move(candidates), deadline);
  for (const PeerAnswer& answer : answers) {
    if (fit(answer, view, dynamic)) co_return OperatorReply{200, ""};
    state_.log.info("member {} ({}) is no candidate: {}", answer.member, answer.url,
                    answer.problem.empty() ? "lag, tag, timeline, watchdog or sickness" : answer.problem);
  }
  co_return OperatorReply{412, action + " is not possible: no good candidates have been found"};
}

Task<OperatorReply> OperatorRequests::do_switchover(SwitchoverRequest request) {
  Result<void> loaded = co_await views_.load(state_.ports.clock.now() + state_.settings->dynamic.retry_timeout);
  if (!loaded) co_return OperatorReply{503, "DCS is not accessible: " + loaded.error().text()};
  const std::shared_ptr<const ClusterView> view = views_.view();
  if (!request.scheduled_at) {
    OperatorReply refused = co_await find_candidate(request, *view);
    if (!refused.ok()) co_return refused;
  }
  FailoverRequest stored;
  stored.leader = request.leader;
  stored.candidate = request.candidate;
  stored.scheduled_at = request.scheduled_at;
  stored.offset_minutes = request.offset_minutes;
  StoreWrite write{.key = StoreKey::Failover, .value = format_failover(stored)};
  auto written = co_await state_.ports.store.write(std::move(write),
                                                   state_.ports.clock.now() + state_.settings->dynamic.retry_timeout);
  if (!written.applied()) {
    const bool old = state_.settings->compatibility != Compatibility::V4_1;
    co_return OperatorReply{503, fmt::format("failed to write {} key into DCS", old ? action_of(request) : "failover")};
  }
  if (request.scheduled_at)
    co_return OperatorReply{202, request.failover ? "Failover scheduled" : "Switchover scheduled"};
  co_return OperatorReply{200, ""};
}

Task<OperatorReply> OperatorRequests::do_cancel_switchover(CancelSwitchoverRequest request) {
  StoreWrite write{.key = StoreKey::Failover, .value = "{}"};
  write.condition = WriteCondition::unchanged(request.expected_revision);
  auto written = co_await state_.ports.store.write(std::move(write),
                                                   state_.ports.clock.now() + state_.settings->dynamic.retry_timeout);
  co_return reply_of(written);
}

Task<OperatorReply> OperatorRequests::do_write_config(ConfigWrite request) {
  StoreWrite write{.key = StoreKey::Config, .value = to_json(request.document, JsonStyle::Compact)};
  if (request.expected_revision) write.condition = WriteCondition::unchanged(*request.expected_revision);
  auto written = co_await state_.ports.store.write(std::move(write),
                                                   state_.ports.clock.now() + state_.settings->dynamic.retry_timeout);
  co_return reply_of(written);
}

}  // namespace tamada
