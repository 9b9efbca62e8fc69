// Who may call the protected endpoints (rest_api.md 4, features E5). The rules are pure; what needs names resolved is
// asked for before (client_standing.h).
#pragma once

#include <optional>

#include "api/replies.h"
#include "model/settings.h"
#include "net/http_message.h"

namespace tamada {

// What is known about the client's address.
struct ClientStanding {
  bool in_allowlist = false;
  bool is_member = false;
  bool on_this_host = false;
};

// True when nothing protects the API and only this host and members may change things.
bool closed_by_default(const RestApiSettings& settings);
// True when the rules need the standing at all.
bool standing_matters(const RestApiSettings& settings);

// A browser says with `Origin` whose page asks: only this API's own pages may change things, so that no page of
// somebody else acts in the name of who looks at it. Where no password proves who asks, the page's host must be a name
// or an address that is ours: any name can be made to point here (DNS rebinding). nullopt = no browser, or our page.
std::optional<HttpReply> refuse_origin(const RestApiSettings& settings, const HttpServerRequest& request);

// The reply that refuses, in the order of the rules; nullopt = allowed.
std::optional<HttpReply> refuse_access(const RestApiSettings& settings, const HttpServerRequest& request,
                                       const ClientStanding& standing);

// Takes the same time wherever the texts differ.
bool constant_time_equal(std::string_view a, std::string_view b);

}  // namespace tamada
