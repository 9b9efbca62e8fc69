#include "net/http_session.h"

#include <ctime>

#include <fmt/format.h>

namespace tamada {

namespace {

constexpr std::size_t kReadBytes = 4 * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

const std::string& HttpSessionContext::date() {
  const std::int64_t now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    date_ = http_date(now);
  }
  return date_;
}

HttpSession::HttpSession(std::shared_ptr<HttpSessionContext> context, std::unique_ptr<ByteStream> stream,
                         HttpClientInfo client)
    : context_(std::move(context)),
      stream_(std::move(stream)),
      client_(std::move(client)),
      parser_(context_->limits.parse) {
  place_ = context_->sessions.insert(context_->sessions.end(), this);
  enter(Phase::Handshake);
}

HttpSession::~HttpSession() {
  context_->sessions.erase(place_);
}

void HttpSession::enter(Phase phase) {
  phase_ = phase;
  const HttpServerLimits& limits = context_->limits;
  std::chrono::milliseconds time{0};
  switch (phase) {
    case Phase::Handshake:
    case Phase::Reading:
      time = limits.request;
      break;
    case Phase::Idle:
      time = limits.idle;
      break;
    case Phase::Handling:
      deadline_ = SteadyTime::max();
      return;  // handlers have time limits of their own
    case Phase::Replying:
      time = limits.reply;
      break;
    case Phase::Farewell:
      time = limits.farewell;
      break;
  }
  deadline_ = std::chrono::steady_clock::now() + time;
}

Task<void> HttpSession::run() {
  if (!co_await stream_->handshake()) {
    context_->log.debug("TLS handshake with {} failed: {}", client_.address, stream_->error());
    stream_->close();
    co_return;
  }
  client_.certificate_verified = stream_->peer_verified();
  for (;;) {
    enter(buffer_.empty() ? Phase::Idle : Phase::Reading);
    if (!co_await read_request()) break;
    if (!co_await answer()) break;
    if (context_->stopping) break;
  }
  co_await say_farewell();
}

Task<bool> HttpSession::read_request() {
  parser_.reset();
  bool continued = false;
  for (;;) {
    if (!buffer_.empty()) buffer_.erase(0, parser_.feed(buffer_));
    if (parser_.state() == HttpRequestParser::State::Done) co_return true;
    if (parser_.state() == HttpRequestParser::State::Failed) {
      const HttpReply reply = parser_.failure();
      co_await send(reply, false, false);
      co_return false;
    }
    if (!continued && parser_.wants_continue()) {
      continued = true;
      if (!co_await stream_->write(kContinue)) co_return false;
    }
    const std::size_t old_size = buffer_.size();
    buffer_.resize(old_size + kReadBytes);
    const std::size_t bytes = co_await stream_->read(buffer_.data() + old_size, kReadBytes);
    buffer_.resize(old_size + bytes);
    if (bytes == 0) co_return false;
    if (phase_ == Phase::Idle) enter(Phase::Reading);
  }
}

Task<bool> HttpSession::answer() {
  HttpServerRequest request = parser_.take_request();
  const bool client_keeps = parser_.keep_alive();
  request.client = &client_;
  enter(Phase::Handling);
  const HttpReply reply = co_await context_->handler(request);
  const bool ends_by_closing = reply.next_part && request.http_1_0;
  const bool keep_alive = client_keeps && !reply.close && !ends_by_closing && !context_->stopping;
  const bool sent = co_await send(reply, request.http_1_0, keep_alive);
  co_return sent&& keep_alive;
}

Task<bool> HttpSession::send(const HttpReply& reply, bool http_1_0, bool keep_alive) {
  enter(Phase::Replying);
  const std::string bytes = format_http_reply(reply, context_->server_name, context_->date(), http_1_0, keep_alive);
  const bool sent = co_await stream_->write(bytes);
  if (!sent || !reply.next_part || reply.without_body) co_return sent;
  co_return co_await send_parts(reply, http_1_0);
}

Task<bool> HttpSession::send_parts(const HttpReply& reply, bool http_1_0) {
  for (;;) {
    enter(Phase::Handling);
    const std::optional<std::string> part = co_await reply.next_part();
    if (!part) break;
    if (part->empty()) continue;
    enter(Phase::Replying);
    const std::string bytes = http_1_0 ? *part : fmt::format("{:x}\r\n{}\r\n", part->size(), *part);
    const bool sent = co_await stream_->write(bytes);
    if (!sent) co_return false;
  }
  enter(Phase::Replying);
  if (http_1_0) co_return true;
  co_return co_await stream_->write("0\r\n\r\n");
}

Task<void> HttpSession::say_farewell() {
  enter(Phase::Farewell);
  co_await stream_->finish();
  stream_->close();
}

}  // namespace tamada
