#include "net/http_request_parser.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

using State = HttpRequestParser::State;

TEST(HttpRequestParser, a_request_is_read_byte_by_byte_as_well_as_at_once) {
  const std::string text = "POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t step : {std::size_t(1), std::size_t(3), text.size()}) {
    HttpRequestParser parser({});
    std::string pending;
    for (std::size_t at = 0; at < text.size(); at += step) {
      pending += text.substr(at, step);
      pending.erase(0, parser.feed(pending));
    }
    ASSERT_EQ(parser.state(), State::Done) << step;
    EXPECT_TRUE(parser.keep_alive());
    const auto request = parser.take_request();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/a?b=c");
    EXPECT_EQ(request.body, "hello");
    EXPECT_TRUE(request.has_length);
    EXPECT_EQ(request.header("hOST"), "x");
  }
}

TEST(HttpRequestParser, two_requests_in_one_packet_are_taken_one_after_the_other) {
  HttpRequestParser parser({});
  std::string bytes = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n";
  bytes.erase(0, parser.feed(bytes));
  ASSERT_EQ(parser.state(), State::Done);
  EXPECT_EQ(parser.take_request().target, "/1");
  parser.reset();
  bytes.erase(0, parser.feed(bytes));
  ASSERT_EQ(parser.state(), State::Done);
  EXPECT_EQ(parser.take_request().target, "/2");
  EXPECT_TRUE(bytes.empty());
}

TEST(HttpRequestParser, a_missing_length_differs_from_length_zero) {
  for (const bool given : {false, true}) {
    HttpRequestParser parser({});
    parser.feed(std::string("POST /x HTTP/1.1\r\nHost: x\r\n") + (given ? "Content-Length: 0\r\n" : "") + "\r\n");
    ASSERT_EQ(parser.state(), State::Done);
    EXPECT_EQ(parser.take_request().has_length, given);
  }
}

TEST(HttpRequestParser, chunked_bodies_are_joined) {
  HttpRequestParser parser({});
  parser.feed("PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  ASSERT_EQ(parser.state(), State::Done);
  EXPECT_EQ(parser.take_request().body, "abcde");
}

TEST(HttpRequestParser, http_1_0_closes_unless_it_asks_to_stay) {
  HttpRequestParser closing({});
  closing.feed("GET / HTTP/1.0\r\n\r\n");
  EXPECT_FALSE(closing.keep_alive());
  HttpRequestParser staying({});
  staying.feed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(staying.keep_alive());
}

struct Refused {
  std::string bytes;
  int status;
};

TEST(HttpRequestParser, what_cannot_be_read_is_refused_with_the_right_code) {
  const HttpParseLimits limits{1000, 100};
  const Refused cases[] = {
      {"GARBAGE\r\n\r\n", 400},
      {"GET / HTTP/9.9\r\n\r\n", 400},
      {"GET /" + std::string(2000, 'a'), 414},
      {"GET / HTTP/1.1\r\nX: " + std::string(2000, 'a'), 431},
      {"POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x'), 413},
      {"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
      {"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc", 400},
      {"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400},
  };
  for (const auto& c : cases) {
    HttpRequestParser parser(limits);
    parser.feed(c.bytes);
    ASSERT_EQ(parser.state(), State::Failed) << c.bytes.substr(0, 60);
    EXPECT_EQ(parser.failure().status, c.status) << c.bytes.substr(0, 60);
    EXPECT_TRUE(parser.failure().close);
  }
}

TEST(HttpRequestParser, an_expectation_is_seen_before_the_body) {
  HttpRequestParser parser({});
  parser.feed("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(parser.state(), State::NeedMore);
  EXPECT_TRUE(parser.wants_continue());
}

}  // namespace
}  // namespace tamada
