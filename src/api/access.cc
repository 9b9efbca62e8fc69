#include "api/access.h"

#include <algorithm>

#include "base/text.h"

namespace tamada {

namespace {

bool has_credentials(const RestApiSettings& settings) {
  return !settings.username.empty() || !settings.password.empty();
}

bool asks_for_certificates(const RestApiSettings& settings) {
  return !settings.certfile.empty() && settings.verify_client != RestApiSettings::VerifyClient::None;
}

bool has_allowlist(const RestApiSettings& settings) {
  return !settings.allowlist.empty() || settings.allowlist_include_members;
}

HttpReply unauthorized(std::string text) {
  HttpReply reply = text_reply(401, std::move(text));
  reply.headers.emplace_back("WWW-Authenticate", "Basic realm=\"Patroni\"");
  return reply;
}

std::optional<HttpReply> refuse_credentials(const RestApiSettings& settings, const HttpServerRequest& request) {
  bool present = false;
  const std::string_view sent = request.header("Authorization", &present);
  if (!present) return unauthorized("no auth header received");
  const std::string expected = "Basic " + base64_encode(settings.username + ":" + settings.password);
  if (!constant_time_equal(sent, expected)) return unauthorized("not authenticated");
  return std::nullopt;
}

}  // namespace

bool closed_by_default(const RestApiSettings& settings) {
  return !settings.open_writes && !has_credentials(settings) && !asks_for_certificates(settings) &&
         !has_allowlist(settings);
}

bool standing_matters(const RestApiSettings& settings) {
  return has_allowlist(settings) || closed_by_default(settings);
}

std::optional<HttpReply> refuse_access(const RestApiSettings& settings, const HttpServerRequest& request,
                                       const ClientStanding& standing) {
  if (has_allowlist(settings)) {
    const bool listed = standing.in_allowlist || (settings.allowlist_include_members && standing.is_member);
    if (!listed) return text_reply(403, "Access is denied");
  }
  if (asks_for_certificates(settings) && request.client->tls && !request.client->certificate_verified) {
    return text_reply(403, "client certificate required");
  }
  if (has_credentials(settings)) return refuse_credentials(settings, request);
  if (closed_by_default(settings) && !standing.on_this_host && !standing.is_member) {
    return text_reply(403,
                      "Access is denied: without restapi.authentication, restapi.allowlist or client certificates only "
                      "this host and the members of the cluster may do this (restapi.open_writes lifts it)");
  }
  return std::nullopt;
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  unsigned char differences = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const unsigned char other = b.empty() ? 0 : static_cast<unsigned char>(b[i % b.size()]);
    differences = static_cast<unsigned char>(differences | (static_cast<unsigned char>(a[i]) ^ other));
  }
  return differences == 0;
}

}  // namespace tamada
