#include "api/routes.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include <boost/system/system_error.hpp>

#include "api/access.h"
#include "api/client_standing.h"
#include "api/handlers.h"
#include "api/replies.h"
#include "base/async.h"
#include "base/text.h"

namespace tamada {

namespace {

// For the names in the allow list and in the members' addresses.
constexpr Duration kResolvePatience = 2s;

constexpr bool kProtected = true;
constexpr bool kOpen = false;
constexpr bool kWithoutStore = true;

constexpr auto kRoutes = std::to_array<Route>({
    {"GET", "patroni", get_patroni, kOpen},
    {"GET", "cluster", get_cluster, kOpen},
    {"GET", "history", get_history, kOpen},
    {"GET", "config", get_config, kOpen},
    {"GET", "liveness", get_liveness, kOpen},
    {"GET", "readiness", get_readiness, kOpen},
    {"GET", "metrics", get_metrics, kOpen},
    {"GET", "failsafe", get_failsafe, kOpen},
    {"GET", "explain", get_explain, kOpen},
    {"GET", "events", get_events, kOpen},
    {"GET", "dashboard", get_dashboard, kOpen},
    {"POST", "dashboard", post_dashboard, kProtected},
    {"POST", "failsafe", post_failsafe, kProtected, RouteBody::Required, kWithoutStore},
    // They tell paths, users and scripts of this host: protected like what changes something.
    {"GET", "settings", get_settings, kProtected},
    {"POST", "settings", post_settings, kProtected, RouteBody::Required},
    {"PATCH", "config", patch_config, kProtected, RouteBody::Required},
    {"PUT", "config", put_config, kProtected, RouteBody::Required},
    {"POST", "switchover", post_switchover, kProtected, RouteBody::Required},
    {"POST", "failover", post_failover, kProtected, RouteBody::Required},
    {"DELETE", "switchover", delete_switchover, kProtected},
    {"POST", "restart", post_restart, kProtected, RouteBody::Optional},
    {"DELETE", "restart", delete_restart, kProtected},
    {"POST", "reinitialize", post_reinitialize, kProtected, RouteBody::Optional},
    {"POST", "reload", post_reload, kProtected},
    {"POST", "detach", post_detach, kProtected},
    {"POST", "sigterm", post_sigterm, kProtected},
});

constexpr Route kHealthRoute{"GET", "", get_health};

// GET without a row is a health question; so is every OPTIONS. HEAD is GET without the body.
const Route* find_route(const HttpServerRequest& request, const RequestTarget& target) {
  if (request.method == "OPTIONS") return &kHealthRoute;
  const std::string_view method = request.method == "HEAD" ? std::string_view("GET") : request.method;
  auto it = std::find_if(kRoutes.begin(), kRoutes.end(),
                         [&](const Route& r) { return r.method == method && r.segment == target.segment; });
  if (it != kRoutes.end()) return it;
  return method == "GET" ? &kHealthRoute : nullptr;
}

Task<std::optional<HttpReply>> check_access(ApiContext& api, const HttpServerRequest& request, const Route& route) {
  RestApiSettings settings = *api.settings;
  if (auto refused = refuse_origin(settings, request)) co_return refused;
  const SnapshotPtr snapshot = api.engine.snapshot();
  // Since 4.0: what the key alone lets in is told by a view that is gone with the store.
  if (route.without_store && snapshot->settings->compatibility == Compatibility::V4_1 && settings.allowlist.empty()) {
    settings.allowlist_include_members = false;
  }
  ClientStanding standing;
  if (standing_matters(settings)) {
    auto members = member_hosts(snapshot->view.get());
    if (route.without_store) add_hosts(snapshot->failsafe, members);
    const Instant deadline = api.engine.now() + kResolvePatience;
    standing = co_await find_standing(*request.client, settings, std::move(members), api.resolver, deadline);
  }
  co_return refuse_access(settings, request, standing);
}

// The body as an object, or the page that refuses it.
std::optional<HttpReply> read_body(RouteBody wanted, const HttpServerRequest& request, json::object& out) {
  if (wanted == RouteBody::Ignored) return std::nullopt;
  const bool blank = trim(request.body).empty();
  if (wanted == RouteBody::Required && !request.has_length) return http_error_page(411);
  if (wanted == RouteBody::Optional && blank) return std::nullopt;
  auto parsed = parse_json(request.body);
  if (!parsed || !parsed->is_object()) return http_error_page(400);
  out = std::move(parsed->get_object());
  if (wanted == RouteBody::Required && out.empty()) return http_error_page(400);
  return std::nullopt;
}

Task<HttpReply> dispatch(ApiContext& api, const HttpServerRequest& request, const RequestTarget& target) {
  const Route* route = find_route(request, target);
  if (route == nullptr) co_return unsupported_method(request.method);
  ApiCall call{api, request, target, {}};
  if (route->is_protected) {
    auto refused = co_await check_access(api, request, *route);
    if (refused) co_return std::move(*refused);
  }
  auto bad_body = read_body(route->body, request, call.body);
  if (bad_body) co_return std::move(*bad_body);
  co_return co_await route->handler(std::move(call));
}

// A defect in a handler costs its request, never the daemon.
Task<HttpReply> dispatch_guarded(ApiContext& api, const HttpServerRequest& request, const RequestTarget& target) {
  try {
    co_return co_await dispatch(api, request, target);
  } catch (const boost::system::system_error& e) {
    if (is_cancellation(std::current_exception())) throw;
    api.log.error("{} {} failed: {}", request.method, request.target, e.what());
  } catch (const std::exception& e) {
    api.log.error("{} {} failed: {}", request.method, request.target, e.what());
  }
  co_return http_error_page(500);
}

bool has_header(const HttpReply& reply, std::string_view name) {
  return std::any_of(reply.headers.begin(), reply.headers.end(),
                     [name](const auto& header) { return equal_ignoring_case(header.first, name); });
}

// What a reply says itself stays: a second policy would shut out what the dashboard's own lets in.
void add_extra_headers(HttpReply& reply, const RestApiSettings& settings, bool tls) {
  std::vector<std::pair<std::string, std::string>> extra;
  for (const auto& [name, value] : settings.http_extra_headers) {
    if (!tls || !settings.https_extra_headers.contains(name)) extra.emplace_back(name, value);
  }
  if (tls) extra.insert(extra.end(), settings.https_extra_headers.begin(), settings.https_extra_headers.end());
  std::erase_if(extra, [&reply](const auto& header) { return has_header(reply, header.first); });
  reply.headers.insert(reply.headers.end(), extra.begin(), extra.end());
}

// Texts are sent as HTML, as ever, and some repeat what was asked: nothing in them runs in a browser, where it would be
// one of our own pages.
void forbid_scripts(HttpReply& reply) {
  constexpr std::string_view kPolicy = "Content-Security-Policy";
  if (!reply.content_type.starts_with("text/html") || has_header(reply, kPolicy)) return;
  reply.headers.emplace_back(kPolicy, "default-src 'none'; frame-ancestors 'none'");
}

}  // namespace

std::span<const Route> api_routes() {
  return kRoutes;
}

Task<HttpReply> handle_request(ApiContext& api, const HttpServerRequest& request) {
  const auto began = std::chrono::steady_clock::now();
  const RequestTarget target = parse_target(request.target);
  HttpReply reply = co_await dispatch_guarded(api, request, target);
  if (request.method == "HEAD" || request.method == "OPTIONS") {
    reply.without_body = true;
    // OPTIONS is the status line only: nothing stands behind it that the length could be of.
    if (request.method == "OPTIONS") reply.body.clear();
  }
  forbid_scripts(reply);
  add_extra_headers(reply, *api.settings, request.client->tls);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
  api.log.debug("API thread: {} - - \"{} {} HTTP/1.{}\" {} - latency: {:.3f} ms", request.client->address,
                request.method, request.target, request.http_1_0 ? 0 : 1, reply.status, took.count());
  co_return reply;
}

}  // namespace tamada
