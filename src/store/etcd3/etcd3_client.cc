#include "store/etcd3/etcd3_client.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "store/common/etcd_endpoints.h"

namespace tamada::etcd3 {

namespace {

constexpr Duration kShortestTry = 200ms;
constexpr Duration kLongestFirstTry = 2s;
constexpr Duration kRoundGap = 100ms;  // between two rounds over all nodes, so that nobody is asked in a busy loop
constexpr int kMaxAuthentications = 2;
constexpr std::size_t kMaxErrorBody = 64 * 1024;

bool certainly_not_sent(const Error& error) {
  return error.code == ErrorCode::Unavailable || error.code == ErrorCode::Denied || error.code == ErrorCode::Invalid;
}

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
struct Etcd3Client::Round {
  Instant began;
  Instant deadline;
  std::vector<std::string> tried;  // in this round
  int number = 0;
  int authentications = 0;
  bool earlier_try = false;
  bool all_denied = true;  // in this round, by TLS
  std::optional<Fault> last;
  SideBySide tries;

  // When the next node is asked as well. Soon at first, so that a dead node costs little; twice as late in each further
  // round, so that a slow store is not buried under tries.
  Instant try_until(Instant now) const {
    const Duration first = std::clamp<Duration>((deadline - began) / 10, kShortestTry, kLongestFirstTry);
    return std::min(deadline, now + first * (1 << std::min(number, 10)));
  }
};

Etcd3Client::Etcd3Client(Executor executor, Clock& clock, HttpTransport& transport, Etcd3Config config,
                         Resolver* resolver, Logger log)
    : clock_(clock),
      transport_(transport),
      resolver_(resolver),
      log_(log),
      nodes_(log, "etcd node", std::hash<std::string>{}(config.member_name)),
      background_(std::move(executor)) {
  update_config(std::move(config));
}

void Etcd3Client::update_config(Etcd3Config config) {
  if (config.username != config_.username || config.password != config_.password) {
    token_.clear();
    no_auth_ = false;
  }
  config_ = std::move(config);
  std::vector<std::string> urls;
  for (const std::string& host : config_.hosts) {
    auto url = etcd_base_url(host, config_.protocol);
    if (url) {
      urls.push_back(std::move(*url));
    } else {
      log_.error("{}", url.error().text());
    }
  }
  if (!urls.empty() || config_.srv.empty()) nodes_.set_configured(std::move(urls));
  if (config_.use_proxies) nodes_.set_listed({});
  discovered_at_ = kLongAgo;
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
  Round round{clock_.now(), deadline, {}, 0, 0, false, true, std::nullopt, {clock_, background_, transport_, deadline}};
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
    const std::string node = co_await next_node(round);
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

// Empty when the time is up or there is no node at all.
Task<std::string> Etcd3Client::next_node(Round& round) {
  if (nodes_.empty()) {
    auto found = co_await discover(round.deadline);
    if (!found) round.last = Fault{FaultKind::Busy, false, found.error()};
  }
  while (clock_.now() < round.deadline) {
    std::string node = nodes_.pick(round.tried, clock_.now());
    if (!node.empty()) {
      round.tried.push_back(node);
      co_return node;
    }
    round.tried.clear();
    round.all_denied = true;
    ++round.number;
    co_await clock_.sleep_until(std::min(round.deadline, clock_.now() + kRoundGap));
    if (!config_.srv.empty()) (void)co_await discover(round.deadline);
  }
  co_return std::string();
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
  if (foreign(arrival.node, answer.header)) {
    return Fault{FaultKind::Garbled, true, Error(ErrorCode::Protocol, "the node belongs to another etcd cluster")};
  }
  return answer;
}

// Nodes of another cluster among the endpoints must not answer for ours. When no other node is left, the store was made
// anew, and the view's store_id tells the engine.
bool Etcd3Client::foreign(const std::string& node, const Header& header) {
  if (header.cluster_id.empty() || header.cluster_id == cluster_id_) return false;
  if (!cluster_id_.empty()) {
    if (!nodes_.all_others_failed(node)) return true;
    log_.error("etcd cluster id changed from {} to {}", cluster_id_, header.cluster_id);
  }
  cluster_id_ = header.cluster_id;
  return false;
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
      nodes_.failed(node, fault.error, clock_.now());
      refresh_wanted_ = true;
      round.last = fault;
      // Certificates do not mend themselves: once every node refused, say so now.
      if (denied && round.all_denied && round.tried.size() >= nodes_.size()) break;
      co_return std::nullopt;
    case FaultKind::Token:
    case FaultKind::PermissionDenied:  // also the answer to a token from before the user's rights changed
      if (config_.username.empty() || ++round.authentications > kMaxAuthentications) break;
      token_.clear();
      no_auth_ = false;
      round.last = fault;
      round.tried.pop_back();
      co_return std::nullopt;
    case FaultKind::Unsupported:
      if (auto still = co_await find_prefix(node, limit)) {
        fault = *still;
        break;
      }
      round.last = fault;
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
  if (round.last) fault.error = Error(round.last->error).wrap(text);
  fault.error.code =
      round.last && round.last->error.code == ErrorCode::Denied ? ErrorCode::Denied : ErrorCode::Unavailable;
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
  const std::string node = nodes_.pick({}, clock_.now());
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
  nodes_.failed(node, why, clock_.now());
  refresh_wanted_ = true;
}

Task<void> Etcd3Client::stop() {
  co_await background_.stop();
}

}  // namespace tamada::etcd3
