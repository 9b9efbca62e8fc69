// Membership, elections and leases. Requests are in etcd_requests.cc, streams in etcd_watch.cc.
#include "sim/etcd_cluster.h"

#include <algorithm>

namespace tamada::sim {

namespace {
constexpr Duration kElectionFastest = 1000ms;
constexpr Duration kElectionSlowest = 2000ms;
constexpr Duration kRevokeScan = 500ms;  // etcd looks for expired leases twice a second
}  // namespace

SimEtcd::SimEtcd(SimWorld& world, std::vector<int> hosts) : world_(world), cluster_id_(world.random().next() | 1) {
  for (int host : hosts) {
    Node n;
    n.host = host;
    n.member_id = world.random().next() | 1;
    n.known_leader = 0;
    nodes_.push_back(std::move(n));
  }
}

std::string SimEtcd::url_of(int n) const {
  return "http://" + world_.host(node(n).host).name + ":2379";
}

int SimEtcd::node_of(std::string_view url) const {
  for (int n = 0; n < node_count(); ++n) {
    const std::string base = url_of(n);
    if (url.substr(0, base.size()) == base && (url.size() == base.size() || url[base.size()] == '/')) return n;
  }
  return -1;
}

bool SimEtcd::has_majority(int n) const {
  if (!works(n)) return false;
  int count = 0;
  for (int m = 0; m < node_count(); ++m) {
    if (m == n || (works(m) && world_.network().connected(node(n).host, node(m).host))) ++count;
  }
  return count * 2 > node_count();
}

bool SimEtcd::leader_works() const {
  return leader_ >= 0 && has_majority(leader_);
}

void SimEtcd::on_topology_change() {
  if (!leader_works()) schedule_election();
  for (int n = 0; n < node_count(); ++n) apply_on(n);
  for (auto& watcher : watchers_) {
    note_cut(watcher);
    pump(watcher);
  }
  retry_parked();
}

void SimEtcd::schedule_election() {
  const std::uint64_t mine = ++election_;
  world_.after(world_.random().between(kElectionFastest, kElectionSlowest), -1, [this, mine] {
    if (mine == election_) elect();
  });
}

void SimEtcd::elect() {
  if (leader_works()) return;
  std::vector<int> candidates;
  for (int n = 0; n < node_count(); ++n) {
    if (has_majority(n)) candidates.push_back(n);
  }
  if (candidates.empty()) {
    leader_ = -1;
    for (int n = 0; n < node_count(); ++n) depose_later(n);
    return;
  }
  become_leader(candidates[world_.random().below(candidates.size())]);
}

// A new leader does not know how old the leases are: each starts again (M3).
void SimEtcd::restart_leases() {
  for (auto& [id, lease] : leases_) {
    lease.expires = world_.now() + std::chrono::seconds(lease.ttl);
    watch_lease(id);
  }
}

void SimEtcd::become_leader(int n) {
  ++term_;
  world_.trace("etcd", "node {} leads in term {}", n, term_);
  if (leader_ >= 0 && leader_ != n) {
    // The old leader goes on with the leases as it saw them last.
    auto& stale = node(leader_).stale_leases;
    stale.clear();
    for (const auto& [id, lease] : leases_) stale[id] = lease.expires;
  }
  leader_ = n;
  for (int m = 0; m < node_count(); ++m) {
    if (m == n || (works(m) && world_.network().connected(node(n).host, node(m).host))) {
      node(m).known_leader = n;
    } else {
      depose_later(m);
    }
  }
  restart_leases();
  for (int m = 0; m < node_count(); ++m) apply_on(m);
  retry_parked();
}

// A node that lost its leader notices after an election time-out; a leader whose disk hangs does not (M1).
void SimEtcd::depose_later(int n) {
  const int believed = node(n).known_leader;
  world_.after(world_.random().between(kElectionFastest, kElectionSlowest), -1, [this, n, believed] {
    Node& me = node(n);
    if (me.known_leader != believed || me.known_leader == leader_) return;
    if (me.disk_hung && believed == n) return;
    me.known_leader = -1;
  });
}

void SimEtcd::stop_node(int n) {
  node(n).running = false;
  node(n).inbox.clear();
  fail_watchers(n);
  on_topology_change();
}

void SimEtcd::start_node(int n) {
  node(n).running = true;
  node(n).stalled = false;
  node(n).disk_hung = false;
  node(n).known_leader = leader_works() ? leader_ : -1;
  node(n).stale_leases.clear();
  on_topology_change();
}

void SimEtcd::stall_node(int n) {
  if (node(n).stalled) return;
  node(n).stalled = true;
  node(n).stalled_since = world_.now();
  on_topology_change();
}

void SimEtcd::resume_node(int n) {
  Node& me = node(n);
  if (!me.stalled) return;
  me.stalled = false;
  if (me.known_leader == n && leader_ != n) {
    // It still believes to lead: leases that expired in its eyes may be revoked although they were renewed (M2).
    for (const auto& [id, expires] : me.stale_leases) {
      if (expires > world_.now() || !leases_.contains(id)) continue;
      if (world_.random().permille(static_cast<std::uint64_t>(faults_.early_revoke_permille))) {
        world_.trace("etcd", "node {} revokes lease {} early", n, id);
        leases_.erase(id);
        if (model_.revoke(id)) committed();
      }
    }
  }
  me.known_leader = leader_works() ? leader_ : -1;
  auto inbox = std::exchange(me.inbox, {});
  on_topology_change();
  for (auto& work : inbox) work();
}

void SimEtcd::hang_disk(int n, bool hung) {
  node(n).disk_hung = hung;
  if (!hung && leader_works()) node(n).known_leader = leader_;
  on_topology_change();
}

void SimEtcd::force_leader_change() {
  if (!leader_works()) return;
  std::vector<int> others;
  for (int n = 0; n < node_count(); ++n) {
    if (n != leader_ && has_majority(n)) others.push_back(n);
  }
  if (!others.empty()) become_leader(others[world_.random().below(others.size())]);
}

void SimEtcd::compact() {
  model_.compact(model_.revision() > 5 ? model_.revision() - 5 : 0);
}

void SimEtcd::take_snapshot() {
  snapshot_ = model_;
  snapshot_leases_ = leases_;
}

void SimEtcd::restore_snapshot(bool new_cluster_id) {
  if (!snapshot_) return;
  world_.trace("etcd", "restored to revision {}", snapshot_->revision());
  model_ = *snapshot_;
  leases_ = snapshot_leases_;
  if (new_cluster_id) cluster_id_ = world_.random().next() | 1;
  parked_.clear();
  for (int n = 0; n < node_count(); ++n) {
    fail_watchers(n);
    node(n).applied = model_.revision();
    node(n).stale_leases.clear();
  }
  if (leader_works()) {
    become_leader(leader_);
  } else {
    restart_leases();
  }
  if (on_commit_) on_commit_();
}

void SimEtcd::revoke_leases_of(const std::string& key) {
  const etcd::KeyValue* kv = model_.find(key);
  if (kv == nullptr || kv->lease == 0 || !leader_works()) return;
  world_.trace("etcd", "lease of {} revoked early", key);
  const std::int64_t lease = kv->lease;
  leases_.erase(lease);
  if (model_.revoke(lease)) committed();
}

void SimEtcd::require_login(std::string user, std::string password) {
  user_ = std::move(user);
  password_ = std::move(password);
}

void SimEtcd::watch_lease(std::int64_t id) {
  const SimTime expires = leases_.at(id).expires;
  world_.at(expires + world_.random().between(Duration(0), kRevokeScan), -1,
            [this, id, expires] { check_lease(id, expires); });
}

void SimEtcd::check_lease(std::int64_t id, SimTime expected) {
  auto found = leases_.find(id);
  if (found == leases_.end() || found->second.expires != expected) return;
  if (!leader_works()) {
    world_.after(kRevokeScan, -1, [this, id, expected] { check_lease(id, expected); });
    return;
  }
  world_.trace("etcd", "lease {} expired", id);
  leases_.erase(found);
  if (model_.revoke(id)) committed();
}

void SimEtcd::committed() {
  world_.mix(static_cast<std::uint64_t>(model_.revision()));
  for (int n = 0; n < node_count(); ++n) apply_on(n);
  if (on_commit_) on_commit_();
}

void SimEtcd::apply_on(int n) {
  if (leader_ < 0 || !works(n)) return;
  if (n == leader_) {
    node(n).applied = model_.revision();
    feed_watchers(n);
    return;
  }
  if (!world_.network().connected(node(leader_).host, node(n).host) || node(n).applied == model_.revision()) return;
  const std::int64_t revision = model_.revision();
  const Duration delay = world_.network().delay(node(leader_).host, node(n).host, world_.random()) + node(n).apply_lag;
  world_.after(delay, -1, [this, n, revision] {
    if (!works(n) || revision > model_.revision()) return;
    node(n).applied = std::max(node(n).applied, revision);
    feed_watchers(n);
  });
}

}  // namespace tamada::sim
