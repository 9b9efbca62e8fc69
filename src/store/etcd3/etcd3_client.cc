#include "store/etcd3/etcd3_client.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tamada::etcd3 {

namespace {

constexpr Duration kRefreshLimit = 5s;
constexpr int kMaxAuthentications = 2;
constexpr std::size_t kMaxErrorBody = 64 * 1024;

Fault fault_of_transport(const Error& error) {
  const bool denied = error.code == ErrorCode::Denied;
  return {denied ? FaultKind::Garbled : FaultKind::Busy, !certainly_not_sent(error), error};
}

// The header stands in the "result" of a stream's answers.
Result<Header> header_of(const json::object& answer) {
  const json::value* result = answer.if_contains("result");
  return parse_header(result != nullptr && result->is_object() ? result->get_object() : answer);
}

}  // namespace

// What one call has been through.
struct Etcd3Client::Round : EtcdRounds {
  int authentications = 0;
  bool earlier_try = false;
  std::optional<Fault> fault;  // the last
  SideBySide tries;

  Round(Clock& clock, TaskScope& tasks, HttpTransport& transport, Instant until)
      : EtcdRounds{clock.now(), until, {}, 0, true, std::nullopt}, tries(clock, tasks, transport, until) {}
};

Etcd3Client::Etcd3Client(Executor executor, Clock& clock, HttpTransport& transport, EtcdConfig config,
                         Resolver* resolver, Logger log)
    : clock_(clock),
      transport_(transport),
      log_(log),
      nodes_(clock, transport, resolver, log, config.member_name),
      background_(std::move(executor)) {
  update_config(std::move(config));
}

void Etcd3Client::update_config(EtcdConfig config) {
  if (config.username != config_.username || config.password != config_.password) {
    token_.clear();
    no_auth_ = false;
  }
  config_ = std::move(config);
  nodes_.update_config(config_);
}

HttpRequest Etcd3Client::request(const std::string& node, const std::string& method, const std::string& body) const {
  HttpRequest r;
  r.method = "POST";
  r.url = node + prefix_ + method;
  r.headers.emplace_back("Content-Type", "application/json");
  if (!token_.empty()) r.headers.emplace_back("Authorization", token_);
  r.body = body;
  return r;
}

Task<CallResult> Etcd3Client::call(std::string method, std::string body, Instant deadline) {
  Round round(clock_, background_, transport_, deadline);
  try {
    auto result = co_await ask(round, method, body);
    round.tries.give_up();
    co_return result;
  } catch (...) {  // cancelled
    round.tries.give_up();
    throw;
  }
}

Task<CallResult> Etcd3Client::ask(Round& round, const std::string& method, const std::string& body) {
  while (clock_.now() < round.deadline) {
    const std::string node = co_await nodes_.next(round);
    if (node.empty()) break;
    const Instant limit = round.try_until(clock_.now());
    auto outcome = co_await attempt(round, node, method, body, limit);
    if (auto* answer = std::get_if<Answer>(&outcome)) {
      answer->earlier_try = round.earlier_try;
      nodes_.succeeded(answer->node);
      refresh_later();
      co_return std::move(*answer);
    }
    auto final = co_await after_fault(round, node, std::get<Fault>(std::move(outcome)), limit);
    if (final) co_return *final;
  }
  co_return out_of_time(round);
}

Task<std::variant<Answer, Fault>> Etcd3Client::attempt(Round& round, const std::string& node, const std::string& method,
                                                       const std::string& body, Instant limit) {
  if (auto fault = co_await authenticate(node, limit)) co_return *fault;
  const Instant sent = clock_.now();
  round.tries.send(node, request(node, method, body));
  const std::size_t newest = round.tries.sent() - 1;
  while (auto arrival = co_await round.tries.next(limit)) {
    auto outcome = judge(*arrival);
    // The failure of a try that was given up is none of this one.
    if (arrival->number == newest || std::holds_alternative<Answer>(outcome)) co_return outcome;
  }
  co_return Fault{
      FaultKind::Busy, true,
      Error(ErrorCode::Timeout, fmt::format("{}: no answer within {:.3g} s", node, to_seconds(clock_.now() - sent)))};
}

