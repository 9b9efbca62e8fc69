// Requests and replies of the HTTP server. Plain values.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/task.h"

namespace tamada {

// Who is asking; one for each connection.
struct HttpClientInfo {
  std::string address;        // numeric, IPv4-mapped addresses as IPv4
  std::string local_address;  // where the client reached us, same form
  bool tls = false;
  bool certificate_verified = false;
};

struct HttpServerRequest {
  std::string method;
  std::string target;  // as sent: path and query, maybe absolute
  bool http_1_0 = false;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool has_length = false;  // Content-Length or a chunked body was sent
  const HttpClientInfo* client = nullptr;

  // First header of the name (any case); empty when absent, `present` tells the difference.
  std::string_view header(std::string_view name, bool* present = nullptr) const;
};

struct HttpReply {
  int status = 200;
  std::string reason;  // empty = the standard phrase
  std::string content_type = "text/html";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // A body that is made while it is sent, in place of `body`: called for one part after the other until it returns
  // nullopt. Parts are sent as chunks (HTTP/1.0: until the connection closes). A client that takes none of a part for
  // HttpServerLimits::reply is dropped. It must end soon once the server stops.
  std::function<Task<std::optional<std::string>>()> next_part;
  bool without_body = false;  // HEAD and OPTIONS: the headers of `body`, but not the body
  bool close = false;         // hang up afterwards
};

std::string_view http_reason(int status);

// A small HTML page: `explanation` is the sentence that clients look for. The reason goes to the status line.
HttpReply http_error_page(int status, std::string reason, std::string_view explanation);
// With the standard reason and explanation of the status.
HttpReply http_error_page(int status);

// Status line, headers and body as they are sent. `date` is an HTTP date.
std::string format_http_reply(const HttpReply& reply, std::string_view server, std::string_view date, bool http_1_0,
                              bool keep_alive);
// "Mon, 23 Nov 2026 05:11:13 GMT"
std::string http_date(std::int64_t epoch_seconds);

}  // namespace tamada
