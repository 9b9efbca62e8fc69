// The REST API as one table: method, path, handler, protected or not. Everything else follows from it: access checks,
// bodies, HEAD and OPTIONS, the health rules for paths without a row.
#pragma once

#include <span>
#include <string_view>

#include "api/api_context.h"
#include "base/task.h"

namespace tamada {

enum class RouteBody {
  Ignored,   // whatever was sent
  Optional,  // absent or empty counts as {}
  Required,  // a JSON object that is not empty
};

struct Route {
  std::string_view method;
  std::string_view segment;  // first part of the path
  Task<HttpReply> (*handler)(ApiCall call);
  bool is_protected = false;
  RouteBody body = RouteBody::Ignored;
  // Members ask it when the store is lost: who is one is told by the last /failsafe map as well, and an allow list of
  // members alone is left out (rest_api.md 4).
  bool without_store = false;
};

std::span<const Route> api_routes();

// Answers every request; errors of handlers become replies.
Task<HttpReply> handle_request(ApiContext& api, const HttpServerRequest& request);

}  // namespace tamada
