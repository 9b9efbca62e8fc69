#include "api/replies.h"

#include <fmt/format.h>

namespace tamada {

HttpReply text_reply(int status, std::string text) {
  HttpReply reply;
  reply.status = status;
  reply.body = std::move(text);
  return reply;
}

HttpReply json_reply(int status, const json::value& value) {
  HttpReply reply;
  reply.status = status;
  reply.content_type = "application/json";
  reply.body = to_json(value, JsonStyle::Spaced);
  return reply;
}

HttpReply unsupported_method(std::string_view method) {
  return http_error_page(501, fmt::format("Unsupported method ('{}')", method),
                         "Server does not support this operation");
}

}  // namespace tamada
