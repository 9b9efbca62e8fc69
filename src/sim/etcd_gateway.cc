#include "sim/etcd_gateway.h"

#include <array>

namespace tamada::sim::etcd {

namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::array<int, 256> reverse_alphabet() {
  std::array<int, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int>(i);
  return table;
}

std::string camel_case(std::string_view snake) {
  std::string out;
  bool upper = false;
  for (char c : snake) {
    if (c == '_') {
      upper = true;
      continue;
    }
    out.push_back(upper ? static_cast<char>(c - 'a' + 'A') : c);
    upper = false;
  }
  return out;
}

void put_number(json::object& object, std::string_view name, std::int64_t value) {
  if (value != 0) object[name] = std::to_string(value);
}

// An enumerator by its name or its number.
template <std::size_t N>
int enum_field(const json::object& object, std::string_view name, const std::array<std::string_view, N>& names) {
  const json::value* v = field(object, name);
  if (v == nullptr) return 0;
  if (const auto* text = v->if_string()) {
    for (std::size_t i = 0; i < N; ++i) {
      if (std::string_view(*text) == names[i]) return static_cast<int>(i);
    }
    return 0;
  }
  return v->is_int64() ? static_cast<int>(v->get_int64()) : 0;
}

Compare compare_from(const json::object& object) {
  static constexpr std::array<std::string_view, 5> kTargets{"VERSION", "CREATE", "MOD", "VALUE", "LEASE"};
  static constexpr std::array<std::string_view, 4> kResults{"EQUAL", "GREATER", "LESS", "NOT_EQUAL"};
  static constexpr std::array<std::string_view, 5> kFields{"version", "create_revision", "mod_revision", "value",
                                                           "lease"};
  Compare compare;
  const int target = enum_field(object, "target", kTargets);
  compare.target = static_cast<Compare::Target>(target);
  compare.result = static_cast<Compare::Result>(enum_field(object, "result", kResults));
  compare.key = bytes_field(object, "key");
  const std::string_view name = kFields[static_cast<std::size_t>(target)];
  if (compare.target == Compare::Target::Value) {
    compare.value = bytes_field(object, name);
  } else {
    compare.number = number_field(object, name);
  }
  return compare;
}

std::vector<Operation> operations_from(const json::object& object, std::string_view name) {
  std::vector<Operation> operations;
  const json::value* list = field(object, name);
  if (list == nullptr || !list->is_array()) return operations;
  for (const auto& entry : list->get_array()) {
    if (!entry.is_object()) continue;
    const auto& o = entry.get_object();
    auto inner = [&](std::string_view kind) -> const json::object* {
      const json::value* v = field(o, kind);
      return v != nullptr ? v->if_object() : nullptr;
    };
    if (const auto* r = inner("request_range")) operations.emplace_back(range_from(*r));
    if (const auto* p = inner("request_put")) operations.emplace_back(put_from(*p));
    if (const auto* d = inner("request_delete_range")) operations.emplace_back(delete_from(*d));
    if (const auto* t = inner("request_txn")) operations.emplace_back(txn_from(*t));
  }
  return operations;
}

}  // namespace

std::string readable(const json::value& document) {
  if (const auto* array = document.if_array()) {
    std::string out = "[";
    for (const auto& v : *array) out += (out.size() > 1 ? ", " : "") + readable(v);
    return out + "]";
  }
  const auto* object = document.if_object();
  if (object == nullptr) return to_json(document, JsonStyle::Compact);
  std::string out = "{";
  for (const auto& [name, v] : *object) {
    out += (out.size() > 1 ? ", " : "") + std::string(name) + "=";
    const bool bytes = name == "key" || name == "value" || name == "range_end";
    out += bytes && v.is_string() ? decode_base64(v.get_string()).value_or("?") : readable(v);
  }
  return out + "}";
}

std::string encode_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    std::uint32_t block = static_cast<unsigned char>(bytes[i]) << 16;
    if (left > 1) block |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + 1]) << 8);
    if (left > 2) block |= static_cast<unsigned char>(bytes[i + 2]);
    out.push_back(kAlphabet[block >> 18]);
    out.push_back(kAlphabet[(block >> 12) & 63]);
    out.push_back(left > 1 ? kAlphabet[(block >> 6) & 63] : '=');
    out.push_back(left > 2 ? kAlphabet[block & 63] : '=');
  }
  return out;
}

Result<std::string> decode_base64(std::string_view text) {
  static const auto kTable = reverse_alphabet();
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t block = 0;
  int bits = 0;
  for (char c : text) {
    const int v = kTable[static_cast<unsigned char>(c)];
    if (v < 0) return Error(ErrorCode::Invalid, "illegal base64 data");
    block = (block << 6) | static_cast<std::uint32_t>(v);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<char>((block >> bits) & 255));
  }
  return out;
}

const json::value* field(const json::object& object, std::string_view snake_name) {
  if (const auto* v = object.if_contains(snake_name)) return v;
  if (snake_name.find('_') == std::string_view::npos) return nullptr;
  return object.if_contains(camel_case(snake_name));
}

std::int64_t number_field(const json::object& object, std::string_view name) {
  const json::value* v = field(object, name);
  if (v == nullptr) return 0;
  if (v->is_int64()) return v->get_int64();
  if (v->is_uint64()) return static_cast<std::int64_t>(v->get_uint64());
  if (const auto* text = v->if_string()) {
    const bool negative = !text->empty() && text->front() == '-';
    std::uint64_t n = 0;
    for (char c : std::string_view(*text).substr(negative ? 1 : 0)) n = n * 10 + static_cast<std::uint64_t>(c - '0');
    return negative ? -static_cast<std::int64_t>(n) : static_cast<std::int64_t>(n);
  }
  return 0;
}

