#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "store/etcd3/etcd3_codec.h"

namespace tamada::etcd3 {

namespace {

json::object prefix_object(std::string_view prefix) {
  return {{"key", base64_encode(prefix)}, {"range_end", base64_encode(prefix_end(prefix))}};
}

json::object compare_object(const Compare& c) {
  json::object o{{"key", base64_encode(c.key)}, {"result", "EQUAL"}};
  switch (c.target) {
    case Compare::Target::Create:
      o["target"] = "CREATE";
      o["create_revision"] = c.operand;
      break;
    case Compare::Target::Mod:
      o["target"] = "MOD";
      o["mod_revision"] = c.operand;
      break;
    case Compare::Target::Value:
      o["target"] = "VALUE";
      o["value"] = base64_encode(c.operand);
      break;
    case Compare::Target::Lease:
      o["target"] = "LEASE";
      o["lease"] = c.operand;
      break;
  }
  return o;
}

json::object op_object(const Op& op) {
  json::object o{{"key", base64_encode(op.key)}};
  if (op.kind == Op::Kind::Range) return {{"request_range", std::move(o)}};
  if (op.kind == Op::Kind::Delete) return {{"request_delete_range", std::move(o)}};
  o["value"] = base64_encode(op.value);
  if (!op.lease.empty()) o["lease"] = op.lease;
  return {{"request_put", std::move(o)}};
}

template <class T, class F>
json::array array_of(const std::vector<T>& items, F format) {
  json::array out;
  for (const T& item : items) out.push_back(format(item));
  return out;
}

}  // namespace

Compare Compare::create(std::string key, std::int64_t revision) {
  return {std::move(key), Target::Create, std::to_string(revision)};
}
Compare Compare::mod(std::string key, std::int64_t revision) {
  return {std::move(key), Target::Mod, std::to_string(revision)};
}
Compare Compare::value(std::string key, std::string value) {
  return {std::move(key), Target::Value, std::move(value)};
}
Compare Compare::lease(std::string key, std::string lease) {
  return {std::move(key), Target::Lease, std::move(lease)};
}

Op Op::put(std::string key, std::string value, std::string lease) {
  return {Kind::Put, std::move(key), std::move(value), std::move(lease)};
}
Op Op::remove(std::string key) {
  return {Kind::Delete, std::move(key), {}, {}};
}
Op Op::range(std::string key) {
  return {Kind::Range, std::move(key), {}, {}};
}

std::string prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (end.empty()) return std::string(1, '\0');  // "to the end of all keys"
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

std::string range_prefix_body(std::string_view prefix) {
  return json::serialize(prefix_object(prefix));
}

std::string newest_of_prefix_body(std::string_view prefix) {
  json::object o = prefix_object(prefix);
  o["sort_target"] = "MOD";
  o["sort_order"] = "DESCEND";
  o["limit"] = "1";
  o["keys_only"] = true;
  return json::serialize(o);
}

std::string delete_prefix_body(std::string_view prefix) {
  return json::serialize(prefix_object(prefix));
}

std::string txn_body(const Txn& txn) {
  return json::serialize(json::object{{"compare", array_of(txn.compare, compare_object)},
                                      {"success", array_of(txn.success, op_object)},
                                      {"failure", array_of(txn.failure, op_object)}});
}

std::string grant_body(std::int64_t ttl_seconds) {
  return json::serialize(json::object{{"TTL", ttl_seconds}});
}

std::string lease_body(std::string_view id) {
  return json::serialize(json::object{{"ID", std::string(id)}});
}

std::string watch_prefix_body(std::string_view prefix, std::int64_t start_revision) {
  json::object create = prefix_object(prefix);
  create["start_revision"] = std::to_string(start_revision);
  create["progress_notify"] = true;
  return json::serialize(json::object{{"create_request", std::move(create)}});
}

std::string authenticate_body(std::string_view user, std::string_view password) {
  return json::serialize(json::object{{"name", std::string(user)}, {"password", std::string(password)}});
}

}  // namespace tamada::etcd3
