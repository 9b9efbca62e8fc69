// GET /dashboard: one page, built in, that shows what the other endpoints of its member tell. Whatever it loads or runs
// is in the page itself: the policy lets nothing else in, be it in a tag or a name that came from the store.
#pragma once

#include <string>
#include <string_view>

#include "api/replies.h"
#include "net/http_message.h"

namespace tamada {

struct DashboardPage {
  std::string body;
  std::string policy;  // Content-Security-Policy: the hashes of the page's own style and script
  std::string etag;
};

// Puts style and script in the places that the page names. Pure.
DashboardPage make_dashboard_page(std::string_view html, std::string_view css, std::string_view js);

// The files of the script in a scope of their own.
std::string dashboard_script();

// The page, or 304 for who has it already.
HttpReply dashboard_reply(const HttpServerRequest& request);

}  // namespace tamada
