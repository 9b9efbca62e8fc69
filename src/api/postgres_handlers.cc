#include <fmt/format.h>

#include "api/handlers.h"
#include "api/member_facts.h"
#include "api/replies.h"
#include "api/restart_body.h"

namespace tamada {

namespace {

// Stopping comes before the start that the timeout of a restart counts.
constexpr std::chrono::seconds kStopTime{120};
constexpr std::chrono::seconds kReinitializePatience{30};
constexpr std::chrono::seconds kSchedulePatience{15};
constexpr std::string_view kScheduleSilence = "the engine did not answer in time; /patroni shows what is scheduled";

Task<std::optional<HttpReply>> refuse_without_store(EngineClient& engine) {
  auto fresh = co_await engine.fresh();
  if (fresh) co_return std::nullopt;
  co_return text_reply(503, fmt::format("cannot read the cluster from the store: {}", fresh.error().text()));
}

HttpReply from_engine(const std::optional<OperatorReply>& reply, std::string_view silent) {
  if (!reply) return text_reply(503, std::string(silent));
  return text_reply(reply->http_status, reply->text);
}

}  // namespace

Task<HttpReply> post_restart(ApiCall call) {
  EngineClient& engine = call.api.engine;
  auto unreadable = co_await refuse_without_store(engine);
  if (unreadable) co_return std::move(*unreadable);
  const SnapshotPtr snapshot = engine.snapshot();
  if (call.body.contains("schedule") && snapshot->paused) {
    co_return text_reply(500, "Can't schedule restart in the paused state");
  }
  auto body = read_restart_body(call.body, snapshot->settings->compatibility, call.api.wall_now());
  if (auto* refusal = std::get_if<Refusal>(&body)) co_return refusal_reply(*refusal);
  const RestartBody& restart = std::get<RestartBody>(body);
  call.api.log.info("received restart request{}", restart.schedule ? ", scheduled" : "");
  if (restart.schedule) {
    ScheduleRestart wanted{{restart.request, restart.schedule->time, restart.schedule->offset_minutes, ""}};
    co_return from_engine(co_await engine.ask(std::move(wanted), kSchedulePatience), kScheduleSilence);
  }
  const auto start_time = restart.request.timeout.value_or(snapshot->settings->dynamic.primary_start_timeout);
  const auto reply = co_await engine.ask(restart.request, start_time + kStopTime);
  co_return from_engine(reply, "postgres is still starting");
}

Task<HttpReply> delete_restart(ApiCall call) {
  const auto reply = co_await call.api.engine.ask(CancelScheduledRestart{}, kSchedulePatience);
  co_return from_engine(reply, kScheduleSilence);
}

Task<HttpReply> post_reinitialize(ApiCall call) {
  EngineClient& engine = call.api.engine;
  auto unreadable = co_await refuse_without_store(engine);
  if (unreadable) co_return std::move(*unreadable);
  const SnapshotPtr snapshot = engine.snapshot();
  if (snapshot->view->unlocked()) co_return text_reply(503, "Cluster has no leader, can not reinitialize");
  if (snapshot->view->leader->name() == snapshot->settings->name) {
    co_return text_reply(503, "I am the leader, can not reinitialize");
  }
  const auto reply = co_await engine.ask(read_reinitialize_body(call.body), kReinitializePatience);
  co_return from_engine(reply, "the engine did not begin to reinitialize in time");
}

Task<HttpReply> post_reload(ApiCall call) {
  call.api.engine.tell(ReloadRequest{});
  co_return text_reply(202, "reload scheduled");
}

// Ours (A14): the daemon ends; PostgreSQL, lock and member key stay for the next start.
Task<HttpReply> post_detach(ApiCall call) {
  call.api.engine.tell(DetachRequest{});
  co_return text_reply(202, "detaching");
}

// As documented: the daemon is stopped by its service manager, never from afar.
Task<HttpReply> post_sigterm(ApiCall) {
  co_return text_reply(202, "shutdown scheduled");
}

}  // namespace tamada
