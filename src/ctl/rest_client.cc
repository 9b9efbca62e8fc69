#include "ctl/rest_client.h"

#include <fmt/format.h>

#include "model/url.h"

namespace tamada::ctl {

namespace {

std::string authority(const UrlParts& parts) {
  const bool v6 = parts.host.find(':') != std::string::npos;
  std::string out = v6 ? "[" + parts.host + "]" : parts.host;
  if (parts.port) out += fmt::format(":{}", *parts.port);
  return out;
}

}  // namespace

Result<HttpRequest> member_request(const Member& member, const RestRequest& request) {
  const auto parts = split_url(member.api_url);
  if (!parts || parts->host.empty()) {
    return Error(ErrorCode::Unavailable, fmt::format("member {} publishes no usable api_url", member.name));
  }
  HttpRequest http;
  http.method = request.method;
  http.url = fmt::format("{}://{}/{}", parts->scheme, authority(*parts), request.endpoint);
  if (request.body) {
    http.headers.emplace_back("Content-Type", "application/json");
    http.body = to_json(*request.body, JsonStyle::Spaced);
  }
  return http;
}

Result<HttpResponse> call_member(CommandContext& context, const Member& member, const RestRequest& request) {
  auto http = member_request(member, request);
  if (!http) return http.error();
  const Instant deadline = context.clock.now() + request.timeout;
  auto response = context.loop.run(context.http.send(std::move(*http), deadline));
  if (!response)
    return response.error().wrap(fmt::format("member {} at {} gave no answer", member.name, member.api_url));
  return response;
}

HttpClientSettings rest_client_settings(const Settings& settings, bool insecure) {
  const CtlSettings& ctl = settings.ctl;
  const RestApiSettings& rest = settings.restapi;
  HttpClientSettings out;
  const bool own_credentials = !ctl.username.empty();
  out.username = own_credentials ? ctl.username : rest.username;
  out.password = own_credentials ? ctl.password : rest.password;
  out.cacert = ctl.cacert.empty() ? rest.cafile : ctl.cacert;
  out.cert = ctl.certfile;
  out.key = ctl.keyfile;
  out.key_password = ctl.keyfile_password;
  if (out.cert.empty() && settings.compatibility == Compatibility::V3_0) {
    out.cert = rest.certfile;
    out.key = rest.keyfile;
    out.key_password = rest.keyfile_password;
  }
  if (settings.compatibility == Compatibility::V1_5 && out.cacert.empty()) out.cacert = rest.certfile;
  out.verify_peer = out.verify_host = !(insecure || ctl.insecure);
  return out;
}

std::string failure_text(std::string_view action, const Member& member, const HttpResponse& response) {
  return fmt::format("Failed: {} for member {}, status code={}, ({})\n", action, member.name, response.status,
                     response.body);
}

}  // namespace tamada::ctl
