// A whole simulated cluster: store nodes, hosts with PostgreSQL, and on each host a daemon made of the real engine,
// procedures, core and etcd client over simulated ports.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "sim/client.h"
#include "sim/daemon_ports.h"
#include "sim/etcd_cluster.h"
#include "sim/peers.h"
#include "sim/postgres.h"

namespace tamada::sim {

struct ClusterOptions {
  int members = 3;
  int store_nodes = 3;
  json::object dynamic;  // bootstrap.dcs
  std::string watchdog_mode = "off";
  bool watchdog_device = false;
};
// Settings that differ from seed to seed.
ClusterOptions random_options(Prng& random);

// What weakens the promises about a member now; checkers ask it (docs/simulation.md).
struct Impairment {
  bool daemon_down = false;
  bool daemon_frozen = false;
  bool host_frozen = false;
  bool machine_paused = false;
  bool clock_off = false;           // beyond the allowance
  SimTime until = Duration::min();  // when the last of them ended
  std::string last;                 // its name
  // What a machine was paused for, its clock takes for validity of the lock: up to the ttl (safety.md 7).
  SimTime machine_resumed = Duration::min();
  bool now() const { return daemon_down || daemon_frozen || host_frozen || machine_paused || clock_off; }
};

class SimCluster final : private KillSwitch {
 public:
  SimCluster(std::uint64_t seed, ClusterOptions options);
  ~SimCluster() override;

  SimWorld& world() { return world_; }
  SimEtcd& etcd() { return *etcd_; }
  PostgresFleet& fleet() { return fleet_; }
  const ClusterOptions& options() const { return options_; }
  int member_count() const { return static_cast<int>(members_.size()); }
  const std::string& name_of(int member) const { return members_[static_cast<std::size_t>(member)]->name; }
  int host_of(int member) const { return members_[static_cast<std::size_t>(member)]->host; }
  const SimDisk& disk(int member) const { return members_[static_cast<std::size_t>(member)]->disk; }
  SimPostgres& postgres(int member) { return *members_[static_cast<std::size_t>(member)]->postgres; }
  Impairment& impairment(int member) { return members_[static_cast<std::size_t>(member)]->impairment; }
  int member_on(int host) const;
  std::string key(std::string_view name) const { return "/service/sim/" + std::string(name); }

  bool daemon_runs(int member) const { return members_[static_cast<std::size_t>(member)]->process != nullptr; }
  bool host_up(int member) const { return members_[static_cast<std::size_t>(member)]->host_up; }
  std::shared_ptr<const Snapshot> snapshot(int member) const;
  void start_daemon(int member);
  void kill_daemon(int member);
  void kill_at_call(int member, int calls) { members_[static_cast<std::size_t>(member)]->calls_to_live = calls; }
  void freeze_daemon(int member, bool frozen);
  void freeze_host(int member, bool clock_stops);
  void thaw_host(int member);
  void lose_host(int member);
  void return_host(int member);
  void set_clock_rate(int member, std::int64_t ppm_off);
  void network_changed();
  // The service manager starts a daemon that ended again, but not before `not_before`.
  void hold_daemon(int member, SimTime not_before) {
    members_[static_cast<std::size_t>(member)]->not_before = not_before;
  }
  void submit(int member, OperatorRequest request, std::function<void(OperatorReply)> done);

  // Every fault undone, every host and daemon up.
  void heal();

  const std::set<std::string>& rules_seen() const { return rules_seen_; }
  // Daemons that ended by themselves: member, code, last status.
  struct Exit {
    SimTime at;
    int member;
    int code;
    std::string status;
  };
  const std::vector<Exit>& exits() const { return exits_; }

 private:
  struct Daemon;
  struct MemberState {
    int index = 0;
    std::string name;
    int host = -1;
    bool host_up = true;
    SimPostgres* postgres = nullptr;
    SimDisk disk;
    WatchdogDevice watchdog;
    std::unique_ptr<SimProcess> process;
    Daemon* daemon = nullptr;  // lives in the process
    std::uint64_t daemon_runs = 0;
    int calls_to_live = 0;
    SimTime not_before{0};
    std::unique_ptr<SimClient> client;
    Impairment impairment;
    const Snapshot* last_snapshot = nullptr;
  };
  class TraceSink;

  MemberState& member(int m) { return *members_[static_cast<std::size_t>(m)]; }
  bool strikes(SimProcess& process, std::string_view call, CallPhase phase) override;
  json::object local_document(const MemberState& m) const;
  void ended(int m, std::uint64_t run, int code);
  void bring_back_later(int m);
  void note_decision(MemberState& m);
  void impaired(int m, bool Impairment::* what, bool on, std::string name);

  SimWorld world_;
  ClusterOptions options_;
  std::unique_ptr<SimEtcd> etcd_;
  PostgresFleet fleet_;
  DaemonDirectory directory_;
  std::vector<std::unique_ptr<TraceSink>> sinks_;
  std::vector<std::unique_ptr<MemberState>> members_;
  std::set<std::string> rules_seen_;
  std::vector<Exit> exits_;
  bool closing_ = false;
};

}  // namespace tamada::sim
