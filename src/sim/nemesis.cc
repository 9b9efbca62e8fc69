#include "sim/nemesis.h"

#include <algorithm>

namespace tamada::sim {

namespace {
constexpr Duration kSoonest = 2s;
}

void Nemesis::schedule(const std::vector<int>& only) {
  for (const auto& step : steps_) {
    if (!only.empty() && std::find(only.begin(), only.end(), step.id) == only.end()) continue;
    auto mine = std::make_shared<FaultStep>(step);
    cluster_.world().at(step.at, -1, [this, mine] {
      if (stopped_) return;
      if (mine->at_leader && leader() >= 0) mine->a = leader();
      cluster_.world().trace("nemesis", "begin {}", mine->one_line());
      ++begun_;
      begin(*mine);
    });
    cluster_.world().at(step.at + step.lasts, -1, [this, mine] {
      if (stopped_) return;
      cluster_.world().trace("nemesis", "end {}", mine->one_line());
      end(*mine);
    });
  }
}

void Nemesis::begin(const FaultStep& step) {
  if (begin_network(step) || begin_process(step) || begin_store(step) || set_postgres(step, true)) return;
  ask(step);
}

void Nemesis::end(const FaultStep& step) {
  if (end_network(step) || end_process(step) || end_store(step) || set_postgres(step, false)) return;
  if (step.kind == FaultKind::AskPause) write_config(any_daemon(step.a), "pause", false);
}

int Nemesis::any_daemon(int first) const {
  for (int i = 0; i < cluster_.member_count(); ++i) {
    const int m = (first + i) % cluster_.member_count();
    if (cluster_.daemon_runs(m)) return m;
  }
  return -1;
}

int Nemesis::leader() const {
  const auto* key = cluster_.etcd().model().find(cluster_.key("leader"));
  for (int m = 0; key != nullptr && m < cluster_.member_count(); ++m) {
    if (cluster_.name_of(m) == key->value) return m;
  }
  return -1;
}

bool Nemesis::begin_network(const FaultStep& s) {
  SimWorld& world = cluster_.world();
  SimNetwork& network = world.network();
  switch (s.kind) {
    case FaultKind::CutBoth:
      network.cut(s.a, s.b);
      network.cut(s.b, s.a);
      break;
    case FaultKind::CutOneWay:
      network.cut(s.a, s.b);
      break;
    case FaultKind::IsolateHost:
      for (int h = 0; h < world.host_count(); ++h) {
        if (h == s.a) continue;
        network.cut(s.a, h);
        network.cut(h, s.a);
      }
      break;
    case FaultKind::CutFromStore:
      for (int n = 0; n < cluster_.etcd().node_count(); ++n) {
        network.cut(cluster_.host_of(s.a), cluster_.etcd().node_host(n));
        network.cut(cluster_.etcd().node_host(n), cluster_.host_of(s.a));
      }
      break;
    case FaultKind::SlowLink:
      network.link(s.a, s.b).extra_delay = std::chrono::milliseconds(s.amount);
      return true;
    case FaultKind::LossyLink:
      network.link(s.a, s.b).loss_permille = network.link(s.b, s.a).loss_permille = static_cast<int>(s.amount);
      return true;
    default:
      return false;
  }
  cluster_.network_changed();
  return true;
}

bool Nemesis::end_network(const FaultStep& s) {
  SimWorld& world = cluster_.world();
  SimNetwork& network = world.network();
  switch (s.kind) {
    case FaultKind::CutBoth:
      network.mend(s.a, s.b);
      network.mend(s.b, s.a);
      break;
    case FaultKind::CutOneWay:
      network.mend(s.a, s.b);
      break;
    case FaultKind::IsolateHost:
      for (int h = 0; h < world.host_count(); ++h) {
        if (h == s.a) continue;
        network.mend(s.a, h);
        network.mend(h, s.a);
      }
      break;
    case FaultKind::CutFromStore:
      for (int n = 0; n < cluster_.etcd().node_count(); ++n) {
        network.mend(cluster_.host_of(s.a), cluster_.etcd().node_host(n));
        network.mend(cluster_.etcd().node_host(n), cluster_.host_of(s.a));
      }
      break;
    case FaultKind::SlowLink:
      network.link(s.a, s.b).extra_delay = Duration(0);
      return true;
    case FaultKind::LossyLink:
      network.link(s.a, s.b).loss_permille = network.link(s.b, s.a).loss_permille = 0;
      return true;
    default:
      return false;
  }
  cluster_.network_changed();
  return true;
}

bool Nemesis::begin_process(const FaultStep& s) {
  const SimTime until = s.at + s.lasts;
  switch (s.kind) {
    case FaultKind::KillDaemon:
      cluster_.hold_daemon(s.a, until);
      cluster_.kill_daemon(s.a);
      return true;
    case FaultKind::KillAtCall:
      cluster_.kill_at_call(s.a, static_cast<int>(s.amount));
      return true;
    case FaultKind::FreezeDaemon:
      cluster_.freeze_daemon(s.a, true);
      return true;
    case FaultKind::KillPostmaster:
      cluster_.postgres(s.a).kill_postmaster(s.amount == 1);
      return true;
    case FaultKind::KillBoth:
      cluster_.hold_daemon(s.a, until);
      cluster_.kill_daemon(s.a);
      cluster_.postgres(s.a).kill_postmaster(false);
      return true;
    case FaultKind::LoseHost:
      cluster_.lose_host(s.a);
      return true;
    case FaultKind::FreezeHost:
      cluster_.freeze_host(s.a, false);
      return true;
    case FaultKind::PauseMachine:
      cluster_.freeze_host(s.a, true);
      return true;
    case FaultKind::ClockRate:
      cluster_.set_clock_rate(s.a, s.amount);
      return true;
    case FaultKind::WallJump:
      cluster_.world().change_clock(cluster_.host_of(s.a),
                                    [&s](SimHost& h) { h.wall_offset += std::chrono::seconds(s.amount); });
      return true;
    default:
      return false;
  }
}

bool Nemesis::end_process(const FaultStep& s) {
  switch (s.kind) {
    case FaultKind::KillDaemon:
    case FaultKind::KillBoth:
      cluster_.start_daemon(s.a);
      return true;
    case FaultKind::FreezeDaemon:
      cluster_.freeze_daemon(s.a, false);
      return true;
    case FaultKind::LoseHost:
      cluster_.return_host(s.a);
      return true;
    case FaultKind::FreezeHost:
    case FaultKind::PauseMachine:
      cluster_.thaw_host(s.a);
      return true;
    case FaultKind::ClockRate:
      cluster_.set_clock_rate(s.a, 0);
      return true;
    case FaultKind::KillAtCall:
    case FaultKind::KillPostmaster:
    case FaultKind::WallJump:
      return true;
    default:
      return false;
  }
}

bool Nemesis::begin_store(const FaultStep& s) {
  SimEtcd& etcd = cluster_.etcd();
  EtcdFaults& faults = etcd.faults();
  switch (s.kind) {
    case FaultKind::StoreStop:
      etcd.stop_node(s.a);
      return true;
    case FaultKind::StoreStall:
      faults.early_revoke_permille = 200;
      etcd.stall_node(s.a);
      return true;
    case FaultKind::StoreHangDisk:
      if (etcd.leader() >= 0) etcd.hang_disk(etcd.leader(), true);
      return true;
    case FaultKind::StoreLeaderChange:
      etcd.force_leader_change();
      return true;
    case FaultKind::StoreRevokeLeader:
      checkers_.store_betrayed();
      etcd.revoke_leases_of(cluster_.key("leader"));
      return true;
    case FaultKind::StoreLostAnswers:
      faults.lost_answer_permille = static_cast<int>(s.amount);
      return true;
    case FaultKind::StoreLateRequests:
      faults.late_request_permille = static_cast<int>(s.amount);
      faults.late_by_at_most = 20s;
      return true;
    case FaultKind::StoreMuteWatches:
      faults.mute_watches = true;
      return true;
    case FaultKind::StoreBreakStreams:
      etcd.break_streams();
      return true;
    case FaultKind::StoreApplyLag:
      etcd.set_apply_lag(s.a, std::chrono::milliseconds(s.amount));
      return true;
    case FaultKind::StoreRestore:
      checkers_.store_betrayed();  // what is lost now is nobody's mistake
      etcd.restore_snapshot(s.amount == 1);
      checkers_.store_restored();
      return true;
    case FaultKind::StoreCompact:
      etcd.compact();
      return true;
    case FaultKind::StoreExtraTtl:
      faults.extra_ttl = s.amount;
      return true;
    case FaultKind::StoreAllDown:
      for (int n = 0; n < etcd.node_count(); ++n) etcd.stop_node(n);
      return true;
    default:
      return false;
  }
}

bool Nemesis::end_store(const FaultStep& s) {
  SimEtcd& etcd = cluster_.etcd();
  EtcdFaults& faults = etcd.faults();
  switch (s.kind) {
    case FaultKind::StoreStop:
      etcd.start_node(s.a);
      return true;
    case FaultKind::StoreStall: {
      const bool may_revoke = etcd.leader() != s.a;
      if (may_revoke) checkers_.store_betrayed();
      etcd.resume_node(s.a);
      return true;
    }
    case FaultKind::StoreHangDisk:
      for (int n = 0; n < etcd.node_count(); ++n) etcd.hang_disk(n, false);
      return true;
    case FaultKind::StoreLostAnswers:
      faults.lost_answer_permille = 0;
      return true;
    case FaultKind::StoreLateRequests:
      faults.late_request_permille = 0;
      return true;
    case FaultKind::StoreMuteWatches:
      faults.mute_watches = false;
      return true;
    case FaultKind::StoreApplyLag:
      etcd.set_apply_lag(s.a, Duration(0));
      return true;
    case FaultKind::StoreExtraTtl:
      faults.extra_ttl = 0;
      return true;
    case FaultKind::StoreAllDown:
      for (int n = 0; n < etcd.node_count(); ++n) etcd.start_node(n);
      return true;
    case FaultKind::StoreLeaderChange:
    case FaultKind::StoreRevokeLeader:
    case FaultKind::StoreBreakStreams:
    case FaultKind::StoreCompact:
      return true;
    case FaultKind::StoreRestore:
      return true;
    default:
      return false;
  }
}

bool Nemesis::set_postgres(const FaultStep& s, bool on) {
  SimPostgres& server = cluster_.postgres(s.a);
  PostgresFaults f = server.faults();
  switch (s.kind) {
    case FaultKind::HangQueries:
      f.hang_queries = on;
      break;
    case FaultKind::HangDisk:
      f.hang_disk = on;
      break;
    case FaultKind::HangStop:
      f.hang_stop = on;
      break;
    case FaultKind::FailStart:
      f.fail_start = on;
      break;
    case FaultKind::FailPromote:
      f.fail_promote = on;
      break;
    case FaultKind::HangPromote:
      f.hang_promote = on;
      break;
    case FaultKind::FailRewind:
      f.fail_rewind = on;
      break;
    case FaultKind::FailClone:
      f.fail_clone = on;
      break;
    case FaultKind::FailScripts:
      f.fail_scripts = on;
      break;
    case FaultKind::StallStream:
      f.stall_stream = on;
      break;
    case FaultKind::SlowPostgres:
      f.slow = on ? static_cast<int>(s.amount) : 1;
      break;
    case FaultKind::LoseDataDirectory:
      // Only where it can be made good: a standby while another member is primary.
      if (on && server.in_recovery() && leader() >= 0 && leader() != s.a) {
        server.kill_postmaster(false);
        server.wipe(false);
      }
      return true;
    default:
      return false;
  }
  server.set_faults(f);
  return true;
}

void Nemesis::write_config(int m, std::string_view name, json::value value) {
  const auto* key = cluster_.etcd().model().find(cluster_.key("config"));
  if (m < 0 || key == nullptr) return;
  auto document = parse_json(key->value);
  if (!document || !document->is_object()) return;
  ConfigWrite write;
  write.document = document->get_object();
  if (value.is_null()) {
    write.document.erase(name);
  } else {
    write.document[name] = std::move(value);
  }
  cluster_.submit(m, std::move(write), [](const OperatorReply&) {});
}

// Of a scheduled request, by the clock of the member that is asked. Drawn from the step's own time, so that the steps
// of a seed stay what they are.
WallTime Nemesis::soon(const FaultStep& s, int member) {
  const SimHost& host = cluster_.world().host(cluster_.host_of(member));
  return wall_time(host, cluster_.world().now()) + kSoonest + s.at % Duration(40s);
}

void Nemesis::ask(const FaultStep& s) {
  const auto quiet = [this, s](const OperatorReply& reply) {
    cluster_.world().trace("operator", "{}: {} {}", to_string(s.kind), reply.http_status, reply.text);
  };
  const int here = any_daemon(s.a);
  const int lead = leader();
  if (here < 0) return;
  switch (s.kind) {
    case FaultKind::AskSwitchover: {
      if (lead < 0) return;
      SwitchoverRequest request;
      request.leader = cluster_.name_of(lead);
      if (s.amount % 2 == 1 && s.b != lead) request.candidate = cluster_.name_of(s.b);
      if (s.amount >= 6) request.scheduled_at = soon(s, here);
      return cluster_.submit(here, request, quiet);
    }
    case FaultKind::AskFailover: {
      if (s.b == lead) return;
      SwitchoverRequest request;
      request.failover = true;
      request.candidate = cluster_.name_of(s.b);
      checkers_.forced(s.b);
      return cluster_.submit(here, request, quiet);
    }
    case FaultKind::AskRestart: {
      if (s.at / 1ms % 3 == 0) return cluster_.submit(here, RestartRequest{}, quiet);
      ScheduleRestart later;
      later.restart.at = soon(s, here);
      if (s.at / 1ms % 7 == 0) later.restart.request.role = "replica";
      cluster_.submit(here, std::move(later), quiet);
      if (s.at / 1ms % 5 != 0) return;
      return cluster_.world().at(s.at + kSoonest, -1, [this, here, quiet] {
        if (!stopped_) cluster_.submit(here, CancelScheduledRestart{}, quiet);
      });
    }
    case FaultKind::AskReinitialize: {
      ReinitializeRequest request;
      request.force = s.amount % 2 == 1;
      checkers_.forced(here);
      return cluster_.submit(here, request, quiet);
    }
    case FaultKind::AskPause:
      return write_config(here, "pause", true);
    case FaultKind::AskConfig: {
      static constexpr int kTtls[]{30, 20, 40, 60};
      if (s.amount < 4) return write_config(here, "ttl", kTtls[s.amount]);
      if (s.amount == 4) return write_config(here, "maximum_lag_on_failover", 1048576);
      if (s.amount == 5) return write_config(here, "loop_wait", 5);
      if (s.amount <= 7) return write_config(here, "check_timeline", s.amount == 6);
      if (s.amount == 8) return write_config(here, "failsafe_mode", s.b != 0);
      if (s.amount == 9) return write_config(here, "synchronous_mode", "quorum");
      if (s.amount <= 11) return write_config(here, "synchronous_mode", s.amount == 10);
      return write_config(here, "synchronous_node_count", s.amount - 11);
    }
    case FaultKind::AskReload:
      return cluster_.submit(here, ReloadRequest{}, quiet);
    case FaultKind::AskDetach:
      cluster_.hold_daemon(here, s.at + s.lasts);
      return cluster_.submit(here, DetachRequest{}, quiet);
    case FaultKind::AskShutdown:
      cluster_.hold_daemon(here, s.at + s.lasts);
      return cluster_.submit(here, ShutdownRequest{}, quiet);
    default:
      return;
  }
}

}  // namespace tamada::sim
