#include "api/dashboard.h"

#include <gtest/gtest.h>

#include "api/dashboard_files.h"

namespace tamada {
namespace {

constexpr std::string_view kHtml = "<style>/* style.css */</style><script>/* page.js */</script>";

std::string between(std::string_view text, std::string_view begin, std::string_view end) {
  const auto from = text.find(begin) + begin.size();
  return std::string(text.substr(from, text.find(end, from) - from));
}

TEST(DashboardPage, carries_its_parts_and_the_hashes_of_just_them) {
  const auto page = make_dashboard_page(kHtml, "abc", "");
  EXPECT_EQ(page.body, "<style>abc</style><script></script>");
  EXPECT_NE(page.policy.find("style-src 'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='"), std::string::npos);
  EXPECT_NE(page.policy.find("script-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"), std::string::npos);
  EXPECT_TRUE(page.policy.starts_with("default-src 'none'; "));
  EXPECT_EQ(page.policy.find("unsafe"), std::string::npos);
}

TEST(DashboardPage, another_script_is_another_page) {
  const auto one = make_dashboard_page(kHtml, "a", "b");
  EXPECT_EQ(one.etag, make_dashboard_page(kHtml, "a", "b").etag);
  EXPECT_NE(one.etag, make_dashboard_page(kHtml, "a", "c").etag);
  EXPECT_TRUE(one.etag.starts_with('"') && one.etag.ends_with('"')) << one.etag;
}

TEST(DashboardPage, what_is_built_in_is_whole_and_needs_nothing_from_elsewhere) {
  HttpServerRequest request;
  const HttpReply reply = dashboard_reply(request);
  EXPECT_EQ(between(reply.body, "<style>", "</style>"), kDashboardCss);
  EXPECT_EQ(between(reply.body, "<script>", "</script>"), dashboard_script());
  EXPECT_TRUE(reply.body.ends_with("</html>\n"));
  for (const char* foreign :
       {"src=\"", "href=\"http", "@import", "url(", "import(", "https://", "</style>", "<script"}) {
    EXPECT_EQ(kDashboardCss.find(foreign), std::string::npos) << foreign;
    EXPECT_EQ(kDashboardJs.find(foreign), std::string::npos) << foreign;
  }
  for (const char* markup : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "localStorage",
                             "sessionStorage", "document.cookie"}) {
    EXPECT_EQ(kDashboardJs.find(markup), std::string::npos) << markup;
  }
  EXPECT_EQ(kDashboardHtml.find(" style="), std::string::npos) << "the policy lets no such thing in";
  EXPECT_EQ(kDashboardHtml.find(" onclick="), std::string::npos);
}

TEST(DashboardPage, who_has_it_is_told_so) {
  HttpServerRequest request;
  const HttpReply whole = dashboard_reply(request);
  const auto find_header = [](const HttpReply& reply, std::string_view name) {
    for (const auto& [key, value] : reply.headers) {
      if (key == name) return value;
    }
    return std::string();
  };
  const std::string etag = find_header(whole, "ETag");
  ASSERT_FALSE(etag.empty());
  const std::pair<std::string, int> cases[] = {{etag, 304}, {"W/" + etag, 304}, {"\"x\", " + etag, 304},
                                               {"*", 304},  {"\"x\"", 200},     {"", 200}};
  for (const auto& [sent, status] : cases) {
    request.headers = {{"If-None-Match", sent}};
    const HttpReply reply = dashboard_reply(request);
    EXPECT_EQ(reply.status, status) << sent;
    EXPECT_EQ(reply.without_body, status == 304) << sent;
    EXPECT_EQ(find_header(reply, "ETag"), etag);
    EXPECT_FALSE(find_header(reply, "Content-Security-Policy").empty());
  }
}

}  // namespace
}  // namespace tamada
