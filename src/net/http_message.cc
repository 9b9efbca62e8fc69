#include "net/http_message.h"

#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

namespace tamada {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

struct StatusText {
  int status;
  std::string_view reason;
  std::string_view explanation;
};

constexpr std::array kStatusTexts = std::to_array<StatusText>({
    {200, "OK", "Request fulfilled, document follows"},
    {202, "Accepted", "Request accepted, processing continues off-line"},
    {304, "Not Modified", ""},
    {400, "Bad Request", "Bad request syntax or unsupported method"},
    {401, "Unauthorized", "No permission -- see authorization schemes"},
    {403, "Forbidden", "Request forbidden -- authorization will not help"},
    {404, "Not Found", "Nothing matches the given URI"},
    {408, "Request Timeout", "Request timed out; try again later."},
    {409, "Conflict", "Request conflict."},
    {411, "Length Required", "Client must specify Content-Length."},
    {412, "Precondition Failed", "Precondition in headers is false."},
    {413, "Request Entity Too Large", "Entity is too large."},
    {414, "Request-URI Too Long", "URI is too long."},
    {422, "Unprocessable Entity", ""},
    {431, "Request Header Fields Too Large", "The headers are too large."},
    {500, "Internal Server Error", "Server got itself in trouble"},
    {501, "Not Implemented", "Server does not support this operation"},
    {502, "Bad Gateway", "Invalid responses from another server/proxy."},
    {503, "Service Unavailable", "The server cannot process the request due to a high load"},
    {505, "HTTP Version Not Supported", "Cannot fulfill request."},
});

const StatusText* find_status(int status) {
  auto it = std::find_if(kStatusTexts.begin(), kStatusTexts.end(), [&](const auto& t) { return t.status == status; });
  return it == kStatusTexts.end() ? nullptr : it;
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// Header values come from settings and from requests (the method in a reason): a line break would start a new header.
void append_clean(std::string& out, std::string_view text) {
  for (char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  append_clean(out, name);
  out += ": ";
  append_clean(out, value);
  out += "\r\n";
}

}  // namespace

std::string_view HttpServerRequest::header(std::string_view name, bool* present) const {
  for (const auto& [key, value] : headers) {
    if (!same_name(key, name)) continue;
    if (present != nullptr) *present = true;
    return value;
  }
  if (present != nullptr) *present = false;
  return {};
}

std::string_view http_reason(int status) {
  const StatusText* text = find_status(status);
  return text != nullptr ? text->reason : "Unknown";
}

HttpReply http_error_page(int status, std::string reason, std::string_view explanation) {
  HttpReply reply;
  reply.status = status;
  reply.content_type = "text/html;charset=utf-8";
  reply.body = fmt::format(
      "<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error response</title>\n</head>\n"
      "<body>\n<h1>Error response</h1>\n<p>Error code: {0}</p>\n<p>Message: {1}.</p>\n"
      "<p>Error code explanation: {0} - {2}</p>\n</body>\n</html>\n",
      status, escape_html(reason), escape_html(explanation));
  reply.reason = std::move(reason);
  return reply;
}

HttpReply http_error_page(int status) {
  const StatusText* text = find_status(status);
  return http_error_page(status, std::string(http_reason(status)), text != nullptr ? text->explanation : "");
}

std::string format_http_reply(const HttpReply& reply, std::string_view server, std::string_view date, bool http_1_0,
                              bool keep_alive) {
  std::string out;
  out.reserve(256 + reply.body.size());
  fmt::format_to(std::back_inserter(out), "HTTP/1.{} {} ", http_1_0 ? 0 : 1, reply.status);
  append_clean(out, reply.reason.empty() ? http_reason(reply.status) : std::string_view(reply.reason));
  out += "\r\n";
  append_header(out, "Server", server);
  append_header(out, "Date", date);
  append_header(out, "Content-Type", reply.content_type);
  for (const auto& [name, value] : reply.headers) append_header(out, name, value);
  if (!reply.next_part) {
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", reply.body.size());
  } else if (!http_1_0) {
    out += "Transfer-Encoding: chunked\r\n";
  }
  // Both words are the default of one version only; said always, for proxies that guess.
  out += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  if (!reply.without_body && !reply.next_part) out += reply.body;
  return out;
}

std::string http_date(std::int64_t epoch_seconds) {
  static constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t time = static_cast<std::time_t>(epoch_seconds);
  std::tm utc{};
  gmtime_r(&time, &utc);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon],
                     utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace tamada
