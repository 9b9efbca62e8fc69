#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "base/text.h"
#include "store/common/etcd_nodes.h"
#include "store/etcd3/etcd3_codec.h"
#include "store/etcd3/etcd3_json.h"

namespace tamada::etcd3 {

namespace {

Error broken(std::string_view what) {
  return Error(ErrorCode::Protocol, fmt::format("etcd's answer has no usable {}", what));
}

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T number{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// An absent field is 0; a broken one is nullopt.
std::optional<std::int64_t> number_or_zero(const json::object& o, std::string_view name) {
  if (!o.contains(name)) return 0;
  return number_of(o, {name});
}

const json::object* object_of(const json::object& o, std::string_view name) {
  const json::value* v = o.if_contains(name);
  return v != nullptr && v->is_object() ? &v->get_object() : nullptr;
}

const json::array* array_of(const json::object& o, std::string_view name) {
  const json::value* v = o.if_contains(name);
  return v != nullptr && v->is_array() ? &v->get_array() : nullptr;
}

std::optional<std::string> bytes_of(const json::object& o, std::string_view name) {
  if (!o.contains(name)) return std::string();
  auto text = text_of(o, {name});
  return text ? base64_decode(*text) : std::nullopt;
}

// 0 is "no lease", as an absent field.
std::string lease_of(const json::object& o) {
  const std::int64_t id = number_of(o, {"lease"}).value_or(0);
  return id == 0 ? std::string() : std::to_string(id);
}

std::optional<KeyValue> parse_kv(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  const json::object& o = value.get_object();
  auto key = bytes_of(o, "key");
  auto text = bytes_of(o, "value");
  const auto created = number_or_zero(o, "create_revision");
  const auto modified = number_or_zero(o, "mod_revision");
  if (!key || key->empty() || !text || !created || !modified) return std::nullopt;
  return KeyValue{std::move(*key), std::move(*text), *created, *modified, lease_of(o)};
}

std::optional<std::vector<KeyValue>> parse_kvs(const json::object& o) {
  std::vector<KeyValue> kvs;
  if (!o.contains("kvs")) return kvs;
  const json::array* array = array_of(o, "kvs");
  if (array == nullptr) return std::nullopt;
  for (const json::value& item : *array) {
    auto kv = parse_kv(item);
    if (!kv) return std::nullopt;
    kvs.push_back(std::move(*kv));
  }
  return kvs;
}

std::optional<WatchEvent> parse_event(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  const json::object& o = value.get_object();
  const json::value* kv = o.if_contains("kv");
  if (kv == nullptr) return std::nullopt;
  auto parsed = parse_kv(*kv);
  if (!parsed) return std::nullopt;
  return WatchEvent{text_of(o, {"type"}).value_or("PUT") == "DELETE", std::move(*parsed)};
}

Result<LeaseAnswer> parse_lease(const json::object& answer) {
  auto header = parse_header(answer);
  if (!header) return header.error();
  const auto id = number_or_zero(answer, "ID");
  const auto ttl = number_or_zero(answer, "TTL");
  if (!id || !ttl || *ttl < 0) return broken("lease");
  return LeaseAnswer{*header, std::to_string(*id), *ttl};
}

}  // namespace

std::optional<std::string> text_of(const json::object& o, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) {
    const json::value* v = o.if_contains(name);
    if (v != nullptr && v->is_string()) return std::string(v->get_string());
  }
  return std::nullopt;
}

std::optional<std::int64_t> number_of(const json::object& o, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) {
    const json::value* v = o.if_contains(name);
    if (v == nullptr) continue;
    if (v->is_int64()) return v->get_int64();
    if (v->is_string()) {
      if (auto number = parse_number<std::int64_t>(v->get_string())) return number;
    }
  }
  return std::nullopt;
}

Result<Header> parse_header(const json::object& answer) {
  Header header;
  const json::object* o = object_of(answer, "header");
  if (o == nullptr) return header;
  const auto revision = number_or_zero(*o, "revision");
  if (!revision) return broken("revision");
  header.revision = *revision;
  header.cluster_id = text_of(*o, {"cluster_id"}).value_or("");
  header.raft_term = parse_number<std::uint64_t>(text_of(*o, {"raft_term"}).value_or("0")).value_or(0);
  return header;
}