std::variant<Answer, Fault> Etcd3Client::judge(const SideBySide::Arrival& arrival) {
  if (!arrival.response) return fault_of_transport(arrival.response.error());
  Reply reply = parse_reply(arrival.response->status, arrival.response->body);
  if (auto* fault = std::get_if<Fault>(&reply)) return std::move(*fault);
  Answer answer{std::move(std::get<json::object>(reply)), {}, arrival.node, arrival.sent, false};
  auto header = header_of(answer.body);
  if (!header) return Fault{FaultKind::Garbled, true, header.error()};
  answer.header = *header;
  if (nodes_.foreign(arrival.node, answer.header.cluster_id)) {
    return Fault{FaultKind::Garbled, true, Error(ErrorCode::Protocol, "the node belongs to another etcd cluster")};
  }
  return answer;
}

Task<std::optional<Fault>> Etcd3Client::authenticate(const std::string& node, Instant limit) {
  if (config_.username.empty() || no_auth_ || !token_.empty()) co_return std::nullopt;
  const HttpRequest r = request(node, "/auth/authenticate", authenticate_body(config_.username, config_.password));
  auto response = co_await transport_.send(r, limit);
  if (!response) {
    Fault fault = fault_of_transport(response.error());
    fault.may_be_applied = false;  // of the request that follows
    co_return fault;
  }
  Reply reply = parse_reply(response->status, response->body);
  if (auto* fault = std::get_if<Fault>(&reply)) {
    fault->may_be_applied = false;
    if (fault->kind == FaultKind::AuthDisabled) {
      no_auth_ = true;
      log_.info("etcd does not use authentication; username and password are ignored");
      co_return std::nullopt;
    }
    if (fault->kind == FaultKind::BadCredentials) {
      fault->error = fault->error.wrap(fmt::format("etcd refused user \"{}\"", config_.username));
    }
    co_return *fault;
  }
  auto token = parse_token(std::get<json::object>(reply));
  if (!token) co_return Fault{FaultKind::Garbled, false, token.error()};
  token_ = std::move(*token);
  co_return std::nullopt;
}

Task<std::optional<Fault>> Etcd3Client::after_fault(Round& round, const std::string& node, Fault fault, Instant limit) {
  if (fault.may_be_applied) round.earlier_try = true;
  const bool denied = fault.error.code == ErrorCode::Denied;
  if (!denied) round.all_denied = false;
  switch (fault.kind) {
    case FaultKind::Busy:
    case FaultKind::Garbled:
      nodes_.failed(node, fault.error);
      round.fault = fault;
      if (denied && nodes_.everybody_denies(round)) break;
      co_return std::nullopt;
    case FaultKind::Token:
    case FaultKind::PermissionDenied:  // also the answer to a token from before the user's rights changed
      if (config_.username.empty() || ++round.authentications > kMaxAuthentications) break;
      token_.clear();
      no_auth_ = false;
      round.fault = fault;
      round.tried.pop_back();
      co_return std::nullopt;
    case FaultKind::Unsupported:
      if (auto still = co_await find_prefix(node, limit)) {
        fault = *still;
        break;
      }
      round.fault = fault;
      round.tried.pop_back();
      co_return std::nullopt;
    default:
      break;
  }
  fault.may_be_applied = round.earlier_try;
  co_return fault;
}

Fault Etcd3Client::out_of_time(const Round& round) {
  const std::string text = fmt::format("etcd did not answer within {:.3g} s", to_seconds(round.deadline - round.began));
  Fault fault{FaultKind::Busy, round.earlier_try, Error(ErrorCode::Unavailable, text)};
  const std::optional<Error> last = round.fault ? std::optional(round.fault->error) : round.last;
  if (last) fault.error = Error(*last).wrap(text);
  fault.error.code = last && last->code == ErrorCode::Denied ? ErrorCode::Denied : ErrorCode::Unavailable;
  if (fault.error.hint.empty())
    fault.error.hint = "check that etcd runs and that the section etcd3 names its endpoints";
  return fault;
}

