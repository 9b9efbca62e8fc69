#include "net/http_request_parser.h"

#include <optional>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <fmt/format.h>

#include "base/invariant.h"

namespace tamada {

namespace http = boost::beast::http;

namespace {

using Parser = http::request_parser<http::string_body>;

std::string text(boost::beast::string_view view) {
  return std::string(view.data(), view.size());
}

}  // namespace

struct HttpRequestParser::Impl {
  std::optional<Parser> parser;
  boost::system::error_code error;
  std::string first_line;  // of a request that failed, for the answer
  bool line_ended = false;
};

HttpRequestParser::HttpRequestParser(HttpParseLimits limits) : limits_(limits), impl_(std::make_unique<Impl>()) {
  reset();
}
HttpRequestParser::~HttpRequestParser() = default;

void HttpRequestParser::reset() {
  impl_->parser.emplace();
  impl_->parser->header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
  impl_->parser->body_limit(limits_.body_bytes);
  impl_->parser->eager(true);
  impl_->error = {};
  state_ = State::NeedMore;
}

std::size_t HttpRequestParser::feed(std::string_view bytes) {
  INVARIANT(state_ == State::NeedMore);
  std::size_t consumed = 0;
  while (consumed < bytes.size() && !impl_->parser->is_done()) {
    std::string_view rest = bytes.substr(consumed);
    boost::system::error_code ec;
    std::size_t taken = impl_->parser->put(boost::asio::buffer(rest), ec);
    consumed += taken;
    if (ec == http::error::need_more) {
      if (taken == 0) return consumed;
      continue;
    }
    if (ec) {
      impl_->error = ec;
      impl_->first_line = std::string(rest.substr(0, std::min<std::size_t>(rest.find_first_of("\r\n"), 200)));
      impl_->line_ended = rest.find('\n') != std::string_view::npos;
      state_ = State::Failed;
      return consumed;
    }
  }
  if (impl_->parser->is_done()) state_ = State::Done;
  return consumed;
}

bool HttpRequestParser::wants_continue() const {
  if (state_ != State::NeedMore || !impl_->parser->is_header_done()) return false;
  const auto& message = impl_->parser->get();
  return message.version() == 11 && boost::beast::iequals(message[http::field::expect], "100-continue");
}

HttpServerRequest HttpRequestParser::take_request() {
  INVARIANT(state_ == State::Done);
  auto& message = impl_->parser->get();
  HttpServerRequest request;
  request.method = text(message.method_string());
  request.target = text(message.target());
  request.http_1_0 = message.version() == 10;
  request.has_length = message.has_content_length() || message.chunked();
  for (const auto& field : message) request.headers.emplace_back(text(field.name_string()), text(field.value()));
  request.body = std::move(message.body());
  return request;
}

bool HttpRequestParser::keep_alive() const {
  return state_ == State::Done && impl_->parser->keep_alive();
}

HttpReply HttpRequestParser::failure() const {
  INVARIANT(state_ == State::Failed);
  HttpReply reply;
  if (impl_->error == http::error::header_limit || impl_->error == http::error::buffer_overflow) {
    reply = http_error_page(impl_->line_ended || impl_->parser->is_header_done() ? 431 : 414);
  } else if (impl_->error == http::error::body_limit) {
    reply = http_error_page(413);
  } else if (impl_->parser->is_header_done()) {
    reply = http_error_page(400);
  } else {
    reply = http_error_page(400, fmt::format("Bad request syntax ('{}')", impl_->first_line),
                            "Bad request syntax or unsupported method");
  }
  reply.close = true;
  return reply;
}

}  // namespace tamada
