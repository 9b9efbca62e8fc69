#include <fmt/format.h>

#include "api/cluster_document.h"
#include "api/handlers.h"
#include "api/replies.h"
#include "model/patch.h"

namespace tamada {

namespace {

// The asker waits 2 s; storing the promise takes no longer either, or it is refused.
constexpr std::chrono::milliseconds kConsentLimit{6000};
constexpr std::chrono::milliseconds kSettingsLimit{6000};

HttpReply store_unreadable(const Error& error) {
  return text_reply(503, fmt::format("cannot read the cluster from the store: {}", error.text()));
}

// The view of the snapshot, or a fresh one when there is none.
Task<Result<SnapshotPtr>> any_view(ApiContext& api) {
  SnapshotPtr snapshot = api.engine.snapshot();
  if (snapshot->view) co_return snapshot;
  co_return co_await api.engine.fresh();
}

HttpReply settings_reply(const std::optional<OperatorReply>& reply) {
  if (!reply) return text_reply(503, "the engine did not answer in time");
  HttpReply out = text_reply(reply->http_status, reply->text);
  if (reply->ok()) out.content_type = "application/json";
  return out;
}

// The engine's own limit for a write is retry_timeout, twice for a read before it.
std::chrono::milliseconds write_limit(const ApiContext& api) {
  return 2 * api.engine.snapshot()->settings->dynamic.retry_timeout + std::chrono::seconds(1);
}

}  // namespace

Task<HttpReply> get_cluster(ApiCall call) {
  auto snapshot = co_await call.api.engine.fresh();
  if (!snapshot) co_return store_unreadable(snapshot.error());
  const Snapshot& s = **snapshot;
  co_return json_reply(200, cluster_document(*s.view, *s.settings, s.paused));
}

Task<HttpReply> get_history(ApiCall call) {
  auto snapshot = co_await any_view(call.api);
  if (!snapshot) co_return store_unreadable(snapshot.error());
  co_return json_reply(200, history_document(*(*snapshot)->view));
}

// The map as it was read last, however long ago: the store being away is when it matters.
Task<HttpReply> get_failsafe(ApiCall call) {
  const SnapshotPtr snapshot = call.api.engine.snapshot();
  if (!snapshot->settings->dynamic.failsafe_mode || snapshot->failsafe.empty()) co_return http_error_page(502);
  json::object members;
  for (const auto& [name, url] : snapshot->failsafe) members[name] = url;
  co_return json_reply(200, members);
}

// A primary that lost the store asks whether it may go on (rest_api.md 15).
Task<HttpReply> post_failsafe(ApiCall call) {
  const Compatibility level = call.api.engine.snapshot()->settings->compatibility;
  if (level == Compatibility::V1_5) co_return unsupported_method("POST");
  Result<FailsafeQuestion> question = parse_failsafe_question(call.body);
  if (!question) co_return text_reply(400, question.error().text());
  const auto reply = co_await call.api.engine.ask(FailsafeRequest{std::move(*question)}, kConsentLimit);
  if (!reply) co_return text_reply(500, "the engine did not answer in time");
  if (reply->http_status == 502) co_return http_error_page(502);
  HttpReply out = text_reply(reply->http_status, reply->text);
  const SnapshotPtr now = call.api.engine.snapshot();
  if (reply->ok() && level == Compatibility::V4_1 && now->postgres.row) {
    out.headers.emplace_back("lsn", std::to_string(now->postgres.row->position().bytes));
  }
  co_return out;
}

Task<HttpReply> get_config(ApiCall call) {
  auto snapshot = co_await any_view(call.api);
  if (!snapshot) co_return store_unreadable(snapshot.error());
  const auto& config = (*snapshot)->view->config;
  if (!config) co_return http_error_page(502);
  co_return json_reply(200, config->value);
}

Task<HttpReply> patch_config(ApiCall call) {
  auto snapshot = co_await call.api.engine.fresh();
  if (!snapshot) co_return store_unreadable(snapshot.error());
  const auto& config = (*snapshot)->view->config;
  if (!config) co_return http_error_page(503);
  json::object merged = config->value;
  if (!patch_config(merged, call.body)) co_return json_reply(200, config->value);
  const auto reply = co_await call.api.engine.ask(ConfigWrite{merged, config->revision}, write_limit(call.api));
  if (!reply) co_return text_reply(503, "the store did not answer in time; the change may still be applied");
  if (reply->ok()) co_return json_reply(200, merged);
  if (reply->http_status == 409) co_return http_error_page(409);
  co_return text_reply(503, reply->text);
}

Task<HttpReply> get_settings(ApiCall call) {
  co_return settings_reply(co_await call.api.engine.ask(SettingsQuestion{}, kSettingsLimit));
}

// {"config": <the whole document>}: nothing is written.
Task<HttpReply> post_settings(ApiCall call) {
  const json::value* config = call.body.if_contains("config");
  if (config == nullptr || !config->is_object()) {
    co_return text_reply(400, "expected {\"config\": <the dynamic configuration as it is to be>}");
  }
  co_return settings_reply(co_await call.api.engine.ask(SettingsQuestion{config->get_object()}, kSettingsLimit));
}

Task<HttpReply> put_config(ApiCall call) {
  auto snapshot = co_await call.api.engine.fresh();
  if (!snapshot) co_return store_unreadable(snapshot.error());
  const auto& config = (*snapshot)->view->config;
  if (config && deep_equal(config->value, call.body)) co_return json_reply(200, call.body);
  const auto reply = co_await call.api.engine.ask(ConfigWrite{call.body, std::nullopt}, write_limit(call.api));
  if (!reply || !reply->ok()) co_return http_error_page(502);
  co_return json_reply(200, call.body);
}

}  // namespace tamada