Result<RangeAnswer> parse_range(const json::object& answer) {
  auto header = parse_header(answer);
  if (!header) return header.error();
  auto kvs = parse_kvs(answer);
  const auto count = number_or_zero(answer, "count");
  if (!kvs || !count) return broken("keys");
  return RangeAnswer{*header, std::move(*kvs), *count};
}

Result<TxnAnswer> parse_txn(const json::object& answer) {
  auto header = parse_header(answer);
  if (!header) return header.error();
  TxnAnswer out{*header, false, {}};
  if (const json::value* v = answer.if_contains("succeeded")) {
    if (!v->is_bool()) return broken("outcome");
    out.succeeded = v->get_bool();
  }
  if (!answer.contains("responses")) return out;
  const json::array* responses = array_of(answer, "responses");
  if (responses == nullptr) return broken("responses");
  for (const json::value& response : *responses) {
    out.ranges.emplace_back();
    const json::object* range = response.is_object() ? object_of(response.get_object(), "response_range") : nullptr;
    if (range == nullptr) continue;
    auto kvs = parse_kvs(*range);
    if (!kvs) return broken("keys");
    out.ranges.back() = std::move(*kvs);
  }
  return out;
}

Result<LeaseAnswer> parse_grant(const json::object& answer) {
  auto lease = parse_lease(answer);
  if (lease && (lease->id == "0" || lease->ttl_seconds == 0)) return broken("lease");
  return lease;
}

Result<LeaseAnswer> parse_keepalive(const json::object& answer) {
  const json::object* result = object_of(answer, "result");
  return result == nullptr ? Result<LeaseAnswer>(broken("lease")) : parse_lease(*result);
}

Result<std::string> parse_token(const json::object& answer) {
  auto token = text_of(answer, {"token"});
  if (!token || token->empty()) return broken("token");
  for (char c : *token) {
    if (c < 0x21 || c > 0x7e) return broken("token");  // it becomes a header line
  }
  return std::move(*token);
}

Result<std::vector<std::string>> parse_client_urls(const json::object& answer) {
  const json::array* members = array_of(answer, "members");
  if (members == nullptr) return broken("member list");
  return etcd_client_urls(*members);
}

Result<Version> parse_version(const json::object& answer) {
  const auto text = text_of(answer, {"etcdcluster"});
  if (!text) return broken("version");
  const std::vector<std::string> parts = split(*text, '.');
  if (parts.size() < 2) return broken("version");
  const auto major = parse_number<int>(parts[0]);
  const auto minor = parse_number<int>(parts[1]);
  if (!major || !minor) return broken("version");
  return Version{*major, *minor};
}

Result<std::string> api_prefix(Version version) {
  if (version.major > 3 || (version.major == 3 && version.minor >= 4)) return std::string("/v3");
  if (version.major == 3 && version.minor == 3) return std::string("/v3beta");
  return Error(ErrorCode::Unsupported,
               fmt::format("etcd cluster version {}.{} is too old", version.major, version.minor),
               "etcd 3.3 or later is needed");
}

std::variant<WatchMessage, Fault> parse_watch(std::string_view document) {
  const Fault garbled{FaultKind::Garbled, false, Error(ErrorCode::Protocol, "the watch sent no usable document")};
  auto parsed = first_document(document);
  if (!parsed || !parsed->is_object()) return garbled;
  const json::object& answer = parsed->get_object();
  if (is_error(answer)) return fault_of_error(answer, 200);
  const json::object* result = object_of(answer, "result");
  if (result == nullptr) return garbled;
  auto header = parse_header(*result);
  const auto compacted = number_or_zero(*result, "compact_revision");
  if (!header || !compacted) return garbled;
  WatchMessage message{*header, result->contains("created"), result->contains("canceled"), *compacted, {}};
  if (const json::value* reason = result->if_contains("cancel_reason");
      message.canceled && reason != nullptr && reason->is_string() && message.compact_revision == 0) {
    return fault_of_error({{"message", *reason}, {"code", 14}}, 200);
  }
  if (!result->contains("events")) return message;
  const json::array* events = array_of(*result, "events");
  if (events == nullptr) return garbled;
  for (const json::value& item : *events) {
    auto event = parse_event(item);
    if (!event) return garbled;
    message.events.push_back(std::move(*event));
  }
  return message;
}

}  // namespace tamada::etcd3