// The gateway's path depends on the version (dcs.md 4.1). nullopt when another prefix than before is to be used now.
Task<std::optional<Fault>> Etcd3Client::find_prefix(const std::string& node, Instant limit) {
  HttpRequest r;
  r.url = node + "/version";
  auto response = co_await transport_.send(std::move(r), limit);
  if (!response) co_return fault_of_transport(response.error());
  Reply reply = parse_reply(response->status, response->body);
  if (auto* fault = std::get_if<Fault>(&reply)) co_return *fault;
  auto version = parse_version(std::get<json::object>(reply));
  if (!version) co_return Fault{FaultKind::Busy, false, version.error()};
  auto prefix = api_prefix(*version);
  if (!prefix) co_return Fault{FaultKind::Unsupported, false, prefix.error()};
  if (*prefix == prefix_) {
    co_return Fault{FaultKind::Unsupported, false,
                    Error(ErrorCode::Unsupported, fmt::format("etcd node {} does not serve {}", node, prefix_))};
  }
  prefix_ = std::move(*prefix);
  co_return std::nullopt;
}

Task<std::variant<Etcd3Client::Stream, Fault>> Etcd3Client::open(std::string method, std::string body,
                                                                 Instant deadline) {
  const std::string node = nodes_.any();
  if (node.empty()) co_return Fault{FaultKind::Busy, false, Error(ErrorCode::Unavailable, "no etcd node is known")};
  if (auto fault = co_await authenticate(node, deadline)) co_return *fault;
  HttpRequest r = request(node, method, body);
  // A member that loses its leader ends the stream instead of staying silent.
  r.headers.emplace_back("Grpc-Metadata-hasleader", "true");
  auto opened = co_await transport_.open(std::move(r), deadline);
  if (!opened) {
    stream_failed(node, opened.error());
    co_return fault_of_transport(opened.error());
  }
  Stream stream{std::move(*opened), node};
  const int status = stream.stream->status();
  if (status == 200) co_return stream;
  std::string text;
  while (text.size() < kMaxErrorBody) {
    auto part = co_await stream.stream->read(deadline);
    if (!part || part->empty()) break;
    text += *part;
  }
  Reply reply = parse_reply(status, text);
  Fault fault{FaultKind::Garbled, false, Error(ErrorCode::Protocol, fmt::format("etcd answered HTTP {}", status))};
  if (auto* found = std::get_if<Fault>(&reply)) fault = std::move(*found);
  if (fault.kind == FaultKind::Token) token_.clear();
  co_return fault;
}

void Etcd3Client::stream_failed(const std::string& node, const Error& why) {
  nodes_.failed(node, why);
}

// After an answered request, beside it: never in place of one (D0).
void Etcd3Client::refresh_later() {
  if (refreshing_ || !nodes_.take_refresh()) return;
  refreshing_ = true;
  background_.spawn(refresh(), [this](const std::exception_ptr& error) {
    refreshing_ = false;
    if (error && !is_cancellation(error)) std::rethrow_exception(error);
  });
}

Task<void> Etcd3Client::refresh() {
  auto outcome = co_await call("/cluster/member/list", "{}", clock_.now() + kRefreshLimit);
  if (auto* fault = std::get_if<Fault>(&outcome)) {
    log_.debug("etcd's member list is not available: {}", fault->error.text());
    co_return;
  }
  auto urls = parse_client_urls(std::get<Answer>(outcome).body);
  if (!urls || urls->empty()) co_return;
  nodes_.refreshed(std::move(*urls));
}

Task<void> Etcd3Client::stop() {
  co_await background_.stop();
}

}  // namespace tamada::etcd3
