// The distributed store, as the engine uses it (design.md 5, safety.md 1). One object per cluster, used from one
// thread.
//
// Every call ends by its deadline. Retries, switching of store nodes, re-authentication and rediscovery happen inside,
// within the deadline. A write ends in one of three ways: applied; refused (the condition did not hold, with what was
// found); unknown (no answer that proves either: it may be applied now or later). Unknown is never read as refused.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "model/cluster_view.h"

namespace tamada {

enum class WriteKind { Applied, Refused, Unknown };

template <class T>
struct Written {
  WriteKind kind = WriteKind::Unknown;
  std::optional<T> value;  // set exactly when applied
  std::string found;       // refused: what stands in the way, e.g. the holder's name
  Error error;             // refused and unknown: why

  bool applied() const { return kind == WriteKind::Applied; }
  static Written make_applied(T v) { return {WriteKind::Applied, std::move(v), {}, {}}; }
  static Written make_refused(std::string what, Error e) {
    return {WriteKind::Refused, {}, std::move(what), std::move(e)};
  }
  static Written make_unknown(Error e) { return {WriteKind::Unknown, {}, {}, std::move(e)}; }
};

// A proven hold of the leader key: until `valid_until` the store cannot have given it to anybody else, but for the
// cases of safety.md 1.5. Counted from *before* the request that refreshed the lease or session was sent
// (safety.md 1.2).
struct LockProof {
  LockGeneration generation;
  Instant valid_until = kLongAgo;
  Duration granted_ttl{0};  // what the store granted, not what was asked for
};

// Keys that are written with `write`. Leader and members have calls of their own.
enum class StoreKey { Initialize, Config, Status, OptimeLeader, Failover, Sync, History, Failsafe, Timeline };
std::string_view path_of(StoreKey key);  // "initialize", "optime/leader", ...

struct WriteCondition {
  enum class Kind { None, Absent, Revision };
  Kind kind = Kind::None;
  std::int64_t revision = 0;
  static WriteCondition none() { return {}; }
  static WriteCondition absent() { return {Kind::Absent, 0}; }
  // The key still has this version; version 0 means absent.
  static WriteCondition unchanged(std::int64_t r) { return r == 0 ? absent() : WriteCondition{Kind::Revision, r}; }
};

struct StoreWrite {
  StoreKey key = StoreKey::Status;
  std::optional<std::string> value;  // nullopt = delete the key
  WriteCondition condition;
  // Applied only while this lock generation stands (safety.md 1.3). Set by every writer that acts as leader.
  std::optional<LockGeneration> while_leading;
};

struct AcquireRequest {
  std::chrono::seconds ttl{30};
  // Versions the race was decided on (safety.md 2.2); checked in the same step where the store can. 0 = key absent.
  std::optional<std::int64_t> sync_revision;
  std::optional<std::int64_t> failover_revision;
  // Nobody has claimed a timeline since: taking a lock again that had vanished (safety.md 1.5, 6.3).
  std::optional<std::int64_t> timeline_revision;
  // After a bootstrap: overwrite whatever stands there (dcs.md 2.1 "take leader").
  bool take = false;
};

struct RenewRequest {
  std::chrono::seconds ttl{30};
  // Written in the same confirmed step when set.
  std::optional<StatusDocument> status;
};

// What must survive a restart of the daemon to prove that a lock is still ours (safety.md 2.4).
struct AdoptionRecord {
  std::string boot_id;
  std::string store_id;
  LockGeneration generation;
  Duration granted_ttl{0};
  Instant valid_until = kLongAgo;  // by the boot clock; means nothing after another boot
};

class StoreListener {
 public:
  virtual ~StoreListener() = default;
  // A newer view, fed by the watch. Called on the engine's thread; never from inside a Store call.
  virtual void on_view(ClusterView view) = 0;
  // The watch is broken; it is being set up again. Until the next on_view nothing is known to be current.
  virtual void on_watch_lost(const Error& why) = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // A linearizable read of all keys. An absent cluster is an empty view, not an error.
  virtual Task<Result<ClusterView>> load(Instant deadline) = 0;

  // Starts the watch (at most once) and keeps it up until stop().
  virtual void watch(StoreListener& listener) = 0;

  // Creates the leader key if absent, on a lease of its own that is granted or refreshed just before.
  // An unanswered acquire is unknown: the caller loads, and the key may carry our name (then `adopt`, or release it).
  virtual Task<Written<LockProof>> acquire_leader(AcquireRequest request, Instant deadline) = 0;

  // Refreshes the lease, then proves by a linearizable conditional step that the generation still stands
  // (safety.md 1.1). Never creates the key. Leaves a sign that others see, a new version of the leader key or of
  // /status: a key that vanishes within ttl of the last one did not expire (safety.md 1.5). Refused = proven gone or
  // another's.
  virtual Task<Written<LockProof>> renew(LockGeneration generation, RenewRequest request, Instant deadline) = 0;

  // Deletes the leader key of exactly this generation; `final_status` is written in the same step when set.
  // Refused = the generation does not stand any more. Also ends the lease or session.
  virtual Task<Written<std::int64_t>> release(LockGeneration generation, std::optional<StatusDocument> final_status,
                                              Instant deadline) = 0;

  // After a restart: keeps the stored lease alive and proves that the stored generation stands.
  virtual Task<Written<LockProof>> adopt_leader(AdoptionRecord record, std::chrono::seconds ttl, Instant deadline) = 0;

  // Upserts members/<name> on the member's own lease; grants that lease first when needed. The result is the key's
  // version. `keep_alive_only`: the value is as last written; only the lease is refreshed where it stands, which proves
  // nothing of the key (safety.md 1.1): who sees it missing in a view writes it again.
  virtual Task<Written<std::int64_t>> touch_member(std::string value, std::chrono::seconds ttl, bool keep_alive_only,
                                                   Instant deadline) = 0;

  virtual Task<Written<std::int64_t>> write(StoreWrite request, Instant deadline) = 0;

  // Deletes every key of the cluster (tamadactl remove).
  virtual Task<Written<std::int64_t>> delete_cluster(Instant deadline) = 0;

  // Name of the store's kind, "etcd3".
  virtual std::string_view kind() const = 0;

  // Ends the watch and all connections; waits for their end. Leases are left to expire.
  virtual Task<void> stop() = 0;
};

}  // namespace tamada
