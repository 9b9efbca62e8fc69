// etcd's JSON gateway as text: bodies of requests, and answers as values (dcs.md 4). Pure; accepts any bytes.
//
// The gateway writes 64-bit numbers as strings, leaves out fields at their default, and may add text after the answer:
// only the first JSON document counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/result.h"

namespace tamada::etcd3 {

// ---- requests

struct Compare {
  enum class Target { Create, Mod, Value, Lease };
  std::string key;
  Target target = Target::Create;
  std::string operand;  // the number as text, or the value

  static Compare create(std::string key, std::int64_t revision);
  static Compare mod(std::string key, std::int64_t revision);
  static Compare value(std::string key, std::string value);
  static Compare lease(std::string key, std::string lease);
};

struct Op {
  enum class Kind { Put, Delete, Range };
  Kind kind = Kind::Range;
  std::string key;
  std::string value;
  std::string lease;  // empty = none

  static Op put(std::string key, std::string value, std::string lease = {});
  static Op remove(std::string key);
  static Op range(std::string key);
};

struct Txn {
  std::vector<Compare> compare;
  std::vector<Op> success;
  std::vector<Op> failure;
};

std::string range_prefix_body(std::string_view prefix);
// The newest key of the prefix without its value, and how many keys there are: notices any change.
std::string newest_of_prefix_body(std::string_view prefix);
std::string delete_prefix_body(std::string_view prefix);
std::string txn_body(const Txn& txn);
std::string grant_body(std::int64_t ttl_seconds);
std::string lease_body(std::string_view id);  // keepalive and revoke
std::string watch_prefix_body(std::string_view prefix, std::int64_t start_revision);
std::string authenticate_body(std::string_view user, std::string_view password);
// The first key after all that begin with `prefix`.
std::string prefix_end(std::string_view prefix);

// ---- answers

struct Header {
  std::string cluster_id;
  std::int64_t revision = 0;
  std::uint64_t raft_term = 0;  // as the answering member knew it
};

struct KeyValue {
  std::string key;
  std::string value;
  std::int64_t create_revision = 0;
  std::int64_t mod_revision = 0;
  std::string lease;  // empty = none
};

enum class FaultKind {
  Busy,              // this member cannot do it now: no leader, time-out, shutting down
  Token,             // the token is missing or no longer good: authenticate again
  BadCredentials,    // user or password refused
  PermissionDenied,  // the user may not do this
  AuthDisabled,      // the store wants no authentication
  LeaseNotFound,
  Compacted,
  Unsupported,  // no such method: wrong version or no etcd
  Rejected,     // the request as such
  Garbled,      // not an answer of etcd
};

struct Fault {
  FaultKind kind = FaultKind::Garbled;
  bool may_be_applied = false;  // of a write; false only when the text proves it
  Error error;
};

using Reply = std::variant<json::object, Fault>;
// First JSON document of an answer, or what the error in it means. HTTP 200 can carry an error too.
Reply parse_reply(int http_status, std::string_view body);

struct RangeAnswer {
  Header header;
  std::vector<KeyValue> kvs;
  std::int64_t count = 0;
};
struct TxnAnswer {
  Header header;
  bool succeeded = false;
  std::vector<std::vector<KeyValue>> ranges;  // one for each operation that was carried out; empty for writes
};
struct LeaseAnswer {
  Header header;
  std::string id;
  std::int64_t ttl_seconds = 0;  // 0: there is no such lease
};
struct Version {
  int major = 0;
  int minor = 0;
};

// Fields of an answer that parse_reply accepted. Error: Protocol when a field has the wrong form.
Result<Header> parse_header(const json::object& answer);
Result<RangeAnswer> parse_range(const json::object& answer);
Result<TxnAnswer> parse_txn(const json::object& answer);
Result<LeaseAnswer> parse_grant(const json::object& answer);
Result<LeaseAnswer> parse_keepalive(const json::object& answer);
Result<std::string> parse_token(const json::object& answer);
Result<std::vector<std::string>> parse_client_urls(const json::object& answer);
// "etcdcluster" of GET /version.
Result<Version> parse_version(const json::object& answer);
// Path prefix of the gateway's methods. Error Unsupported below 3.3.
Result<std::string> api_prefix(Version version);

// ---- the watch's stream

struct WatchEvent {
  bool deleted = false;
  KeyValue kv;  // of a deletion: key and mod_revision only
};
struct WatchMessage {
  Header header;
  bool created = false;
  bool canceled = false;
  std::int64_t compact_revision = 0;  // set when it was canceled because of a compaction
  std::vector<WatchEvent> events;
};
// One document of the stream, already cut out.
std::variant<WatchMessage, Fault> parse_watch(std::string_view document);

}  // namespace tamada::etcd3
