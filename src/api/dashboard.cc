#include "api/dashboard.h"

#include <array>

#include <fmt/format.h>
#include <openssl/sha.h>

#include "api/dashboard_files.h"
#include "base/text.h"

namespace tamada {

namespace {

// Where the parts go; the files stay valid by themselves.
constexpr std::string_view kStylePlace = "/* style.css */";
constexpr std::string_view kScriptPlace = "/* page.js */";

std::string sha256(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

bool names_etag(std::string_view sent, std::string_view etag) {
  for (const std::string& one : split_list(sent)) {
    if (one == "*" || one == etag || one == fmt::format("W/{}", etag)) return true;
  }
  return false;
}

}  // namespace

DashboardPage make_dashboard_page(std::string_view html, std::string_view css, std::string_view js) {
  DashboardPage page;
  // The style first: the script may well speak of places.
  page.body = replace_all(replace_all(html, kStylePlace, css), kScriptPlace, js);
  page.policy = fmt::format(
      "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; connect-src 'self'; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
      sha256(js), sha256(css));
  page.etag = fmt::format("\"{}\"", sha256(page.body).substr(0, 22));
  return page;
}

std::string dashboard_script() {
  return fmt::format("\"use strict\";\n(() => {{\n{}}})();\n", kDashboardJs);
}

HttpReply dashboard_reply(const HttpServerRequest& request) {
  static const DashboardPage page = make_dashboard_page(kDashboardHtml, kDashboardCss, dashboard_script());
  HttpReply reply = text_reply(200, page.body);
  reply.content_type = "text/html; charset=utf-8";
  reply.headers = {{"Content-Security-Policy", page.policy},
                   {"X-Content-Type-Options", "nosniff"},
                   {"Referrer-Policy", "same-origin"},
                   {"Cache-Control", "no-cache"},
                   {"ETag", page.etag}};
  if (names_etag(request.header("If-None-Match"), page.etag)) {
    reply.status = 304;
    reply.without_body = true;
  }
  return reply;
}

}  // namespace tamada
