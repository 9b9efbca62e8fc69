#include "store/consul/consul_codec.h"

#include <array>
#include <optional>

#include <fmt/format.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/json.h"
#include "base/text.h"

namespace tamada::consul {

namespace {

std::string_view verb_text(TxnOp::Verb verb) {
  switch (verb) {
    case TxnOp::Verb::Set:
      return "set";
    case TxnOp::Verb::Cas:
      return "cas";
    case TxnOp::Verb::Lock:
      return "lock";
    case TxnOp::Verb::Unlock:
      return "unlock";
    case TxnOp::Verb::CheckIndex:
      return "check-index";
    case TxnOp::Verb::CheckSession:
      return "check-session";
    case TxnOp::Verb::CheckNotExists:
      return "check-not-exists";
    case TxnOp::Verb::Delete:
      return "delete";
    case TxnOp::Verb::DeleteCas:
      return "delete-cas";
    case TxnOp::Verb::DeleteTree:
      return "delete-tree";
  }
  return "";
}

// One line of printable characters, cut to what fits into a log line.
std::string printable(std::string_view text) {
  constexpr std::size_t kShown = 160;
  std::string out;
  for (char c : text.substr(0, kShown)) out += (c >= 0x20 && c < 0x7f) ? c : (c == '\n' ? ' ' : '?');
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::optional<json::value> parsed(std::string_view body) {
  boost::system::error_code ec;
  auto value = json::parse(body, ec);
  if (ec) return std::nullopt;
  return value;
}

// Absent and null are empty; anything else that is no text is nullopt.
std::optional<std::string> text_of(const json::object& o, std::string_view name) {
  const json::value* v = o.if_contains(name);
  if (v == nullptr || v->is_null()) return std::string();
  if (!v->is_string()) return std::nullopt;
  return std::string(v->get_string());
}

std::optional<std::int64_t> index_of(const json::object& o, std::string_view name) {
  const json::value* v = o.if_contains(name);
  if (v == nullptr || !v->is_int64() || v->get_int64() < 0) return std::nullopt;
  return v->get_int64();
}

std::uint64_t flags_of(const json::object& o) {
  const json::value* v = o.if_contains("Flags");
  if (v != nullptr && v->is_uint64()) return v->get_uint64();
  return v != nullptr && v->is_int64() ? static_cast<std::uint64_t>(v->get_int64()) : 0;
}

std::optional<KeyValue> parse_key(const json::value* value) {
  if (value == nullptr || !value->is_object()) return std::nullopt;
  const json::object& o = value->get_object();
  auto key = text_of(o, "Key");
  auto encoded = text_of(o, "Value");
  auto session = text_of(o, "Session");
  const auto created = index_of(o, "CreateIndex");
  const auto modified = index_of(o, "ModifyIndex");
  if (!key || key->empty() || !encoded || !session || !created || !modified) return std::nullopt;
  auto text = base64_decode(*encoded);
  if (!text) return std::nullopt;
  return KeyValue{std::move(*key), std::move(*text), std::move(*session), *created, *modified, flags_of(o)};
}

Fault garbled(std::string_view body) {
  return {FaultKind::Garbled, true, Error(ErrorCode::Protocol, "not an answer of Consul: " + printable(body))};
}

struct TextRow {
  std::string_view text;  // part of the message
  FaultKind kind;
  bool may_be_applied;
  ErrorCode code;
  std::string_view hint;
};

constexpr std::string_view kAclHint =
    "the token needs write on the cluster's key prefix and on sessions, and on its service when it is registered";

constexpr std::array kTexts{
    TextRow{"Permission denied", FaultKind::Denied, false, ErrorCode::Denied, kAclHint},
    TextRow{"ACL not found", FaultKind::Denied, false, ErrorCode::Denied, "check consul.token"},
    TextRow{"Invalid Session TTL", FaultKind::SessionTtl, false, ErrorCode::Unsupported,
            "ttl must be at least twice session_ttl_min of the Consul servers"},
    TextRow{"invalid session", FaultKind::InvalidSession, false, ErrorCode::NotFound, ""},
    TextRow{"Missing check", FaultKind::Rejected, false, ErrorCode::Invalid, "check consul.checks"},
};

Fault fault_of_text(std::string_view text, Fault otherwise) {
  for (const TextRow& row : kTexts) {
    if (text.find(row.text) == std::string_view::npos) continue;
    return {row.kind, row.may_be_applied, Error(row.code, printable(text), std::string(row.hint))};
  }
  return otherwise;
}

// Nothing of a transaction that was rolled back is applied. The first step that says more than "a condition failed"
// counts.
Fault fault_of_rollback(const json::value& document, std::string_view body) {
  const json::value* errors = document.is_object() ? document.get_object().if_contains("Errors") : nullptr;
  if (errors == nullptr || !errors->is_array() || errors->get_array().empty()) return garbled(body);
  std::optional<Fault> first;
  for (const json::value& item : errors->get_array()) {
    const auto what = item.is_object() ? text_of(item.get_object(), "What") : std::nullopt;
    if (!what) return garbled(body);
    Fault fault = fault_of_text(
        *what, {FaultKind::Condition, false, Error(ErrorCode::Conflict, "rolled back: " + printable(*what))});
    if (fault.kind != FaultKind::Condition) return fault;
    if (!first) first = std::move(fault);
  }
  return *first;
}

}  // namespace

std::string seconds_text(std::chrono::milliseconds d) {
  std::string text = fmt::format("{}.{:03}", d.count() / 1000, d.count() % 1000);
  while (text.ends_with('0') && !text.ends_with(".0")) text.pop_back();
  return text + "s";
}

std::string session_body(const SessionRequest& request) {
  json::array checks;
  for (const std::string& check : request.checks) checks.emplace_back(check);
  return json::serialize(json::object{{"Name", request.name},
                                      {"Checks", std::move(checks)},
                                      {"LockDelay", seconds_text(request.lock_delay)},
                                      {"Behavior", "delete"},
                                      {"TTL", seconds_text(request.ttl)}});
}

std::string txn_body(const std::vector<TxnOp>& ops) {
  json::array steps;
  for (const TxnOp& op : ops) {
    json::object kv{{"Verb", verb_text(op.verb)}, {"Key", op.key}};
    switch (op.verb) {
      case TxnOp::Verb::Cas:
        kv["Index"] = op.index;
        [[fallthrough]];
      case TxnOp::Verb::Set:
        kv["Value"] = base64_encode(op.value);
        break;
      case TxnOp::Verb::Lock:
      case TxnOp::Verb::Unlock:
        kv["Value"] = base64_encode(op.value);
        kv["Flags"] = op.flags;
        [[fallthrough]];
      case TxnOp::Verb::CheckSession:
        kv["Session"] = op.session;
        break;
      case TxnOp::Verb::CheckIndex:
      case TxnOp::Verb::DeleteCas:
        kv["Index"] = op.index;
        break;
      case TxnOp::Verb::CheckNotExists:
      case TxnOp::Verb::Delete:
      case TxnOp::Verb::DeleteTree:
        break;
    }
    steps.push_back(json::object{{"KV", std::move(kv)}});
  }
  return json::serialize(steps);
}

Fault fault_of(int http_status, std::string_view body) {
  const std::string shown = fmt::format("HTTP {} {}", http_status, printable(body));
  if (http_status == 403) return fault_of_text(body, {FaultKind::Denied, false, Error(ErrorCode::Denied, shown)});
  if (http_status == 404) return {FaultKind::NotFound, false, Error(ErrorCode::NotFound, shown)};
  if (http_status == 429) return {FaultKind::Busy, false, Error(ErrorCode::Unavailable, shown)};
  if (http_status == 400 || http_status == 413) {
    return {FaultKind::Rejected, false, Error(ErrorCode::Invalid, shown)};
  }
  if (http_status >= 500) return fault_of_text(body, {FaultKind::Busy, true, Error(ErrorCode::Unavailable, shown)});
  return garbled(shown);
}

std::variant<std::vector<KeyValue>, Fault> parse_txn(int http_status, std::string_view body) {
  if (http_status != 200 && http_status != 409) return fault_of(http_status, body);
  const auto document = parsed(body);
  if (!document || !document->is_object()) return garbled(body);
  if (http_status == 409) return fault_of_rollback(*document, body);
  const json::value* results = document->get_object().if_contains("Results");
  std::vector<KeyValue> out;
  if (results == nullptr || results->is_null()) return out;
  if (!results->is_array()) return garbled(body);
  for (const json::value& item : results->get_array()) {
    auto key = parse_key(item.is_object() ? item.get_object().if_contains("KV") : nullptr);
    if (!key) return garbled(body);
    out.push_back(std::move(*key));
  }
  return out;
}

std::variant<std::vector<KeyValue>, Fault> parse_keys(int http_status, std::string_view body) {
  if (http_status == 404) return std::vector<KeyValue>{};
  if (http_status != 200) return fault_of(http_status, body);
  const auto document = parsed(body);
  if (!document || !document->is_array()) return garbled(body);
  std::vector<KeyValue> out;
  for (const json::value& item : document->get_array()) {
    auto key = parse_key(&item);
    if (!key) return garbled(body);
    out.push_back(std::move(*key));
  }
  return out;
}

std::variant<std::string, Fault> parse_session(int http_status, std::string_view body) {
  if (http_status != 200) return fault_of(http_status, body);
  const auto document = parsed(body);
  if (!document || !document->is_object()) return garbled(body);
  auto id = text_of(document->get_object(), "ID");
  if (!id || id->empty()) return garbled(body);
  for (char c : *id) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-')) return garbled(body);  // it becomes a path
  }
  return std::move(*id);
}

}  // namespace tamada::consul
