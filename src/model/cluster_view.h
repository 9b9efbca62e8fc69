// One consistent picture of the cluster's keys in the store (dcs.md 1). Parsed values with the versions they had.
// A view is a value: nothing in it changes after it was made.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "model/lsn.h"
#include "model/member.h"

namespace tamada {

// Identity of one acquisition of the leader key (safety.md 1.3): two acquisitions never compare equal, whoever made
// them. etcd v3: create_revision and lease; other stores: see the adapter.
struct LockGeneration {
  std::string holder;  // member name, the key's value
  std::int64_t create_revision = 0;
  std::string session;  // lease or session id

  bool operator==(const LockGeneration&) const = default;
};

struct LeaderEntry {
  LockGeneration generation;
  std::int64_t revision = 0;
  const std::string& name() const { return generation.holder; }
};

// /status, or /optime/leader where only that exists (dcs.md 1.6).
struct StatusDocument {
  Lsn optime;
  std::map<std::string, std::uint64_t> slots;
  std::vector<std::string> retain_slots;
  bool operator==(const StatusDocument&) const = default;
};

// /failover (dcs.md 1.8). A request with neither leader nor candidate counts as absent.
struct FailoverRequest {
  std::string leader;     // present = switchover away from it
  std::string candidate;  // JSON field "member"
  std::optional<WallTime> scheduled_at;
  bool schedule_invalid = false;  // scheduled_at was there but had no zone or did not parse
  std::int64_t revision = 0;
  int offset_minutes = 0;  // of the zone in which scheduled_at is written

  bool empty() const { return leader.empty() && candidate.empty(); }
  bool operator==(const FailoverRequest&) const = default;
};

// /sync (dcs.md 1.9). Empty leader = the mode was never activated.
struct SyncState {
  std::string leader;
  std::vector<std::string> standbys;
  int quorum = 0;
  std::int64_t revision = 0;

  bool empty() const { return leader.empty(); }
  // Case-insensitive, as 4.x compares.
  bool lists(std::string_view name) const;
  bool operator==(const SyncState&) const = default;
};

struct HistoryLine {
  Timeline timeline;
  Lsn lsn;
  std::string reason;
  std::string timestamp;   // ISO 8601, empty for entries of three elements
  std::string new_leader;  // empty below five elements
  int elements = 3;        // as it was read
  bool operator==(const HistoryLine&) const = default;
};

struct HistoryDocument {
  std::vector<HistoryLine> lines;
  std::int64_t revision = 0;
  // Last entry + 1; 1 for exactly `[]`; unknown when the key is absent or unusable.
  Timeline cluster_timeline;
};

struct ConfigDocument {
  json::object value;
  std::int64_t revision = 0;
};

struct InitializeKey {
  std::string value;
  std::int64_t revision = 0;
  // Only digits and at least ten of them (dcs.md 1.3).
  bool valid() const;
};

struct ClusterView {
  std::optional<InitializeKey> initialize;  // absent and empty are different states
  std::optional<ConfigDocument> config;     // nullopt: absent, no JSON object
  std::int64_t config_revision = 0;         // of the key even when its value is unusable; 0 = absent
  std::optional<LeaderEntry> leader;
  std::optional<StatusDocument> status;
  std::int64_t status_revision = 0;
  std::vector<Member> members;              // sorted by name
  std::optional<FailoverRequest> failover;  // nullopt also for an empty request
  std::int64_t failover_revision = 0;       // of the key even when the request is empty; 0 = absent
  SyncState sync;
  std::optional<HistoryDocument> history;
  std::map<std::string, std::string> failsafe;  // member -> api_url
  std::int64_t failsafe_revision = 0;           // 0 = absent
  // The highest timeline that a member was about to make by a promotion (core/next_timeline.h); ours only, 0 = absent.
  Timeline claimed_timeline;
  std::int64_t timeline_revision = 0;  // of the key even when its value is unusable; 0 = absent
  std::string store_id;                // identity of the store's cluster; changes when it was made anew
  std::int64_t revision = 0;           // of the whole view

  const Member* member(std::string_view name) const;
  // The leader's member key; nullptr when there is no lock or no such member.
  const Member* leader_member() const;
  bool unlocked() const { return !leader.has_value(); }
  // No key at all: a new cluster or a wiped store.
  bool empty() const;
};

// The stored texts. Every parse_ function accepts whatever a store may hold and never fails; what is unusable counts as
// absent, as dcs.md 1 says for each key. The format_ functions write compact JSON.
std::optional<FailoverRequest> parse_failover(std::string_view text);
std::string format_failover(const FailoverRequest& request);
SyncState parse_sync(std::string_view text);
std::string format_sync(const SyncState& sync, Compatibility level);
std::optional<HistoryDocument> parse_history(std::string_view text);
std::string format_history(const std::vector<HistoryLine>& lines);
StatusDocument parse_status(std::string_view text);
StatusDocument parse_optime(std::string_view text);
std::string format_status(const StatusDocument& status);
// {"claimed": 7, "by": "node2"}
Timeline parse_timeline_claim(std::string_view text);
std::string format_timeline_claim(Timeline claimed, std::string_view by);
std::map<std::string, std::string> parse_failsafe(std::string_view text);
std::string format_failsafe(const std::map<std::string, std::string>& members);

}  // namespace tamada
