// Snapshots for tests: a healthy cluster of three, seen from one member, to be changed by each test.
#pragma once

#include <memory>
#include <string>

#include "engine/snapshot.h"

namespace tamada::test {

inline Instant at(double seconds) {
  return Instant(Duration(static_cast<std::int64_t>(seconds * 1e6)));
}

class SnapshotBuilder {
 public:
  // n1 leads; positions 0/5000000 = 83886080.
  static SnapshotBuilder primary() {
    SnapshotBuilder b("n1");
    b.snapshot.role = Role::Primary;
    b.row().in_recovery = false;
    b.row().write_lsn = Lsn{kPosition};
    b.snapshot.lock_valid_until = at(1020);
    return b;
  }
  static SnapshotBuilder replica() {
    SnapshotBuilder b("n2");
    b.snapshot.role = Role::Replica;
    b.row().in_recovery = true;
    b.row().received_lsn = b.row().replayed_lsn = Lsn{kPosition};
    b.row().receiver_status = "streaming";
    return b;
  }
  static SnapshotBuilder standby_leader() {
    SnapshotBuilder b = replica();
    b.snapshot.role = Role::StandbyLeader;
    b.settings.name = "n1";
    b.settings.dynamic.standby_cluster.emplace();
    b.snapshot.lock_valid_until = at(1020);
    return b;
  }

  StatusRow& row() { return *snapshot.postgres.row; }
  SnapshotBuilder& synchronous(SynchronousMode mode, std::vector<std::string> standbys) {
    settings.dynamic.synchronous_mode = mode;
    view.sync = {"n1", std::move(standbys), 0, 5};
    return *this;
  }

  std::shared_ptr<const Snapshot> build() const {
    auto out = std::make_shared<Snapshot>(snapshot);
    out->settings = std::make_shared<Settings>(settings);
    out->view = has_view ? std::make_shared<ClusterView>(view) : nullptr;
    if (has_view) out->failsafe = view.failsafe;
    return out;
  }

  static constexpr std::uint64_t kPosition = 0x5000000;
  // "Now" of all snapshots.
  static Instant now() { return at(1000); }

  Snapshot snapshot;
  Settings settings;
  ClusterView view;
  bool has_view = true;

 private:
  explicit SnapshotBuilder(const std::string& name) {
    settings.name = name;
    settings.scope = "batman";
    for (int i = 1; i <= 3; ++i) view.members.push_back(member(i));
    view.leader = LeaderEntry{{"n1", 7, "lease"}, 9};
    view.status = StatusDocument{Lsn{kPosition}, {}, {}};
    view.config = ConfigDocument{{{"ttl", 30}, {"loop_wait", 10}}, 3};
    snapshot.state = PgState::Running;
    snapshot.state_text = "running";
    snapshot.postgres.process = ProcessState::Running;
    snapshot.postgres.control.emplace();
    snapshot.postgres.control->system_identifier = "7711230260053689444";
    snapshot.postgres.observed_at = at(999.9);
    snapshot.postgres.row.emplace();
    row().timeline = Timeline{1};
    row().server_version = 150020;
    row().postmaster_start_time = "2026-11-23 05:11:16.028533+00:00";
    snapshot.dcs_last_seen = WallTime(std::chrono::seconds(1795410757));
    snapshot.loop_ran_at = at(995);
    snapshot.explanation.rule = "LD-01";
  }

  static Member member(int i) {
    Member m;
    m.name = "n" + std::to_string(i);
    m.conn_url = "postgres://127.0.0.1:555" + std::to_string(i) + "/postgres";
    m.api_url = "http://127.0.0." + std::to_string(i) + ":8008/patroni";
    m.state = PgState::Running;
    m.state_text = "running";
    m.role = i == 1 ? Role::Primary : Role::Replica;
    m.timeline = Timeline{1};
    m.xlog_location = m.receive_lsn = m.replay_lsn = Lsn{kPosition};
    if (i != 1) m.replication_state = "streaming";
    return m;
  }
};

}  // namespace tamada::test
