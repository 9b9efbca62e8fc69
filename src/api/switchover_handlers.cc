#include <algorithm>

#include <fmt/format.h>

#include "api/handlers.h"
#include "api/replies.h"
#include "api/switchover_rules.h"

namespace tamada {

namespace {

// How often a waiting request looks at the snapshot: an atomic load, nothing is asked of anybody.
constexpr std::chrono::milliseconds kFollowEvery{20};
// Between two reads that are to confirm a failure while the store does not answer.
constexpr std::chrono::milliseconds kConfirmGap{1000};
// Probing the peers, on top of the engine's read and write.
constexpr std::chrono::seconds kProbeTime{5};

std::string leader_of(const Snapshot& snapshot) {
  return snapshot.view && snapshot.view->leader ? snapshot.view->leader->name() : std::string();
}

// A snapshot may be older than our write, so that "nothing asked, nothing changed" is believed only of a later read.
Task<std::optional<HttpReply>> confirmed_outcome(EngineClient& engine, const ExpectedSwitchover& expected) {
  auto outcome = switchover_outcome(expected, *engine.snapshot()->view);
  if (!outcome || outcome->status == 200) co_return outcome;
  auto fresh = co_await engine.fresh();
  if (fresh) co_return switchover_outcome(expected, *(*fresh)->view);
  co_await engine.pause_for(kConfirmGap);
  co_return std::nullopt;
}

Task<HttpReply> follow_switchover(EngineClient& engine, ExpectedSwitchover expected) {
  const auto loop_wait = engine.snapshot()->settings->dynamic.loop_wait;
  const Instant deadline = engine.now() + 2 * std::max<std::chrono::seconds>(std::chrono::seconds(10), loop_wait);
  SnapshotPtr seen;
  while (engine.now() < deadline && !engine.stopped()) {
    SnapshotPtr snapshot = engine.snapshot();
    if (snapshot != seen && snapshot->view) {
      seen = snapshot;
      auto outcome = co_await confirmed_outcome(engine, expected);
      if (outcome) co_return std::move(*outcome);
      if (engine.snapshot() != seen) continue;
    }
    co_await engine.pause_for(kFollowEvery);
  }
  co_return switchover_unknown(expected);
}

std::string scheduled_text(bool failover, Compatibility level) {
  return failover && level == Compatibility::V1_5 ? "Failover scheduled" : "Switchover scheduled";
}

Task<HttpReply> change_leader(ApiCall call, bool failover) {
  ApiContext& api = call.api;
  SnapshotPtr before = api.engine.snapshot();
  const Compatibility level = before->settings->compatibility;
  const SwitchoverBody body = read_switchover_body(call.body, failover);
  auto checked = validate_switchover(body, {level, before->paused, api.wall_now()});
  if (auto* refusal = std::get_if<Refusal>(&checked)) co_return refusal_reply(*refusal);
  const SwitchoverRequest request = std::get<SwitchoverRequest>(checked);

  auto fresh = co_await api.engine.fresh();
  if (!fresh) {
    co_return text_reply(503, fmt::format("cannot read the cluster from the store: {}", fresh.error().text()));
  }
  const std::string old_leader = request.leader.empty() ? leader_of(**fresh) : request.leader;
  api.log.info("received {} request with leader={} candidate={} scheduled_at={}", failover ? "failover" : "switchover",
               body.leader, body.candidate, body.scheduled_at.empty() ? "None" : body.scheduled_at);
  const auto limit = 2 * before->settings->dynamic.retry_timeout + kProbeTime;
  const auto reply = co_await api.engine.ask(request, limit);
  if (!reply) co_return switchover_unknown({request.failover, old_leader, request.candidate});
  if (!reply->ok()) co_return text_reply(reply->http_status, reply->text);
  if (request.scheduled_at) co_return text_reply(202, scheduled_text(request.failover, level));
  ExpectedSwitchover expected{request.failover, old_leader, request.candidate};
  co_return co_await follow_switchover(api.engine, std::move(expected));
}

}  // namespace

Task<HttpReply> post_switchover(ApiCall call) {
  return change_leader(std::move(call), false);
}
Task<HttpReply> post_failover(ApiCall call) {
  return change_leader(std::move(call), true);
}

Task<HttpReply> delete_switchover(ApiCall call) {
  EngineClient& engine = call.api.engine;
  auto fresh = co_await engine.fresh();
  if (!fresh) {
    co_return text_reply(503, fmt::format("cannot read the cluster from the store: {}", fresh.error().text()));
  }
  const ClusterView& view = *(*fresh)->view;
  if (!view.failover || !view.failover->scheduled_at) co_return text_reply(404, "no switchover is scheduled");
  const auto limit = (*fresh)->settings->dynamic.retry_timeout + std::chrono::seconds(1);
  const auto reply = co_await engine.ask(CancelSwitchoverRequest{view.failover->revision}, limit);
  if (!reply) co_return text_reply(503, "the store did not answer in time; the schedule may still be deleted");
  if (reply->ok()) co_return text_reply(200, "scheduled switchover deleted");
  if (reply->http_status == 409) co_return http_error_page(409);
  co_return text_reply(503, reply->text);
}

}  // namespace tamada
