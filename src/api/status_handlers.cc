#include "api/cluster_document.h"
#include "api/dashboard.h"
#include "api/event_stream.h"
#include "api/handlers.h"
#include "api/health.h"
#include "api/member_facts.h"
#include "api/metrics.h"
#include "api/past_document.h"
#include "api/replies.h"
#include "api/status_document.h"

namespace tamada {

namespace {

// A peer in a race waits 1.2 s at most for a silent member; a hung PostgreSQL must not make this one look silent.
constexpr std::chrono::milliseconds kStatusPatience{500};

HttpReply status_reply(int code, std::string body) {
  HttpReply reply;
  reply.status = code;
  reply.content_type = "application/json";
  reply.body = std::move(body);
  return reply;
}

// Says how old the row is: a peer must not take an old position, shown because PostgreSQL hangs, for one that has come
// to rest.
std::string status_with_age(const Snapshot& snapshot, Instant now) {
  json::object doc = status_document(snapshot);
  if (snapshot.postgres.observed_at != kLongAgo) {
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - snapshot.postgres.observed_at);
    doc["tamada"].get_object()["observed_ms_ago"] = age.count();
  }
  return to_json(doc, JsonStyle::Spaced);
}

bool can_be_asked(const Snapshot& snapshot) {
  return snapshot.state == PgState::Running || snapshot.state == PgState::Restarting ||
         snapshot.state == PgState::Starting;
}

}  // namespace

Task<HttpReply> get_patroni(ApiCall call) {
  EngineClient& engine = call.api.engine;
  if (can_be_asked(*engine.snapshot())) co_await engine.ask(StatusRequest{}, kStatusPatience);
  co_return status_reply(200, status_with_age(*engine.snapshot(), engine.now()));
}

Task<HttpReply> get_health(ApiCall call) {
  const SnapshotPtr snapshot = call.api.engine.snapshot();
  call.api.freshen(*snapshot);
  const int code = health_status(*snapshot, call.api.engine.now(), call.target.path, call.target.query);
  co_return status_reply(code, call.api.status_text(snapshot));
}

Task<HttpReply> get_liveness(ApiCall call) {
  co_return text_reply(liveness_status(*call.api.engine.snapshot(), call.api.engine.now()), "");
}

Task<HttpReply> get_readiness(ApiCall call) {
  const SnapshotPtr snapshot = call.api.engine.snapshot();
  call.api.freshen(*snapshot);
  co_return text_reply(readiness_status(*snapshot, call.api.engine.now(), call.target.query), "");
}

Task<HttpReply> get_metrics(ApiCall call) {
  EngineClient& engine = call.api.engine;
  if (can_be_asked(*engine.snapshot())) co_await engine.ask(StatusRequest{}, kStatusPatience);
  HttpReply reply = text_reply(200, metrics_text(*engine.snapshot(), engine.now()));
  reply.content_type = "text/plain";
  co_return reply;
}

// One listener's stream and its place among the listeners.
struct Listener {
  Listener(ApiContext& context, std::optional<EventPlace> resume)
      : api(context), stream(context.engine, std::move(resume)) {
    ++api.listeners;
  }
  ~Listener() { --api.listeners; }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  ApiContext& api;
  EventStream stream;
};

Task<HttpReply> get_events(ApiCall call) {
  HttpReply reply = text_reply(200, "");
  reply.content_type = "text/event-stream";
  reply.headers.emplace_back("Cache-Control", "no-store");
  if (call.request.method == "HEAD") co_return reply;
  if (call.api.listeners >= EventStream::kMostListeners) co_return text_reply(503, "too many listeners");
  // A browser sets the header only when it comes back by itself; a page that comes back later says it in the address.
  auto resume = parse_event_place(call.request.header("Last-Event-ID"));
  if (!resume) resume = parse_event_place(call.target.query.get("after").value_or(""));
  auto listener = std::make_shared<Listener>(call.api, resume);
  reply.next_part = [listener] { return listener->stream.next(); };
  co_return reply;
}

Task<HttpReply> get_explain(ApiCall call) {
  EngineClient& engine = call.api.engine;
  const SnapshotPtr snapshot = engine.snapshot();
  if (const auto member = call.target.query.get("member"); member && *member != snapshot->settings->name) {
    co_return co_await call.api.members.explain(std::string(*member), call.target.query);
  }
  if (!asks_for_past(call.target.query)) co_return json_reply(200, explain_document(*snapshot, engine.now()));
  const DecisionHistory none;
  const DecisionHistory& history = snapshot->decisions ? *snapshot->decisions : none;
  const auto document = past_document(snapshot->settings->name, history, call.target.query);
  if (document) co_return json_reply(200, *document);
  co_return text_reply(document.error().code == ErrorCode::NotFound ? 404 : 400, document.error().message);
}

Task<HttpReply> get_dashboard(ApiCall call) {
  co_return dashboard_reply(call.request);
}

// Whoever gets here may change things: how the page proves a password without changing anything.
Task<HttpReply> post_dashboard(ApiCall) {
  co_return text_reply(200, "accepted");
}

}  // namespace tamada
