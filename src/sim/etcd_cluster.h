// A simulated etcd cluster behind its HTTP gateway: several nodes, one log, a leader that keeps the leases, watch
// streams. What it does wrong on purpose is what real clusters were measured to do (safety.md, M1-M3) and what its
// documentation allows: stale leaders that answer keepalives, early revocation, leases extended by a leader change,
// requests that take effect after the client gave up, lost answers, lagging followers, dead watches, restored backups.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/http.h"
#include "sim/etcd_gateway.h"
#include "sim/etcd_model.h"
#include "sim/process.h"
#include "sim/world.h"

namespace tamada::sim {

// The client's end of a watch stream.
struct EtcdStreamBuffer {
  explicit EtcdStreamBuffer(SimWorld& world) : arrived(world) {}
  std::string data;
  bool ended = false;
  std::optional<Error> error;
  SimSignal arrived;
};

// Faults that are on for a while; the nemesis sets them.
struct EtcdFaults {
  int lost_answer_permille = 0;   // applied, but the client never hears of it
  int late_request_permille = 0;  // held up by seconds before it takes effect
  Duration late_by_at_most{0};
  int early_revoke_permille = 0;  // of an ex-leader that wakes up, for each lease it believes expired
  std::int64_t extra_ttl = 0;     // the granted time exceeds the request
  bool mute_watches = false;      // streams deliver nothing and tell nothing
};

class SimEtcd {
 public:
  using Reply = std::function<void(Result<HttpResponse>)>;

  SimEtcd(SimWorld& world, std::vector<int> hosts);

  int node_count() const { return static_cast<int>(nodes_.size()); }
  int node_host(int node) const { return nodes_[static_cast<std::size_t>(node)].host; }
  // The node that serves `url`, -1 for another machine.
  int node_of(std::string_view url) const;
  std::string url_of(int node) const;

  // A request on its way from `client` (a host). The reply happens on that host; it may never happen.
  void request(int client, int node, HttpRequest request, Reply reply);
  // A watch; the stream's first bytes are the answer. The reply says whether it could be opened.
  void open(int client, int node, HttpRequest request, std::shared_ptr<EtcdStreamBuffer> buffer,
            std::function<void(Result<void>)> opened);

  EtcdFaults& faults() { return faults_; }
  void stop_node(int node);  // the process dies; connections break
  void start_node(int node);
  void stall_node(int node);  // SIGSTOP
  void resume_node(int node);
  void hang_disk(int node, bool hung);  // a leader with a hung disk goes on answering keepalives (M1)
  void set_apply_lag(int node, Duration lag) { nodes_[static_cast<std::size_t>(node)].apply_lag = lag; }
  void force_leader_change();
  void break_streams();
  void compact();
  void take_snapshot();
  // Restores the snapshot, under another cluster id or, like a rolled back disk, under the same.
  void restore_snapshot(bool new_cluster_id);
  void revoke_leases_of(const std::string& key);
  void require_login(std::string user, std::string password);
  void forget_tokens() { ++token_generation_; }
  // To be called after links or nodes changed.
  void on_topology_change();

  // What is really there, for checkers.
  const etcd::Model& model() const { return model_; }
  int leader() const { return leader_; }
  bool leader_works() const;
  std::uint64_t cluster_id() const { return cluster_id_; }
  // Called after every committed change.
  void set_on_commit(std::function<void()> on_commit) { on_commit_ = std::move(on_commit); }

 private:
  struct Node {
    int host = 0;
    bool running = true;
    bool stalled = false;
    bool disk_hung = false;
    std::uint64_t member_id = 0;
    std::int64_t applied = 1;
    Duration apply_lag{0};
    int known_leader = -1;
    SimTime stalled_since{0};
    std::vector<std::function<void()>> inbox;      // while stalled
    std::map<std::int64_t, SimTime> stale_leases;  // as this former leader sees them
  };
  struct Lease {
    std::int64_t ttl = 0;
    SimTime expires{0};
  };
  struct Parked {  // waits for a leader with a majority
    std::uint64_t id;
    int node;
    SimTime until;
    bool write;
    std::int64_t term;
    std::function<void()> run;
    std::function<void()> time_out;
  };
  struct Watcher {
    std::uint64_t id;
    int node;
    int client;
    std::string key;
    std::string range_end;
    std::int64_t next_revision = 0;
    std::weak_ptr<EtcdStreamBuffer> buffer;
    std::string outbox;
    SimTime last_delivery{0};
    std::optional<SimTime> cut_since;
    bool pumping = false;
    bool muted = false;
    bool closing = false;
  };

  Node& node(int n) { return nodes_[static_cast<std::size_t>(n)]; }
  const Node& node(int n) const { return nodes_[static_cast<std::size_t>(n)]; }
  bool works(int n) const { return node(n).running && !node(n).stalled && !node(n).disk_hung; }
  bool has_majority(int n) const;
  void elect();
  void become_leader(int n);
  void restart_leases();
  void schedule_election();
  void depose_later(int n);

  void arrive(int client, int n, const HttpRequest& request, Reply reply);
  void handle(int client, int n, const HttpRequest& request, Reply reply);
  void handle_range(int n, const json::object& body, Reply reply);
  void handle_write(int n, std::string path, json::object body, Reply reply);
  HttpResponse execute_write(int n, const std::string& path, const json::object& body);
  HttpResponse execute_txn(int n, const json::object& body);
  HttpResponse execute_grant(int n, const json::object& body);
  HttpResponse execute_revoke(int n, const json::object& body);
  void handle_keepalive(int n, const json::object& body, Reply reply);
  HttpResponse time_to_live(int n, const json::object& body) const;
  HttpResponse member_list(int n) const;
  HttpResponse authenticate(const json::object& body) const;
  bool authorized(const HttpRequest& request) const;
  // Runs `run` once a leader with a majority can be reached from node `n`; `time_out` after the server's own limit.
  void with_leader(int n, bool write, std::function<void()> run, std::function<void()> time_out);
  void retry_parked();
  etcd::Header header(int n, std::int64_t revision) const;
  void committed();
  void apply_on(int n);

  void watch_lease(std::int64_t id);
  void check_lease(std::int64_t id, SimTime expected);

  void feed_watchers(int n);
  void pump(Watcher& watcher);
  void note_cut(Watcher& watcher);
  void fail_watchers(int n);
  void create_watch(int n, int client, const json::object& body, std::shared_ptr<EtcdStreamBuffer> buffer);

  SimWorld& world_;
  std::vector<Node> nodes_;
  etcd::Model model_;
  std::map<std::int64_t, Lease> leases_;
  int leader_ = 0;
  std::int64_t term_ = 2;
  std::uint64_t election_ = 0;
  std::uint64_t cluster_id_;
  EtcdFaults faults_;
  std::list<Parked> parked_;
  std::list<Watcher> watchers_;
  std::uint64_t next_id_ = 1;
  std::optional<etcd::Model> snapshot_;
  std::map<std::int64_t, Lease> snapshot_leases_;
  std::string user_;
  std::string password_;
  int token_generation_ = 1;
  std::function<void()> on_commit_;
};

}  // namespace tamada::sim
