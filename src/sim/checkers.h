// Watches a simulated cluster and says where an invariant of design.md 1 was broken. Sees what really is (true time,
// true content of WAL, the store itself), never what a daemon believes.
//
// S1 is bounded by class of event. Before there is a guard:
//   daemon alive and running, its clock within the allowance: no overlap at all
//   daemon killed, stopped or hung (without a watchdog): until it is back and has acted; measured, not promised
//   host frozen, clocks run on; machine paused, clocks stop; clock rate beyond the allowance: measured
//   pause mode: none promised
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/cluster.h"

namespace tamada::sim {

struct Violation {
  SimTime at{0};
  std::string invariant;
  std::string text;
};

// How often each checker had something to look at; a run where one stays at 0 proved nothing about it.
struct CheckCounts {
  std::uint64_t acknowledged = 0;
  std::uint64_t promotions = 0;
  std::uint64_t starts_as_primary = 0;
  std::uint64_t lock_changes = 0;
  std::uint64_t locks_freed = 0;
  std::uint64_t destroyed = 0;
  std::uint64_t overlaps_excused = 0;
  std::uint64_t lost_commits = 0;
  std::uint64_t synchronous_commits = 0;
  std::uint64_t streams_compared = 0;
  std::uint64_t freed_with_consent = 0;             // locks that expired while failsafe mode kept their holder
  std::uint64_t under_consent = 0;                  // looks at a primary that failsafe mode keeps
  std::map<std::string, Duration> longest_overlap;  // by class
  CheckCounts& operator+=(const CheckCounts& other);
};

class Checkers final : public PostgresWitness {
 public:
  explicit Checkers(SimCluster& cluster);

  const std::vector<Violation>& violations() const { return violations_; }
  const CheckCounts& counts() const { return counts_; }
  void report(std::string invariant, std::string text);

  // What operators and the nemesis did, as far as it excuses something.
  void forced(int member) { forced_[member] = cluster_.world().now(); }  // failover by name, reinitialize
  void store_betrayed() { store_betrayed_ = cluster_.world().now(); }    // early revoke, restored backup
  void store_restored();                                                 // after a backup came back
  void pause_changed(bool paused);
  bool paused_lately() const;

  // Looks at what has no event of its own; call every few seconds.
  void look();
  // At rest with everybody back: what of synchronous mode is not as the settings say.
  std::optional<std::string> why_not_synchronous() const;

  void on_writable(SimPostgres& server, const WritableEpoch& epoch) override;
  void on_acknowledged(SimPostgres& server, const Commit& commit) override;
  void on_destroyed(SimPostgres& server, Destroyed what) override;

 private:
  struct EpochRecord {
    WritableEpoch epoch;
    int member = -1;
    std::vector<Commit> commits;  // acknowledged, in order of position
    Lsn lost_from = Lsn{UINT64_MAX};
    // Without the lock, by a member for which S1 is not promised at that moment: the overlap is its own.
    std::optional<std::string> intruder;
    SimTime restored{0};  // a store that lost writes made it the leader again
  };
  struct LockRecord {
    std::string holder;
    std::int64_t create_revision = 0;
    SimTime from{0};
    SimTime until = kSimNever;
    Lsn published;                      // /status when it was taken
    std::vector<std::string> eligible;  // /sync when it was taken; empty = asynchronous
  };

  void on_commit();
  void check_lock(const EpochRecord& record, const SimPostgres& server);
  void check_position(const EpochRecord& record, SimPostgres& server);
  void check_losses(SimPostgres& server);
  void check_freed(const LockRecord& lock);
  void note_believed_pause(int member);
  std::optional<std::string> excuse(int member) const;  // why S1 to S3 are not promised for it now
  bool has_consent(int holder) const;                   // a complete failsafe consent counts as proof
  bool betrayed_lately() const;
  bool forced_lately(int member) const;
  void note_forced();
  std::string current_holder() const;
  Lsn published_position() const;
  SyncState sync_state() const;
  bool quorum_mode() const;
  std::vector<std::string> sync_members() const;

  SimCluster& cluster_;
  std::vector<Violation> violations_;
  CheckCounts counts_;
  std::map<std::uint64_t, EpochRecord> epochs_;
  std::vector<LockRecord> locks_;
  std::map<int, SimTime> forced_;
  std::optional<SimTime> store_betrayed_;
  bool unpromised_ = true;
  SimTime unpromised_at_{0};                    // the last time at which /sync was not there
  std::optional<std::int64_t> sync_of_backup_;  // revision of a /sync that a restore brought back: nobody's promise
  std::set<std::string> promised_by_;           // whom /sync has named as leader since
  bool paused_ = false;
  std::optional<SimTime> unpaused_at_;
  std::map<int, SimTime> believed_pause_;  // when it last went by a pause
  std::map<std::string, int> told_;
};

}  // namespace tamada::sim
