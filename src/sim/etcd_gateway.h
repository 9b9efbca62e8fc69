// etcd's JSON gateway: documents to requests and answers to documents. Base64 keys and values, 64-bit numbers as
// strings, fields at their default left out. Pure. A document that breaks the form gives the error etcd's gateway would
// give.
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "sim/etcd_model.h"

namespace tamada::sim::etcd {

struct Header {
  std::uint64_t cluster_id = 0;
  std::uint64_t member_id = 0;
  std::int64_t revision = 0;
  std::int64_t term = 0;
};

// A request for people: keys and values decoded.
std::string readable(const json::value& document);

std::string encode_base64(std::string_view bytes);
Result<std::string> decode_base64(std::string_view text);

// Field access as protobuf's JSON mapping reads it: snake_case and lowerCamelCase, numbers as numbers or strings.
const json::value* field(const json::object& object, std::string_view snake_name);
std::int64_t number_field(const json::object& object, std::string_view name);
bool flag_field(const json::object& object, std::string_view name);
std::string bytes_field(const json::object& object, std::string_view name);

RangeRequest range_from(const json::object& object);
PutRequest put_from(const json::object& object);
DeleteRequest delete_from(const json::object& object);
TxnRequest txn_from(const json::object& object);

json::object header_document(const Header& header);
json::object key_value_document(const KeyValue& kv);
json::object range_document(const RangeResponse& response, const Header& header);
json::object put_document(const PutResponse& response, const Header& header);
json::object delete_document(const DeleteResponse& response, const Header& header);
json::object txn_document(const TxnResponse& response, const Header& header);
// One line of a watch stream.
json::object watch_document(const std::vector<const KeyValue*>& events, std::int64_t watch_id, const Header& header);

}  // namespace tamada::sim::etcd
