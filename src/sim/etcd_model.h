// The data of a simulated etcd: keys with all their versions, transactions, leases' keys. Pure; no time, no network.
// Follows etcd's documented API (api/etcdserverpb/rpc.proto): revisions, create/mod/version of a key, compares, nested
// transactions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace tamada::sim::etcd {

struct KeyValue {
  std::string key;
  std::string value;
  std::int64_t create_revision = 0;
  std::int64_t mod_revision = 0;
  std::int64_t version = 0;  // 0 in a version that deletes
  std::int64_t lease = 0;
};

struct RangeRequest {
  std::string key;
  std::string range_end;  // empty = one key; "\0" = all from key on
  std::int64_t revision = 0;
  std::int64_t limit = 0;
  bool serializable = false;
  bool newest_first = false;  // by mod_revision, before the limit
  bool keys_only = false;
  bool count_only = false;
};
struct PutRequest {
  std::string key;
  std::string value;
  std::int64_t lease = 0;
  bool prev_kv = false;
};
struct DeleteRequest {
  std::string key;
  std::string range_end;
  bool prev_kv = false;
};
struct Compare {
  enum class Target { Version, Create, Mod, Value, Lease };
  enum class Result { Equal, Greater, Less, NotEqual };
  Target target = Target::Version;
  Result result = Result::Equal;
  std::string key;
  std::int64_t number = 0;
  std::string value;
};
struct TxnRequest;
using Operation = std::variant<RangeRequest, PutRequest, DeleteRequest, TxnRequest>;
struct TxnRequest {
  std::vector<Compare> compares;
  std::vector<Operation> success;
  std::vector<Operation> failure;
  bool writes() const;
};

struct RangeResponse {
  std::vector<KeyValue> kvs;
  std::int64_t count = 0;
  bool more = false;
};
struct PutResponse {
  std::optional<KeyValue> previous;
};
struct DeleteResponse {
  std::int64_t deleted = 0;
  std::vector<KeyValue> previous;
};
struct TxnResponse;
using OperationResponse = std::variant<RangeResponse, PutResponse, DeleteResponse, TxnResponse>;
struct TxnResponse {
  bool succeeded = false;
  std::vector<OperationResponse> responses;
};

// True when `key` is in [from, end), with etcd's meaning of an empty end and of "\0".
bool in_range(const std::string& key, const std::string& from, const std::string& end);

class Model {
 public:
  std::int64_t revision() const { return revision_; }
  std::int64_t compacted() const { return compacted_; }
  void compact(std::int64_t revision) { compacted_ = revision; }

  // As of `at` (0 = now). The caller has checked compaction.
  RangeResponse range(const RangeRequest& request, std::int64_t at = 0) const;
  // Writes of one transaction share one revision; a transaction that writes nothing takes none.
  TxnResponse apply(const TxnRequest& request);

  // A lease that a put on the chosen path names and that is not there: etcd refuses the whole transaction.
  std::optional<std::int64_t> missing_lease(const TxnRequest& request) const;

  // Leases know their keys; the time is the cluster's business.
  void add_lease(std::int64_t id) { leases_[id]; }
  bool has_lease(std::int64_t id) const { return leases_.contains(id); }
  // Deletes the lease and its keys; false when there is none.
  bool revoke(std::int64_t id);
  std::vector<std::int64_t> leases() const;
  std::set<std::string> keys_of(std::int64_t lease) const;

  // Changes with a revision above `after` up to `until`, in order.
  std::vector<const KeyValue*> changes(std::int64_t after, std::int64_t until) const;
  const KeyValue* find(const std::string& key, std::int64_t at = 0) const;  // nullptr when absent

 private:
  bool holds(const Compare& compare) const;
  bool holds_all(const TxnRequest& request) const;
  TxnResponse run(const TxnRequest& request, std::int64_t at_revision);
  void put(const PutRequest& request, std::int64_t revision);
  std::int64_t remove(const std::string& key, const std::string& end, std::int64_t revision,
                      std::vector<KeyValue>* previous);

  std::int64_t revision_ = 1;
  std::int64_t compacted_ = 0;
  std::map<std::string, std::vector<KeyValue>> keys_;
  std::vector<KeyValue> log_;
  std::map<std::int64_t, std::set<std::string>> leases_;
  bool wrote_ = false;
};

// A transaction may not put one key twice.
bool puts_a_key_twice(const TxnRequest& request);

}  // namespace tamada::sim::etcd