bool flag_field(const json::object& object, std::string_view name) {
  const json::value* v = field(object, name);
  return v != nullptr && v->is_bool() && v->get_bool();
}

std::string bytes_field(const json::object& object, std::string_view name) {
  const json::value* v = field(object, name);
  if (v == nullptr || !v->is_string()) return {};
  return decode_base64(v->get_string()).value_or(std::string());
}

RangeRequest range_from(const json::object& o) {
  RangeRequest r;
  r.key = bytes_field(o, "key");
  r.range_end = bytes_field(o, "range_end");
  r.revision = number_field(o, "revision");
  r.limit = number_field(o, "limit");
  r.serializable = flag_field(o, "serializable");
  const json::value* target = field(o, "sort_target");
  const json::value* order = field(o, "sort_order");
  r.newest_first = target != nullptr && *target == "MOD" && order != nullptr && *order == "DESCEND";
  r.keys_only = flag_field(o, "keys_only");
  r.count_only = flag_field(o, "count_only");
  return r;
}

PutRequest put_from(const json::object& o) {
  return {bytes_field(o, "key"), bytes_field(o, "value"), number_field(o, "lease"), flag_field(o, "prev_kv")};
}

DeleteRequest delete_from(const json::object& o) {
  return {bytes_field(o, "key"), bytes_field(o, "range_end"), flag_field(o, "prev_kv")};
}

TxnRequest txn_from(const json::object& o) {
  TxnRequest t;
  if (const json::value* list = field(o, "compare"); list != nullptr && list->is_array()) {
    for (const auto& c : list->get_array()) {
      if (c.is_object()) t.compares.push_back(compare_from(c.get_object()));
    }
  }
  t.success = operations_from(o, "success");
  t.failure = operations_from(o, "failure");
  return t;
}

json::object header_document(const Header& h) {
  json::object o;
  o["cluster_id"] = std::to_string(h.cluster_id);
  o["member_id"] = std::to_string(h.member_id);
  put_number(o, "revision", h.revision);
  put_number(o, "raft_term", h.term);
  return o;
}

json::object key_value_document(const KeyValue& kv) {
  json::object o;
  o["key"] = encode_base64(kv.key);
  put_number(o, "create_revision", kv.create_revision);
  put_number(o, "mod_revision", kv.mod_revision);
  put_number(o, "version", kv.version);
  if (!kv.value.empty()) o["value"] = encode_base64(kv.value);
  put_number(o, "lease", kv.lease);
  return o;
}

json::object range_document(const RangeResponse& response, const Header& header) {
  json::object o;
  o["header"] = header_document(header);
  if (!response.kvs.empty()) {
    json::array kvs;
    for (const auto& kv : response.kvs) kvs.push_back(key_value_document(kv));
    o["kvs"] = std::move(kvs);
  }
  if (response.more) o["more"] = true;
  put_number(o, "count", response.count);
  return o;
}

json::object put_document(const PutResponse& response, const Header& header) {
  json::object o;
  o["header"] = header_document(header);
  if (response.previous) o["prev_kv"] = key_value_document(*response.previous);
  return o;
}

json::object delete_document(const DeleteResponse& response, const Header& header) {
  json::object o;
  o["header"] = header_document(header);
  put_number(o, "deleted", response.deleted);
  if (!response.previous.empty()) {
    json::array kvs;
    for (const auto& kv : response.previous) kvs.push_back(key_value_document(kv));
    o["prev_kvs"] = std::move(kvs);
  }
  return o;
}

json::object txn_document(const TxnResponse& response, const Header& header) {
  json::object o;
  o["header"] = header_document(header);
  if (response.succeeded) o["succeeded"] = true;
  if (response.responses.empty()) return o;
  json::array list;
  Header inner;  // etcd fills only the revision of inner headers
  inner.revision = header.revision;
  auto strip = [&](json::object document) {
    json::object h;
    put_number(h, "revision", inner.revision);
    document["header"] = std::move(h);
    return document;
  };
  for (const auto& r : response.responses) {
    json::object entry;
    if (const auto* x = std::get_if<RangeResponse>(&r)) entry["response_range"] = strip(range_document(*x, inner));
    if (const auto* x = std::get_if<PutResponse>(&r)) entry["response_put"] = strip(put_document(*x, inner));
    if (const auto* x = std::get_if<DeleteResponse>(&r))
      entry["response_delete_range"] = strip(delete_document(*x, inner));
    if (const auto* x = std::get_if<TxnResponse>(&r)) entry["response_txn"] = strip(txn_document(*x, inner));
    list.push_back(std::move(entry));
  }
  o["responses"] = std::move(list);
  return o;
}

json::object watch_document(const std::vector<const KeyValue*>& events, std::int64_t watch_id, const Header& header) {
  json::object result;
  result["header"] = header_document(header);
  put_number(result, "watch_id", watch_id);
  json::array list;
  for (const KeyValue* kv : events) {
    json::object event;
    if (kv->version == 0) event["type"] = "DELETE";
    event["kv"] = key_value_document(*kv);
    list.push_back(std::move(event));
  }
  if (!list.empty()) result["events"] = std::move(list);
  json::object o;
  o["result"] = std::move(result);
  return o;
}

}  // namespace tamada::sim::etcd
