#include "sim/checkers.h"

#include <algorithm>

#include <fmt/format.h>

namespace tamada::sim {

namespace {

constexpr Duration kLongestTtl = 60s;
constexpr Duration kReaction = 15s;  // a daemon that is back has looked at the store and stopped by then
constexpr Duration kUnderWay = 5s;   // a promotion that the restored store knows nothing of may still be carried out
constexpr Duration kBetrayal = 40s;  // how long an early revoke or a restored store explains things
constexpr Duration kAfterPause = 15s;
constexpr Duration kForced = 120s;
constexpr Duration kLockTail = 1500ms;  // a lock lost this recently is still being acted on (safety.md 1.5)
constexpr int kTellAtMost = 3;          // of one invariant in one run

}  // namespace

CheckCounts& CheckCounts::operator+=(const CheckCounts& o) {
  acknowledged += o.acknowledged;
  promotions += o.promotions;
  starts_as_primary += o.starts_as_primary;
  lock_changes += o.lock_changes;
  locks_freed += o.locks_freed;
  destroyed += o.destroyed;
  overlaps_excused += o.overlaps_excused;
  lost_commits += o.lost_commits;
  synchronous_commits += o.synchronous_commits;
  streams_compared += o.streams_compared;
  freed_with_consent += o.freed_with_consent;
  under_consent += o.under_consent;
  for (const auto& [name, d] : o.longest_overlap) longest_overlap[name] = std::max(longest_overlap[name], d);
  return *this;
}

Checkers::Checkers(SimCluster& cluster) : cluster_(cluster) {
  cluster_.fleet().witness = this;
  cluster_.etcd().set_on_commit([this] { on_commit(); });
}

void Checkers::report(std::string invariant, std::string text) {
  cluster_.world().trace("checker", "VIOLATION {}: {}", invariant, text);
  if (++told_[invariant] > kTellAtMost) return;
  violations_.push_back({cluster_.world().now(), std::move(invariant), std::move(text)});
}

void Checkers::pause_changed(bool paused) {
  if (paused_ && !paused) unpaused_at_ = cluster_.world().now();
  paused_ = paused;
}

bool Checkers::paused_lately() const {
  return paused_ || (unpaused_at_ && cluster_.world().now() - *unpaused_at_ < kAfterPause);
}

bool Checkers::betrayed_lately() const {
  return store_betrayed_ && cluster_.world().now() - *store_betrayed_ < kBetrayal;
}

bool Checkers::forced_lately(int member) const {
  auto found = forced_.find(member);
  return found != forced_.end() && cluster_.world().now() - found->second < kForced;
}

void Checkers::note_believed_pause(int member) {
  const auto seen = cluster_.snapshot(member);
  if (seen && seen->settings && seen->settings->dynamic.pause) believed_pause_[member] = cluster_.world().now();
}

std::optional<std::string> Checkers::excuse(int member) const {
  if (paused_lately()) return "pause";
  // One that is cut from the store goes by what it read last; when it reads again it has to stop first.
  const auto pause = believed_pause_.find(member);
  if (pause != believed_pause_.end() && cluster_.world().now() - pause->second < kReaction) return "pause";
  const Impairment& im = cluster_.impairment(member);
  const SimTime now = cluster_.world().now();
  if (im.now() || (im.until > Duration::min() && now - im.until < kReaction)) return im.last;
  if (im.machine_resumed > Duration::min() && now - im.machine_resumed < kLongestTtl) return "machine paused";
  return std::nullopt;
}

// What the holder believes is not asked: everybody whom the stored map names has promised it on his disk.
bool Checkers::has_consent(int holder) const {
  const auto* map = cluster_.etcd().model().find(cluster_.key("failsafe"));
  if (map == nullptr) return false;
  const auto asked = parse_failsafe(map->value);
  for (int m = 0; m < cluster_.member_count(); ++m) {
    if (m == holder || !asked.contains(cluster_.name_of(m))) continue;
    const auto& promise = cluster_.disk(m).promise;
    const Instant now = cluster_.world().host(cluster_.host_of(m)).clock(cluster_.world().now());
    if (!promise || promise->to.name != cluster_.name_of(holder) || promise->until <= now) return false;
  }
  return asked.contains(cluster_.name_of(holder));
}

std::string Checkers::current_holder() const {
  const auto* leader = cluster_.etcd().model().find(cluster_.key("leader"));
  return leader != nullptr ? leader->value : std::string();
}

Lsn Checkers::published_position() const {
  const auto* status = cluster_.etcd().model().find(cluster_.key("status"));
  return status != nullptr ? parse_status(status->value).optime : Lsn{};
}

SyncState Checkers::sync_state() const {
  const auto* sync = cluster_.etcd().model().find(cluster_.key("sync"));
  return sync != nullptr ? parse_sync(sync->value) : SyncState{};
}

bool Checkers::quorum_mode() const {
  const auto* config = cluster_.etcd().model().find(cluster_.key("config"));
  auto document = config != nullptr ? parse_json(config->value) : Result<json::value>(json::value(nullptr));
  if (!document || !document->is_object()) return false;
  const json::value* mode = document->get_object().if_contains("synchronous_mode");
  return mode != nullptr && mode->is_string();
}

// Who may be promoted by himself; empty = synchronous mode does not say. With a quorum others than the listed ones may,
// too, if enough of those vote for them.
std::vector<std::string> Checkers::sync_members() const {
  const SyncState state = sync_state();
  if (state.empty() || state.quorum > 0 || quorum_mode()) return {};
  std::vector<std::string> names = state.standbys;
  names.push_back(state.leader);
  return names;
}

// A failover by name counts for as long as it stands in the store.
void Checkers::note_forced() {
  const auto* request = cluster_.etcd().model().find(cluster_.key("failover"));
  if (request == nullptr) return;
  const auto failover = parse_failover(request->value);
  if (!failover || !failover->leader.empty()) return;
  for (int m = 0; m < cluster_.member_count(); ++m) {
    if (cluster_.name_of(m) == failover->candidate) forced(m);
  }
}

void Checkers::store_restored() {
  const auto* sync = cluster_.etcd().model().find(cluster_.key("sync"));
  sync_of_backup_ = sync != nullptr ? std::optional(sync->mod_revision) : std::nullopt;
}

void Checkers::on_commit() {
  const auto& model = cluster_.etcd().model();
  if (const auto* config = model.find(cluster_.key("config"))) {
    if (auto document = parse_json(config->value); document && document->is_object()) {
      const json::value* pause = document->get_object().if_contains("pause");
      pause_changed(pause != nullptr && pause->is_bool() && pause->get_bool());
    }
  }
  note_forced();
  const SyncState promise = sync_state();
  const auto* sync = model.find(cluster_.key("sync"));
  const bool of_backup = sync != nullptr && sync_of_backup_ == sync->mod_revision;
  const bool unpromised = promise.empty() || of_backup;
  if (unpromised) promised_by_.clear();
  promised_by_.insert(promise.leader);
  if (unpromised || unpromised_) unpromised_at_ = cluster_.world().now();
  unpromised_ = unpromised;
  const auto* leader = model.find(cluster_.key("leader"));
  const std::int64_t generation = leader != nullptr ? leader->create_revision : 0;
  const bool held = !locks_.empty() && locks_.back().until == kSimNever;
  const bool same =
      held && leader != nullptr && locks_.back().create_revision == generation && locks_.back().holder == leader->value;
  // A primary that leads the set may come back by it, however it was made leader once.
  if (same && promise.leader == leader->value) {
    for (int m = 0; m < cluster_.member_count(); ++m) {
      const bool leads = cluster_.name_of(m) == leader->value && cluster_.postgres(m).writable();
      if (leads) locks_.back().eligible = sync_members();
    }
  }
  if (same || (!held && leader == nullptr)) return;
  ++counts_.lock_changes;
  if (held) {
    locks_.back().until = cluster_.world().now();
    check_freed(locks_.back());
  }
  if (leader == nullptr) return;
  cluster_.world().trace("checker", "lock of {} begins", leader->value);
  for (auto& [id, record] : epochs_) {
    const bool covered =
        cluster_.name_of(record.member) == leader->value && cluster_.postgres(record.member).writable();
    if (!covered) continue;
    if (record.intruder) check_losses(cluster_.postgres(record.member));
    record.intruder.reset();
    if (betrayed_lately()) record.restored = cluster_.world().now();
  }
  locks_.push_back(
      {leader->value, generation, cluster_.world().now(), kSimNever, published_position(), sync_members()});
}

// S3: when the store frees the lock nobody who held it is able to acknowledge a commit.
void Checkers::check_freed(const LockRecord& lock) {
  ++counts_.locks_freed;
  for (int m = 0; m < cluster_.member_count(); ++m) {
    if (cluster_.name_of(m) != lock.holder || !cluster_.postgres(m).writable()) continue;
    note_believed_pause(m);
    if (has_consent(m)) {
      ++counts_.freed_with_consent;
      continue;
    }
    if (excuse(m) || betrayed_lately()) continue;
    report("S3", fmt::format("the lock of {} was freed while its PostgreSQL accepts writes", lock.holder));
  }
}

void Checkers::on_writable(SimPostgres& server, const WritableEpoch& epoch) {
  EpochRecord record;
  record.epoch = epoch;
  record.member = cluster_.member_on(server.host());
  note_believed_pause(record.member);
  if (current_holder() != server.member()) record.intruder = excuse(record.member);
  ++(epoch.promoted ? counts_.promotions : counts_.starts_as_primary);
  check_lock(record, server);
  if (epoch.promoted) check_position(record, server);
  // One that a thawed host makes writable beside the leader loses nothing, unless it comes to lead.
  if (!record.intruder) check_losses(server);
  epochs_.emplace(epoch.id, std::move(record));
}

// S2: writable only under a lock of its own.
void Checkers::check_lock(const EpochRecord& record, const SimPostgres& server) {
  const SimTime now = cluster_.world().now();
  for (const auto& lock : locks_) {
    if (lock.holder == server.member() && (lock.until == kSimNever || now - lock.until < kLockTail)) return;
  }
  const bool bootstrapping = epochs_.empty() || cluster_.etcd().model().find(cluster_.key("config")) == nullptr;
  if (bootstrapping || excuse(record.member) || betrayed_lately()) return;
  report("S2", fmt::format("{} became writable without a lock of its own (holder: \"{}\")", server.member(),
                           current_holder()));
}

// S5: never promoted by itself while missing more than the policy allows.
void Checkers::check_position(const EpochRecord& record, SimPostgres& server) {
  if (paused_lately() || forced_lately(record.member) || betrayed_lately()) return;
  const LockRecord* mine = nullptr;
  for (const auto& lock : locks_) {
    if (lock.holder == server.member()) mine = &lock;
  }
  if (mine == nullptr) return;
  if (!mine->eligible.empty()) {
    if (std::find(mine->eligible.begin(), mine->eligible.end(), server.member()) == mine->eligible.end()) {
      report("S5", fmt::format("{} was promoted although /sync did not name it", server.member()));
    }
    return;
  }
  const auto* limit = cluster_.options().dynamic.if_contains("maximum_lag_on_failover");
  const auto allowed = limit != nullptr ? static_cast<std::uint64_t>(limit->get_int64()) : 1048576;
  const Lsn at = server.directory().content.end();
  if (lag_bytes(mine->published, at) > allowed) {
    report("S5", fmt::format("{} was promoted at {}, {} bytes behind the published {}", server.member(), to_string(at),
                             lag_bytes(mine->published, at), to_string(mine->published)));
  }
}

// Which acknowledged commits this new primary lacks. What was lost once is not counted again.
void Checkers::check_losses(SimPostgres& server) {
  const auto& content = server.directory().content;
  const Lsn published = locks_.empty() ? Lsn{} : locks_.back().published;
  for (auto& [id, record] : epochs_) {
    Lsn kept;
    for (const auto& piece : content.pieces()) {
      if (piece.origin == record.epoch.origin) kept = std::max(kept, piece.to);
    }
    if (kept >= record.lost_from) continue;
    const auto first = std::upper_bound(record.commits.begin(), record.commits.end(), kept,
                                        [](Lsn at, const Commit& c) { return at < c.lsn; });
    const bool by_force = paused_lately() || forced_lately(cluster_.member_on(server.host())) || betrayed_lately();
    for (auto it = first; it != record.commits.end() && it->lsn < record.lost_from; ++it) {
      ++counts_.lost_commits;
      // In synchronous mode every acknowledged commit counts, also one that waited for nobody: then /sync may name
      // nobody but its primary. One that waited counts as long as /sync was there ever since.
      // A primary that no /sync has named since promises nothing: the mode came on while it stood alone.
      const bool promised =
          !unpromised_ && unpromised_at_ < it->acknowledged && promised_by_.contains(cluster_.name_of(record.member));
      if (promised && !by_force) {
        report("S4", fmt::format("{} lacks commit {} at {} of {}, acknowledged at {:.3f} s in synchronous mode",
                                 server.member(), it->id, to_string(it->lsn), cluster_.name_of(record.member),
                                 to_seconds(it->acknowledged)));
      } else if (!by_force && it->lsn.bytes + 1048576 < published.bytes && !excuse(record.member)) {
        report("S5", fmt::format("{} lacks commit {} at {}, more than the allowed loss before the published {}",
                                 server.member(), it->id, to_string(it->lsn), to_string(published)));
      }
    }
    if (first != record.commits.end()) record.lost_from = std::min(record.lost_from, first->lsn);
  }
}

void Checkers::on_acknowledged(SimPostgres& server, const Commit& commit) {
  ++counts_.acknowledged;
  if (commit.synchronous) ++counts_.synchronous_commits;
  auto own = epochs_.find(commit.epoch);
  if (own == epochs_.end()) return;
  note_believed_pause(own->second.member);
  cluster_.world().mix(commit.lsn.bytes);
  if (own->second.intruder) {
    ++counts_.overlaps_excused;
    Duration& longest = counts_.longest_overlap[*own->second.intruder];
    longest = std::max(longest, commit.acknowledged - own->second.epoch.began);
    return;
  }
  // S1: a newer primary left recovery before this acknowledgement.
  for (auto it = std::next(own); it != epochs_.end(); ++it) {
    if (it->second.epoch.host == server.host() || it->second.intruder) continue;
    if (own->second.restored > SimTime{0} && it->second.epoch.began < own->second.restored + kUnderWay) continue;
    const Duration overlap = commit.acknowledged - it->second.epoch.began;
    if (auto why = excuse(own->second.member)) {
      ++counts_.overlaps_excused;
      counts_.longest_overlap[*why] = std::max(counts_.longest_overlap[*why], overlap);
    } else {
      report("S1", fmt::format("{} acknowledged a commit {:.3f} s after {} had become writable", server.member(),
                               to_seconds(overlap), cluster_.name_of(it->second.member)));
    }
    return;  // its loss is the overlap's, not the election's
  }
  own->second.commits.push_back(commit);
}

// S6, S7: nothing is destroyed unless another proven holder has the data, or an operator said so.
void Checkers::on_destroyed(SimPostgres& server, Destroyed what) {
  ++counts_.destroyed;
  static constexpr std::string_view kNames[]{"removed", "moved aside", "rewound", "recovered in single-user mode",
                                             "overwritten"};
  const int member = cluster_.member_on(server.host());
  cluster_.world().trace(server.member(), "data directory is being {}", kNames[static_cast<std::size_t>(what)]);
  if (forced_lately(member)) return;
  const SimTime now = cluster_.world().now();
  for (const auto& lock : locks_) {
    if (lock.holder != server.member() && (lock.until == kSimNever || now - lock.until < kReaction)) return;
  }
  if (epochs_.empty() || cluster_.etcd().model().find(cluster_.key("config")) == nullptr)
    return;  // bootstrap that failed
  report("S7", fmt::format("the data directory of {} is being {} although nobody else holds the lock", server.member(),
                           kNames[static_cast<std::size_t>(what)]));
}

void Checkers::look() {
  for (int m = 0; m < cluster_.member_count(); ++m) {
    SimPostgres& server = cluster_.postgres(m);
    if (server.writable() && has_consent(m)) ++counts_.under_consent;
    if (!server.streaming() || !server.in_recovery()) continue;
    SimPostgres* up = cluster_.fleet().at_host(server.upstream());
    ++counts_.streams_compared;
    if (server.directory().content.prefix_of(up->directory().content)) continue;
    if (up->directory().content.common_with(server.directory().content) == up->directory().content.end()) continue;
    report("S7", fmt::format("{} streams from {} although their histories differ from {} on", server.member(),
                             up->member(), to_string(server.directory().content.common_with(up->directory().content))));
  }
}

std::optional<std::string> Checkers::why_not_synchronous() const {
  const auto* config = cluster_.etcd().model().find(cluster_.key("config"));
  auto document = config != nullptr ? parse_json(config->value) : Result<json::value>(json::value(nullptr));
  if (!document || !document->is_object()) return std::nullopt;
  const json::object& dynamic = document->get_object();
  const json::value* mode = dynamic.if_contains("synchronous_mode");
  const json::value* count = dynamic.if_contains("synchronous_node_count");
  const SyncState sync = sync_state();
  if (mode == nullptr || (mode->is_bool() && !mode->get_bool())) {
    if (sync.empty()) return std::nullopt;
    return "synchronous mode is off, but /sync is still there";
  }
  const bool quorum = mode->is_string();
  const int others = cluster_.member_count() - 1;
  const int wanted = std::min(count != nullptr ? static_cast<int>(count->get_int64()) : 1, others);
  const int listed = static_cast<int>(sync.standbys.size());
  const bool right = quorum ? listed == others && sync.quorum == others - wanted : listed == wanted && sync.quorum == 0;
  if (right && sync.leader == current_holder()) return std::nullopt;
  return fmt::format("/sync of {} lists {} standbys with quorum {}; {} of {} are wanted", sync.leader, listed,
                     sync.quorum, wanted, others);
}

}  // namespace tamada::sim
