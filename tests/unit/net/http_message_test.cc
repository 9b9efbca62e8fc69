#include "net/http_message.h"

#include <gtest/gtest.h>

#include "net/listen_address.h"

namespace tamada {
namespace {

TEST(HttpReply, is_written_with_length_and_in_the_documented_order) {
  HttpReply reply;
  reply.status = 401;
  reply.body = "no";
  reply.headers.emplace_back("WWW-Authenticate", "Basic realm=\"Patroni\"");
  EXPECT_EQ(format_http_reply(reply, "Tamada", "now", false, true),
            "HTTP/1.1 401 Unauthorized\r\nServer: Tamada\r\nDate: now\r\nContent-Type: text/html\r\n"
            "WWW-Authenticate: Basic realm=\"Patroni\"\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nno");
}

TEST(HttpReply, without_body_keeps_the_length_of_the_body) {
  HttpReply reply;
  reply.body = "12345";
  reply.without_body = true;
  const std::string text = format_http_reply(reply, "T", "now", true, false);
  EXPECT_TRUE(text.starts_with("HTTP/1.0 200 OK\r\n"));
  EXPECT_NE(text.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(text.ends_with("Connection: close\r\n\r\n"));
}

TEST(HttpReply, a_line_break_in_a_value_never_starts_a_header) {
  HttpReply reply;
  reply.reason = "a\r\nEvil: 1";
  reply.headers.emplace_back("X-A", "b\r\nEvil: 2");
  const std::string text = format_http_reply(reply, "T", "now", false, false);
  EXPECT_EQ(text.find("\nEvil"), std::string::npos);
}

TEST(HttpErrorPage, carries_the_sentence_that_clients_look_for) {
  const HttpReply page =
      http_error_page(501, "Unsupported method ('<DELETE>')", "Server does not support this operation");
  EXPECT_EQ(page.status, 501);
  EXPECT_NE(page.body.find("Error code explanation: 501 - Server does not support this operation"), std::string::npos);
  EXPECT_NE(page.body.find("Message: Unsupported method ('&lt;DELETE&gt;')."), std::string::npos);
  EXPECT_NE(http_error_page(411).body.find("Client must specify Content-Length."), std::string::npos);
}

TEST(HttpDate, is_the_form_of_the_standard) {
  EXPECT_EQ(http_date(1795410673), "Mon, 23 Nov 2026 05:11:13 GMT");
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(ListenAddress, is_split_at_the_last_colon) {
  EXPECT_EQ(*parse_listen_address("10.0.0.1:8008"), (ListenAddress{"10.0.0.1", 8008}));
  EXPECT_EQ(*parse_listen_address("[::1]:8008"), (ListenAddress{"::1", 8008}));
  EXPECT_EQ(*parse_listen_address("::1:8008"), (ListenAddress{"::1", 8008}));
  EXPECT_TRUE(parse_listen_address(":8008")->any());
  EXPECT_TRUE(parse_listen_address("*:8008")->any());
  for (const char* bad : {"", "8008", "host", "host:", "host:x", "host:65536", "host:-1", "[::1:8008", "a b:1"}) {
    EXPECT_FALSE(parse_listen_address(bad)) << bad;
  }
  EXPECT_EQ(parse_listen_address("nonsense").error().message, "expected <HOST>:<PORT>, but got \"nonsense\"");
}

}  // namespace
}  // namespace tamada
