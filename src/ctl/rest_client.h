// Requests of the commands to the members' REST API (cli.md 3.1). Credentials are always sent.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "ctl/command_context.h"

namespace tamada::ctl {

struct RestRequest {
  std::string method = "GET";
  std::string endpoint;  // "restart"
  std::optional<json::object> body;
  std::chrono::seconds timeout{60};
};

// A restart or a clone may take its time.
constexpr std::chrono::seconds kNoRestLimit{24 * 3600};

// What is sent to the member. Error Unavailable when it publishes no usable address.
Result<HttpRequest> member_request(const Member& member, const RestRequest& request);

// Error when nothing was answered; every status is an answer.
Result<HttpResponse> call_member(CommandContext& context, const Member& member, const RestRequest& request);

// The TLS side of Settings: ctl section first, then restapi, --insecure as given.
HttpClientSettings rest_client_settings(const Settings& settings, bool insecure);

// "<action> for member X, status code=503, (text)": what failed requests print.
std::string failure_text(std::string_view action, const Member& member, const HttpResponse& response);

}  // namespace tamada::ctl
