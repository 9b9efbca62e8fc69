// Consul's HTTP API as text: bodies of requests, and answers as values (dcs.md 5). Pure; accepts any bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/result.h"

namespace tamada::consul {

// ---- requests

// One step of a transaction: all steps are applied or none, in one entry of the servers' log.
struct TxnOp {
  enum class Verb { Set, Cas, Lock, Unlock, CheckIndex, CheckSession, CheckNotExists, Delete, DeleteCas, DeleteTree };
  Verb verb = Verb::Set;
  std::string key;
  std::string value;
  std::string session;
  std::int64_t index = 0;
  std::uint64_t flags = 0;  // kept with the key, of no meaning to Consul
};

std::string txn_body(const std::vector<TxnOp>& ops);

struct SessionRequest {
  std::string name;
  std::vector<std::string> checks;
  std::chrono::milliseconds lock_delay{1};
  std::chrono::milliseconds ttl{15000};
};
// The keys that hang on the session are deleted with it.
std::string session_body(const SessionRequest& request);
// "15.0s", "2.5s", "0.001s".
std::string seconds_text(std::chrono::milliseconds d);

// ---- answers

struct KeyValue {
  std::string key;
  std::string value;
  std::string session;  // empty = not locked
  std::int64_t create_index = 0;
  std::int64_t modify_index = 0;
  std::uint64_t flags = 0;
};

enum class FaultKind {
  Busy,            // the servers cannot do it now: no leader, time-out, shutting down
  Denied,          // the token is missing, unknown or may not do this
  Condition,       // a transaction was rolled back because a condition of it did not hold
  InvalidSession,  // the session is gone
  SessionTtl,      // the servers want a longer (or shorter) ttl of sessions
  NotFound,
  Rejected,  // the request as such
  Garbled,   // not an answer of Consul
};

struct Fault {
  FaultKind kind = FaultKind::Garbled;
  bool may_be_applied = false;  // of a write; false only when the answer proves it
  Error error;
};

// What an answer other than 2xx means. A transaction that was rolled back (409) is told by parse_txn.
Fault fault_of(int http_status, std::string_view body);
// The keys that a transaction wrote, in the order of its steps; steps that delete leave nothing.
std::variant<std::vector<KeyValue>, Fault> parse_txn(int http_status, std::string_view body);
// A list of keys; 404 is an empty one.
std::variant<std::vector<KeyValue>, Fault> parse_keys(int http_status, std::string_view body);
// The id of a session that was created.
std::variant<std::string, Fault> parse_session(int http_status, std::string_view body);

}  // namespace tamada::consul
