// What can happen to the hosts and processes of a simulated cluster.
#include "sim/cluster.h"

namespace tamada::sim {

namespace {
constexpr std::int64_t kPromisedPpm = 9000;  // two clocks may differ by 1 % of ttl; a little less is what is promised
}

void SimCluster::impaired(int i, bool Impairment::* what, bool on, std::string name) {
  Impairment& im = member(i).impairment;
  if (im.*what == on) return;
  im.*what = on;
  im.last = std::move(name);
  if (!on) im.until = world_.now();
  if (!on && what == &Impairment::machine_paused) im.machine_resumed = world_.now();
}

void SimCluster::network_changed() {
  etcd_->on_topology_change();
  for (auto& server : fleet_.servers) server->on_network_change();
}

void SimCluster::freeze_daemon(int i, bool frozen) {
  MemberState& m = member(i);
  if (m.process == nullptr || m.process->frozen() == frozen) return;
  world_.trace(m.name, "daemon {}", frozen ? "stopped" : "continued");
  impaired(i, &Impairment::daemon_frozen, frozen, "daemon frozen");
  if (frozen) {
    m.process->freeze();
  } else {
    m.process->thaw();
  }
}

void SimCluster::freeze_host(int i, bool clock_stops) {
  MemberState& m = member(i);
  if (!m.host_up || world_.host(m.host).frozen) return;
  world_.trace(m.name, "host frozen{}", clock_stops ? ", its clocks too" : "");
  impaired(i, clock_stops ? &Impairment::machine_paused : &Impairment::host_frozen, true,
           clock_stops ? "machine paused" : "host frozen");
  world_.freeze(m.host, clock_stops);
}

void SimCluster::thaw_host(int i) {
  MemberState& m = member(i);
  if (!m.host_up || !world_.host(m.host).frozen) return;
  world_.trace(m.name, "host goes on");
  impaired(i, &Impairment::machine_paused, false, "machine paused");
  impaired(i, &Impairment::host_frozen, false, "host frozen");
  world_.thaw(m.host);
}

void SimCluster::lose_host(int i) {
  MemberState& m = member(i);
  if (!m.host_up) return;
  world_.trace(m.name, "host lost");
  kill_daemon(i);
  m.postgres->power_lost();
  m.host_up = false;
  m.watchdog.armed = false;
  ++m.watchdog.generation;
  m.calls_to_live = 0;
  world_.power_cycle(m.host);
  impaired(i, &Impairment::machine_paused, false, "machine paused");
  impaired(i, &Impairment::host_frozen, false, "host frozen");
  for (int other = 0; other < world_.host_count(); ++other) {
    if (other == m.host) continue;
    world_.network().cut(m.host, other);
    world_.network().cut(other, m.host);
  }
  network_changed();
}

void SimCluster::return_host(int i) {
  MemberState& m = member(i);
  if (m.host_up) return;
  world_.trace(m.name, "host is back");
  m.host_up = true;
  for (int other = 0; other < world_.host_count(); ++other) {
    if (other == m.host) continue;
    world_.network().mend(m.host, other);
    world_.network().mend(other, m.host);
  }
  network_changed();
  bring_back_later(i);
}

void SimCluster::set_clock_rate(int i, std::int64_t ppm_off) {
  MemberState& m = member(i);
  world_.change_clock(m.host, [ppm_off](SimHost& h) { h.rate_ppm = 1000000 + ppm_off; });
  impaired(i, &Impairment::clock_off, ppm_off > kPromisedPpm || ppm_off < -kPromisedPpm, "clock rate");
}

void SimCluster::heal() {
  world_.trace("nemesis", "all faults end");
  for (int i = 0; i < member_count(); ++i) {
    member(i).calls_to_live = 0;
    member(i).not_before = world_.now();
    postgres(i).set_faults({});
    return_host(i);
    thaw_host(i);
    freeze_daemon(i, false);
    set_clock_rate(i, 0);
    bring_back_later(i);
  }
  world_.network().heal_all();
  etcd_->faults() = {};
  for (int n = 0; n < etcd_->node_count(); ++n) {
    etcd_->resume_node(n);
    etcd_->hang_disk(n, false);
    etcd_->set_apply_lag(n, Duration(0));
    etcd_->start_node(n);
  }
  network_changed();
}

}  // namespace tamada::sim
