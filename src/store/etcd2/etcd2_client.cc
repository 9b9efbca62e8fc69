#include "store/etcd2/etcd2_client.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"

namespace tamada::etcd2 {

namespace {

constexpr Duration kRefreshLimit = 5s;

Fault fault_of_transport(const Error& error) {
  const bool denied = error.code == ErrorCode::Denied;
  return {denied ? FaultKind::Garbled : FaultKind::Busy, !certainly_not_sent(error), error, 0, {}};
}

}  // namespace

// What one call has been through.
struct Etcd2Client::Round : EtcdRounds {
  bool earlier_try = false;
  SideBySide tries;

  Round(Clock& clock, TaskScope& tasks, HttpTransport& transport, Instant until)
      : EtcdRounds{clock.now(), until, {}, 0, true, std::nullopt}, tries(clock, tasks, transport, until) {}
};

Etcd2Client::Etcd2Client(Executor executor, Clock& clock, HttpTransport& transport, EtcdConfig config,
                         Resolver* resolver, Logger log)
    : clock_(clock),
      transport_(transport),
      log_(log),
      nodes_(clock, transport, resolver, log, config.member_name),
      background_(std::move(executor)) {
  update_config(std::move(config));
}

void Etcd2Client::update_config(EtcdConfig config) {
  config_ = std::move(config);
  nodes_.update_config(config_);
}

HttpRequest Etcd2Client::request_to(const std::string& node, const Request& request) const {
  HttpRequest r;
  r.method = request.method;
  r.url = node + request.path;
  if (!config_.username.empty()) {
    r.headers.emplace_back("Authorization", "Basic " + base64_encode(config_.username + ":" + config_.password));
  }
  if (request.method == "PUT") r.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  r.body = request.form;
  return r;
}

Task<Reply> Etcd2Client::call(Request request, Instant deadline) {
  Round round(clock_, background_, transport_, deadline);
  try {
    Reply reply = co_await ask(round, request);
    round.tries.give_up();
    reply.began = round.began;
    reply.earlier_try = round.earlier_try;
    if (auto* fault = std::get_if<Fault>(&reply.outcome)) fault->may_be_applied |= round.earlier_try;
    co_return reply;
  } catch (...) {  // cancelled
    round.tries.give_up();
    throw;
  }
}

Task<Reply> Etcd2Client::ask(Round& round, const Request& request) {
  while (clock_.now() < round.deadline) {
    const std::string node = co_await nodes_.next(round);
    if (node.empty()) break;
    const Instant limit = round.try_until(clock_.now());
    round.tries.send(node, request_to(node, request));
    const std::size_t newest = round.tries.sent() - 1;
    std::variant<Answer, Fault> outcome =
        Fault{FaultKind::Busy, true, Error(ErrorCode::Timeout, fmt::format("{}: no answer in time", node)), 0, {}};
    std::string answered = node;
    while (auto arrival = co_await round.tries.next(limit)) {
      auto judged = judge(arrival->node, arrival->response);
      const auto* fault = std::get_if<Fault>(&judged);
      const bool given_up = fault != nullptr && (fault->kind == FaultKind::Busy || fault->kind == FaultKind::Garbled);
      if (arrival->number != newest && given_up) continue;  // the failure of an earlier try is none of this one
      outcome = std::move(judged);
      answered = arrival->node;
      break;
    }
    auto* fault = std::get_if<Fault>(&outcome);
    if (fault != nullptr && fault->kind == FaultKind::Denied && !config_.username.empty()) {
      fault->error = fault->error.wrap(fmt::format("etcd refused user \"{}\"", config_.username));
    }
    const bool failed = fault != nullptr && (fault->kind == FaultKind::Busy || fault->kind == FaultKind::Garbled);
    if (!failed) {
      nodes_.succeeded(answered);
      refresh_later();
      co_return Reply{std::move(outcome), {}, false};
    }
    if (fault->may_be_applied) round.earlier_try = true;
    if (fault->error.code != ErrorCode::Denied) round.all_denied = false;
    nodes_.failed(answered, fault->error);
    round.last = fault->error;
    if (fault->error.code == ErrorCode::Denied && nodes_.everybody_denies(round)) {
      co_return Reply{Fault{FaultKind::Denied, false, fault->error, 0, {}}, {}, false};
    }
  }
  co_return Reply{out_of_time(round), {}, false};
}

std::variant<Answer, Fault> Etcd2Client::judge(const std::string& node, const Result<HttpResponse>& response) {
  if (!response) return fault_of_transport(response.error());
  auto parsed = parse_answer(*response);
  const auto* answer = std::get_if<Answer>(&parsed);
  if (nodes_.foreign(node, answer != nullptr ? answer->cluster_id : std::get<Fault>(parsed).cluster_id)) {
    return Fault{
        FaultKind::Garbled, true, Error(ErrorCode::Protocol, "the node belongs to another etcd cluster"), 0, {}};
  }
  return parsed;
}

Fault Etcd2Client::out_of_time(const Round& round) const {
  const std::string text = fmt::format("etcd did not answer within {:.3g} s", to_seconds(round.deadline - round.began));
  Fault fault{FaultKind::Busy, round.earlier_try, Error(ErrorCode::Unavailable, text), 0, {}};
  if (round.last) fault.error = Error(*round.last).wrap(text);
  fault.error.code = round.last && round.last->code == ErrorCode::Denied ? ErrorCode::Denied : ErrorCode::Unavailable;
  if (fault.error.hint.empty())
    fault.error.hint = "check that etcd runs with --enable-v2 and that the section etcd names its endpoints";
  return fault;
}

Task<std::variant<Answer, Fault>> Etcd2Client::wait(Request request, Instant deadline) {
  const std::string node = nodes_.any();
  if (node.empty())
    co_return Fault{FaultKind::Busy, false, Error(ErrorCode::Unavailable, "no etcd node is known"), 0, {}};
  auto response = co_await transport_.send(request_to(node, request), deadline);
  if (!response && response.error().code == ErrorCode::Timeout) {
    co_return Fault{FaultKind::Busy, false, response.error(), 0, {}};
  }
  auto outcome = judge(node, response);
  const auto* fault = std::get_if<Fault>(&outcome);
  if (fault != nullptr && fault->kind != FaultKind::Cleared) nodes_.failed(node, fault->error);
  co_return outcome;
}

// After an answered request, beside it: never in place of one (D0).
void Etcd2Client::refresh_later() {
  if (refreshing_ || !nodes_.take_refresh()) return;
  refreshing_ = true;
  background_.spawn(refresh(), [this](const std::exception_ptr& error) {
    refreshing_ = false;
    if (error && !is_cancellation(error)) std::rethrow_exception(error);
  });
}

Task<void> Etcd2Client::refresh() {
  const std::string node = nodes_.any();
  if (node.empty()) co_return;
  auto response = co_await transport_.send(request_to(node, {"GET", "/v2/members", {}}), clock_.now() + kRefreshLimit);
  if (!response || response->status != 200) co_return;
  auto body = parse_json(response->body);
  const json::value* members = body && body->is_object() ? body->get_object().if_contains("members") : nullptr;
  if (members == nullptr || !members->is_array()) co_return;
  auto urls = etcd_client_urls(members->get_array());
  if (!urls.empty()) nodes_.refreshed(std::move(urls));
}

}  // namespace tamada::etcd2
