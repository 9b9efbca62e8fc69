#include "sim/cluster.h"

#include <array>

#include "sim/etcd_transport.h"
#include "sim/postgres_ports.h"
#include "store/etcd3/etcd3_store.h"

namespace tamada::sim {

namespace {

struct Rhythm {
  int ttl, loop_wait, retry_timeout;
};
constexpr std::array<Rhythm, 6> kRhythms{{{30, 10, 10}, {30, 10, 10}, {20, 5, 5}, {15, 3, 5}, {10, 2, 3}, {6, 1, 2}}};

}  // namespace

ClusterOptions random_options(Prng& random) {
  ClusterOptions options;
  const Rhythm& r = kRhythms[random.below(kRhythms.size())];
  json::object& d = options.dynamic;
  d["ttl"] = r.ttl;
  d["loop_wait"] = r.loop_wait;
  d["retry_timeout"] = r.retry_timeout;
  d["maximum_lag_on_failover"] = 1048576;
  d["check_timeline"] = random.one_in(2);
  if (random.one_in(4)) d["primary_start_timeout"] = random.one_in(2) ? 0 : 20;
  d["postgresql"] = json::object{{"use_pg_rewind", !random.one_in(5)},
                                 {"use_slots", !random.one_in(4)},
                                 {"remove_data_directory_on_rewind_failure", true},
                                 {"remove_data_directory_on_diverged_timelines", true}};
  d["failsafe_mode"] = random.one_in(3);
  // Two in five have synchronous standbys.
  switch (random.below(10)) {
    case 0:
    case 1:
      d["synchronous_mode"] = true;
      break;
    case 2:
      d["synchronous_mode"] = true;
      d["synchronous_node_count"] = 2;
      d["synchronous_mode_strict"] = random.one_in(2);
      break;
    case 3:
      d["synchronous_mode"] = "quorum";
      d["synchronous_node_count"] = random.between(1, 2);
      d["synchronous_mode_strict"] = random.one_in(3);
      break;
    default:
      break;
  }
  // A draw of its own, so that all others stay what they are for a seed.
  Prng of_slots = random;
  if (of_slots.one_in(5)) {
    d["slots"] = json::object{{"reports", json::object{{"type", "physical"}}},
                              {"changes", json::object{{"database", "app"}, {"plugin", "test_decoding"}}}};
    d["postgresql"].get_object()["parameters"] = json::object{{"wal_level", "logical"}};
  }
  options.watchdog_device = random.one_in(3);
  options.watchdog_mode = options.watchdog_device ? (random.one_in(3) ? "required" : "automatic") : "off";
  return options;
}

class SimCluster::TraceSink final : public LogSink {
 public:
  TraceSink(SimWorld& world, std::string name) : world_(world), name_(std::move(name)) {}
  bool enabled(LogLevel level, std::string_view) const override { return world_.tracing() && level >= LogLevel::Info; }
  void write(LogLevel level, std::string_view component, std::string text) override {
    world_.trace(name_, "[{}] {}: {}", static_cast<int>(level), component, text);
  }

 private:
  SimWorld& world_;
  std::string name_;
};

// The daemon's parts, in the order in which the program would make them.
struct SimCluster::Daemon {
  Daemon(SimProcess& process, MemberState& m, SimCluster& cluster, LogSink& sink)
      : log(sink, "daemon"),
        clock(process),
        random(cluster.world_.random().fork()),
        settings(cluster.local_document(m)),
        transport(process, *cluster.etcd_),
        store(process.executor(), clock, transport, etcd_config(settings.current()->etcd3, *settings.current()),
              nullptr, log.named("etcd3")),
        server(process, *m.postgres),
        data(process, *m.postgres),
        sql(process, *m.postgres),
        peers(process, cluster.directory_),
        watchdog(process, m.watchdog),
        local(process, m.disk, *m.postgres),
        health(process, *m.postgres),
        engine(
            process.executor(),
            EnginePorts{clock, random, settings, store, server, data, sql, peers, watchdog, callbacks, local, health},
            log) {}

