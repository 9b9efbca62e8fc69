#include "api/access.h"

#include <algorithm>

#include <fmt/format.h>
#include <boost/asio/ip/address.hpp>

#include "base/text.h"
#include "model/url.h"
#include "net/listen_address.h"

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

// A browser that is challenged asks with a window of its own and from then on sends the password by itself, also when
// somebody else's page makes it send: pages are not challenged.
HttpReply unauthorized(const HttpServerRequest& request, std::string text) {
  HttpReply reply = text_reply(401, std::move(text));
  bool from_page = false;
  request.header("Origin", &from_page);
  if (!from_page) reply.headers.emplace_back("WWW-Authenticate", "Basic realm=\"Patroni\"");
  return reply;
}

std::optional<HttpReply> refuse_credentials(const RestApiSettings& settings, const HttpServerRequest& request) {
  bool present = false;
  const std::string_view sent = request.header("Authorization", &present);
  if (!present) return unauthorized(request, "no auth header received");
  const std::string expected = "Basic " + base64_encode(settings.username + ":" + settings.password);
  if (!constant_time_equal(sent, expected)) return unauthorized(request, "not authenticated");
  return std::nullopt;
}

// Both as the client names them; a port that is not said is the one of the scheme, which a proxy may have changed.
bool same_place(const UrlParts& origin, const UrlParts& host) {
  if (origin.host.empty()) return false;
  const int usual = origin.scheme == "https" ? 443 : 80;
  return equal_ignoring_case(origin.host, host.host) && origin.port.value_or(usual) == host.port.value_or(usual);
}

bool is_address(const std::string& host) {
  boost::system::error_code ec;
  boost::asio::ip::make_address(host, ec);
  return !ec;
}

bool is_our_name(const RestApiSettings& settings, const std::string& host) {
  if (is_address(host) || equal_ignoring_case(host, "localhost")) return true;
  for (const std::string& own : {settings.connect_address, settings.listen}) {
    const auto address = parse_listen_address(own);
    if (address && equal_ignoring_case(address->host, host)) return true;
  }
  return false;
}

}  // namespace

std::optional<HttpReply> refuse_origin(const RestApiSettings& settings, const HttpServerRequest& request) {
  bool from_page = false;
  const std::string_view sent = request.header("Origin", &from_page);
  if (!from_page) return std::nullopt;
  const auto origin = split_url(sent);
  const auto host = split_url(fmt::format("http://{}", request.header("Host")));
  if (!origin || !host || !same_place(*origin, *host)) {
    return text_reply(403, "Access is denied: pages of another origin may not change anything");
  }
  if (!has_credentials(settings) && !is_our_name(settings, host->host)) {
    return text_reply(403,
                      "Access is denied: without restapi.authentication a page may change things only when it was "
                      "opened by an address or by the name in restapi.connect_address");
  }
  return std::nullopt;
}

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
