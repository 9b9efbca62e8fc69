// etcd's v2 keys API as text: requests, and answers as values (dcs.md 3.1). Pure; accepts any bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "net/http.h"
#include "store/common/view_builder.h"

namespace tamada::etcd2 {

// ---- requests

struct Request {
  std::string method = "GET";
  std::string path;  // with the query
  std::string form;  // body of a PUT
};

// The key is written only when this holds. Index 0 stands for "not given" in the API: absent is a condition of its own.
struct Guard {
  enum class Kind { None, Absent, Present, Index };
  Kind kind = Kind::None;
  std::int64_t index = 0;  // modifiedIndex
  static Guard none() { return {}; }
  static Guard absent() { return {Kind::Absent, 0}; }
  static Guard present() { return {Kind::Present, 0}; }
  static Guard at(std::int64_t i) { return i == 0 ? absent() : Guard{Kind::Index, i}; }
};

// All of the directory, through a quorum.
Request read_all(const std::string& directory);
// The next change in the directory from this index on; answered when there is one.
Request wait_for_change(const std::string& directory, std::int64_t from);
Request put(const std::string& key, std::string_view value, Guard guard, std::optional<std::int64_t> ttl_seconds = {});
// Makes the key live on as it is; nobody's wait is ended by it.
Request refresh(const std::string& key, std::int64_t ttl_seconds);
Request remove(const std::string& key, Guard guard);
Request remove_all(const std::string& directory);

// ---- answers

struct Node {
  std::string key;
  std::string value;
  bool directory = false;
  std::int64_t modified = 0;
  std::int64_t created = 0;
};

struct Answer {
  std::string action;        // "get", "create", "compareAndSwap", "expire" ...
  Node node;                 // what was asked for, or what changed
  std::vector<Node> leaves;  // of a directory: the keys in it, at any depth
  std::int64_t index = 0;    // X-Etcd-Index: of the store when it answered
  std::string cluster_id;
};

enum class FaultKind {
  Busy,      // this node cannot do it now
  Denied,    // user, password or certificate
  NotFound,  // no such key
  Conflict,  // the guard does not hold
  Cleared,   // the change that was waited for is forgotten
  Rejected,  // the request as such
  Garbled,   // not an answer of etcd
};

struct Fault {
  FaultKind kind = FaultKind::Garbled;
  bool may_be_applied = false;  // of a write; false only when the answer proves it
  Error error;
  std::int64_t index = 0;  // of the store; 0 = not told
  std::string cluster_id;
};

std::variant<Answer, Fault> parse_answer(const HttpResponse& response);

// The keys below `prefix` ("/service/batman/"), as all stores' views are made of.
StoredKeys stored_keys(const std::vector<Node>& nodes, std::string_view prefix);

}  // namespace tamada::etcd2
