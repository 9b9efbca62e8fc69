#include "api/member_questions.h"

#include <fmt/format.h>

#include "model/stored_json.h"
#include "model/url.h"
#include "peers/rest_peers.h"

namespace tamada {

namespace {

// Far more than a decision or a list of all that is kept can have.
constexpr std::size_t kMostBytes = 4 * 1024 * 1024;
constexpr std::size_t kLongestRefusal = 1000;

std::string explain_endpoint(const QueryString& query) {
  std::string out = "explain";
  for (const auto& [name, value] : query.all()) {
    if (name == "member") continue;
    out += fmt::format("{}{}={}", out.find('?') == std::string::npos ? '?' : '&', url_escape(name), url_escape(value));
  }
  return out;
}

// Only what /explain gives is handed on: the address comes from the store.
HttpReply handed_on(const std::string& member, const HttpResponse& response) {
  if (response.status == 200 && response.body.size() <= kMostBytes) {
    const auto document = stored::object_of(response.body);
    if (document && (document->contains("rule") || document->contains("past"))) return json_reply(200, *document);
  }
  const bool refusal = response.status == 400 || response.status == 404;
  if (refusal && response.body.size() <= kLongestRefusal) return text_reply(response.status, response.body);
  return text_reply(502, fmt::format("{} does not explain itself, status code={}", member, response.status));
}

}  // namespace

MemberQuestions::MemberQuestions(Executor executor, EngineClient& engine, Resolver& resolver)
    : engine_(engine), transport_(std::move(executor), [&engine] { return engine.now(); }, {}, resolver) {}

Task<HttpReply> MemberQuestions::explain(std::string member, QueryString query) {
  const SnapshotPtr snapshot = engine_.snapshot();
  if (!snapshot->view) co_return text_reply(503, "the members are not known yet");
  const Member* found = snapshot->view->member(member);
  if (found == nullptr) co_return text_reply(404, fmt::format("the cluster has no member {}", member));
  HttpRequest request;
  request.url = endpoint_url(found->api_url, explain_endpoint(query));
  if (request.url.empty()) co_return text_reply(502, fmt::format("{} publishes no usable api_url", member));
  // New settings of the transport cost its connections.
  if (used_ != snapshot->settings) transport_.update_settings(peers_http_settings(*snapshot->settings));
  used_ = snapshot->settings;
  const auto response = co_await transport_.send(std::move(request), engine_.now() + kPatience);
  if (!response) co_return text_reply(502, fmt::format("{} gave no answer: {}", member, response.error().text()));
  co_return handed_on(member, *response);
}

}  // namespace tamada