  Logger log;
  SimClock clock;
  SimRandom random;
  SimSettingsSource settings;
  SimTransport transport;
  Etcd3Store store;
  SimPostgresServer server;
  SimPostgresData data;
  SimPostgresSql sql;
  SimPeers peers;
  SimWatchdog watchdog;
  SimCallbacks callbacks;
  SimLocalState local;
  SimHealthProbes health;
  Engine engine;
};

SimCluster::SimCluster(std::uint64_t seed, ClusterOptions options)
    : world_(seed), options_(std::move(options)), fleet_(world_) {
  for (int i = 0; i < options_.members; ++i) {
    auto m = std::make_unique<MemberState>();
    m->index = i;
    m->name = "n" + std::to_string(i + 1);
    m->host = world_.add_host(m->name);
    fleet_.servers.push_back(std::make_unique<SimPostgres>(fleet_, m->host, m->name));
    m->postgres = fleet_.servers.back().get();
    m->client = std::make_unique<SimClient>(*m->postgres);
    m->watchdog.present = options_.watchdog_device;
    m->watchdog.reset = [this, i] {
      world_.trace(name_of(i), "the watchdog resets the host");
      lose_host(i);
      world_.after(world_.random().between(Duration(8s), Duration(40s)), -1, [this, i] { return_host(i); });
    };
    directory_.by_host_name[m->name] = {
        m->host, [p = m.get()] { return p->process.get(); },
        [p = m.get()]() -> EngineFacade* { return p->daemon != nullptr ? &p->daemon->engine : nullptr; }};
    sinks_.push_back(std::make_unique<TraceSink>(world_, m->name));
    members_.push_back(std::move(m));
  }
  std::vector<int> nodes;
  for (int i = 0; i < options_.store_nodes; ++i) nodes.push_back(world_.add_host("e" + std::to_string(i + 1)));
  etcd_ = std::make_unique<SimEtcd>(world_, nodes);
  fleet_.writable = [this](SimPostgres& server) { member(member_on(server.host())).client->begin(); };
}

SimCluster::~SimCluster() {
  closing_ = true;
  for (auto& m : members_) {
    m->daemon = nullptr;
    m->process.reset();
  }
}

int SimCluster::member_on(int host) const {
  for (const auto& m : members_) {
    if (m->host == host) return m->index;
  }
  return -1;
}

json::object SimCluster::local_document(const MemberState& m) const {
  std::string hosts;
  for (int i = 0; i < options_.store_nodes; ++i)
    hosts += (i > 0 ? "," : "") + std::string("e") + std::to_string(i + 1) + ":2379";
  json::object o;
  o["scope"] = "sim";
  o["name"] = m.name;
  o["etcd3"] = json::object{{"hosts", hosts}};
  o["restapi"] = json::object{{"listen", m.name + ":8008"}, {"connect_address", m.name + ":8008"}};
  o["postgresql"] =
      json::object{{"listen", m.name + ":5432"},
                   {"connect_address", m.name + ":5432"},
                   {"data_dir", "/data/" + m.name},
                   {"authentication", json::object{{"superuser", json::object{{"username", "postgres"}}},
                                                   {"replication", json::object{{"username", "replicator"}}}}},
                   // Short, so that many faults outlast them.
                   {"health", json::object{{"interval", 3},
                                           {"connection", json::object{{"after", 8}}},
                                           {"commit", json::object{{"after", 8}}},
                                           {"storage", json::object{{"after", 10}}}}}};
  o["bootstrap"] = json::object{{"dcs", options_.dynamic}, {"initdb", json::array{}}};
  o["watchdog"] = json::object{{"mode", options_.watchdog_mode}};
  return o;
}

std::shared_ptr<const Snapshot> SimCluster::snapshot(int m) const {
  const auto& state = *members_[static_cast<std::size_t>(m)];
  return state.daemon != nullptr ? state.daemon->engine.snapshot() : nullptr;
}

void SimCluster::start_daemon(int i) {
  MemberState& m = member(i);
  if (m.process != nullptr || !m.host_up || closing_) return;
  world_.trace(m.name, "daemon starts");
  const std::uint64_t run = ++m.daemon_runs;
  m.process = std::make_unique<SimProcess>(world_, m.host, m.name);
  auto daemon = std::make_shared<Daemon>(*m.process, m, *this, *sinks_[static_cast<std::size_t>(i)]);
  m.daemon = daemon.get();
  m.last_snapshot = nullptr;
  m.process->own(daemon);
  m.process->set_kill_switch(this);
  m.process->set_on_drain([this, &m] { note_decision(m); });
  m.process->set_on_doom([this, i] {
    kill_daemon(i);
    bring_back_later(i);
  });
  auto body = [](SimCluster* cluster, Daemon* d, int index, std::uint64_t mine) -> Task<void> {
    const int code = co_await d->engine.run();
    cluster->ended(index, mine, code);
  };
  m.process->spawn(body(this, m.daemon, i, run));
  impaired(i, &Impairment::daemon_down, false, "daemon down");
}

void SimCluster::ended(int i, std::uint64_t run, int code) {
  MemberState& m = member(i);
  if (run != m.daemon_runs) return;
  auto last = snapshot(i);
  exits_.push_back({world_.now(), i, code, last ? last->status : std::string()});
  world_.trace(m.name, "daemon ended with {}: {}", code, exits_.back().status);
  m.process->doom();
}

void SimCluster::kill_daemon(int i) {
  MemberState& m = member(i);
  if (m.process == nullptr) return;
  world_.trace(m.name, "daemon is gone");
  impaired(i, &Impairment::daemon_down, true, "daemon down");
  impaired(i, &Impairment::daemon_frozen, false, "daemon frozen");
  m.daemon = nullptr;
  m.process.reset();
}

void SimCluster::bring_back_later(int i) {
  const SimTime when =
      std::max(member(i).not_before, world_.now() + world_.random().between(Duration(500ms), Duration(5s)));
  world_.at(when, -1, [this, i] {
    if (daemon_runs(i) || !host_up(i)) return;
    if (member(i).not_before > world_.now()) return bring_back_later(i);
    start_daemon(i);
  });
}

bool SimCluster::strikes(SimProcess& process, std::string_view call, CallPhase phase) {
  MemberState& m = member(member_on(process.host_id()));
  if (m.calls_to_live == 0 || --m.calls_to_live > 0) return false;
  world_.trace(m.name, "killed at {} ({})", call,
               phase == CallPhase::Before    ? "before"
               : phase == CallPhase::Between ? "between"
                                             : "after");
  m.not_before = std::max(m.not_before, world_.now() + world_.random().skewed(500ms, 15s));
  return true;
}

void SimCluster::note_decision(MemberState& m) {
  if (m.daemon == nullptr) return;
  auto snapshot = m.daemon->engine.snapshot();
  if (snapshot.get() == m.last_snapshot || snapshot == nullptr) return;
  m.last_snapshot = snapshot.get();
  rules_seen_.insert(snapshot->explanation.rule);
  world_.mix(snapshot->explanation.rule);
}

void SimCluster::submit(int i, OperatorRequest request, std::function<void(OperatorReply)> done) {
  MemberState& m = member(i);
  if (m.daemon == nullptr) return;
  m.daemon->engine.submit(std::move(request), std::move(done));
  m.process->post([] {});
}

}  // namespace tamada::sim
