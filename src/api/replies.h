// The kinds of answers that REST gives.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "net/http_message.h"

namespace tamada {

// A refusal found by a pure rule: the code and the documented text.
struct Refusal {
  int status = 0;
  std::string text;
  bool operator==(const Refusal&) const = default;
};

HttpReply text_reply(int status, std::string text);
HttpReply json_reply(int status, const json::value& value);
inline HttpReply refusal_reply(const Refusal& refusal) {
  return text_reply(refusal.status, refusal.text);
}
// 501 as every client of the API knows it.
HttpReply unsupported_method(std::string_view method);

}  // namespace tamada
