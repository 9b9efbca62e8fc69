// What only a cluster of several nodes has: some are dead or stopped, others are found; certificates. The same for both
// APIs of etcd.
#include <fmt/format.h>

#include "etcd_trouble_fixture.h"

namespace tamada {
namespace {

using testing::config_write;
using testing::etcd_config;
using testing::EtcdClusterOptions;
using testing::run_task;

template <class EtcdStore>
class EtcdInTrouble : public testing::EtcdTroubleOf<EtcdStore> {};

struct ApiNames {
  template <class EtcdStore>
  static std::string GetName(int) {
    return std::is_same_v<EtcdStore, Etcd3Store> ? "etcd3" : "etcd2";
  }
};
using Stores = ::testing::Types<Etcd3Store, Etcd2Store>;
TYPED_TEST_SUITE(EtcdInTrouble, Stores, ApiNames);

TYPED_TEST(EtcdInTrouble, of_eight_racers_one_wins) {
  this->start(1);
  int won = 0, refused = 0;
  TaskScope scope(this->io_.get_executor());
  for (int i = 0; i < 8; ++i) {
    scope.spawn([](Store& s, Instant deadline, int& w, int& r) -> Task<void> {
      auto got = co_await s.acquire_leader({}, deadline);
      w += got.applied();
      r += got.kind == WriteKind::Refused;
    }(this->make("m" + std::to_string(i)).store, this->in(5s), won, refused));
  }
  this->wait_for([&] { return won + refused == 8; });
  EXPECT_EQ(won, 1);
  EXPECT_EQ(refused, 7);
}

TYPED_TEST(EtcdInTrouble, one_dead_host_among_three_costs_no_renewal) {
  this->start(3);
  auto& s = this->make("node1");
  LockProof proof = this->acquire(s, 5s);
  for (int dead = 0; dead < 3; ++dead) {
    this->cluster_->kill(dead);
    const Duration least = this->keep_renewing(s, proof, 5s, this->in(2s));
    EXPECT_GT(least, 1s);
    this->cluster_->restart(dead);
    this->cluster_->wait_until_healthy(dead);
    this->keep_renewing(s, proof, 5s, this->in(1s));
  }
}

TYPED_TEST(EtcdInTrouble, a_stopped_node_costs_no_renewal_not_even_etcds_leader) {
  this->start(3);
  auto& s = this->make("node1");
  LockProof proof = this->acquire(s, 6s);
  for (int round = 0; round < 2; ++round) {
    const int leader = this->cluster_->leader();
    ASSERT_GE(leader, 0);
    this->cluster_->signal(leader, SIGSTOP);
    const Duration least = this->keep_renewing(s, proof, 6s, this->in(3s));
    this->cluster_->signal(leader, SIGCONT);
    fmt::print("least validity while etcd's leader was stopped: {:.2f} s of 6\n", to_seconds(least));
    EXPECT_GT(least, 1s);
  }
}

TYPED_TEST(EtcdInTrouble, a_lost_lock_is_refused_and_the_holder_is_named) {
  this->start(1);
  auto& a = this->make("node1");
  auto& b = this->make("node2");
  const LockProof proof = this->acquire(a, 2s);
  Written<LockProof> other;
  const Instant sent = this->clock_.now();
  this->wait_for([&] {
    other = run_task(this->io_, b.store.acquire_leader({.ttl = 5s}, this->in(1s)));
    return other.applied();
  });
  fmt::print("lock of ttl 2 s passed after {:.2f} s\n", to_seconds(this->clock_.now() - sent));
  EXPECT_GE(this->clock_.now(), proof.valid_until);
  auto renewed = run_task(this->io_, a.store.renew(proof.generation, {2s, std::nullopt}, this->in(1s)));
  EXPECT_EQ(renewed.kind, WriteKind::Refused);
  EXPECT_EQ(renewed.found, "node2");
  auto late = run_task(this->io_, a.store.release(proof.generation, std::nullopt, this->in(1s)));
  EXPECT_EQ(late.kind, WriteKind::Refused);
  auto still = run_task(this->io_, b.store.renew(other.value->generation, {5s, std::nullopt}, this->in(1s)));
  EXPECT_TRUE(still.applied());
}

TYPED_TEST(EtcdInTrouble, an_unanswered_write_is_unknown_and_everything_works_again_afterwards) {
  this->start(1);
  auto& s = this->make("node1");
  const LockProof proof = this->acquire(s, 30s);
  this->cluster_->signal(0, SIGSTOP);
  const Instant began = this->clock_.now();
  auto written = run_task(this->io_, s.store.write(config_write("{}"), this->in(1s)));
  EXPECT_EQ(written.kind, WriteKind::Unknown);
  EXPECT_LT(this->clock_.now() - began, 1200ms);
  EXPECT_EQ(run_task(this->io_, s.store.renew(proof.generation, {30s, std::nullopt}, this->in(1s))).kind,
            WriteKind::Unknown);
  EXPECT_FALSE(run_task(this->io_, s.store.load(this->in(500ms))));
  this->cluster_->signal(0, SIGCONT);
  auto renewed = run_task(this->io_, s.store.renew(proof.generation, {30s, std::nullopt}, this->in(5s)));
  EXPECT_TRUE(renewed.applied()) << renewed.error.text();
  this->cluster_->restart(0);
  renewed = run_task(this->io_, s.store.renew(proof.generation, {30s, std::nullopt}, this->in(10s)));
  EXPECT_TRUE(renewed.applied()) << renewed.error.text();
}

TYPED_TEST(EtcdInTrouble, a_create_whose_answer_was_lost_is_unknown_and_never_refused) {
  this->start(1);
  auto& s = this->make("node1");
  ASSERT_TRUE(run_task(this->io_, s.store.load(this->in(5s))));
  this->cluster_->signal(0, SIGSTOP);
  // The first try lies in the stopped server's socket and is carried out when it goes on; the second finds the key.
  Written<std::int64_t> written;
  TaskScope scope(this->io_.get_executor());
  bool done = false;
  scope.spawn([](Store& store, Instant deadline, Written<std::int64_t>& out, bool& ended) -> Task<void> {
    out = co_await store.write({StoreKey::Initialize, "", WriteCondition::absent(), std::nullopt}, deadline);
    ended = true;
  }(s.store, this->in(6s), written, done));
  run_task(this->io_, this->clock_.sleep_for(800ms));
  this->cluster_->signal(0, SIGCONT);
  this->wait_for([&] { return done; });
  EXPECT_NE(written.kind, WriteKind::Refused) << written.error.text();
  auto view = run_task(this->io_, s.store.load(this->in(5s)));
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->initialize.has_value());
}

TYPED_TEST(EtcdInTrouble, a_release_wakes_the_watchers_soon) {
  this->start(1);
  auto& a = this->make("node1");
  auto& b = this->make("node2");

  b.store.watch(this->views);
  Duration worst{0};
  for (int i = 0; i < 10; ++i) {
    const LockProof proof = this->acquire(a, 30s);
    this->wait_for([&] { return !this->views.views.empty() && this->views.views.back().leader.has_value(); });
    const Instant began = this->clock_.now();
    ASSERT_TRUE(run_task(this->io_, a.store.release(proof.generation, std::nullopt, this->in(2s))).applied());
    this->wait_for([&] { return !this->views.views.back().leader.has_value(); });
    worst = std::max(worst, this->views.at.back() - began);
  }
  fmt::print("a release was seen after at most {:.1f} ms\n", to_seconds(worst) * 1000);
  EXPECT_LT(worst, 2s);
}

TYPED_TEST(EtcdInTrouble, a_watch_on_a_node_that_was_stopped_is_noticed_and_moved) {
  this->start(3);
  auto& s = this->make("node1");
  auto& other = this->make("node2");

  s.store.watch(this->views);
  this->wait_for([&] { return !this->views.views.empty(); });
  // Whichever node it is connected to: stop one after the other.
  for (int i = 0; i < 3; ++i) {
    this->cluster_->signal(i, SIGSTOP);
    const std::string value = fmt::format(R"({{"ttl":{}}})", i + 10);
    const Instant began = this->clock_.now();
    auto written = run_task(this->io_, other.store.write(config_write(value), this->in(8s)));
    EXPECT_TRUE(written.applied()) << written.error.text();
    this->wait_for([&] { return this->views.config() == value; });
    fmt::print("seen {:.2f} s after node {} was stopped\n", to_seconds(this->clock_.now() - began), i);
    this->cluster_->signal(i, SIGCONT);
    this->cluster_->wait_until_healthy(i);
  }
}

TYPED_TEST(EtcdInTrouble, nodes_that_are_not_configured_are_found) {
  this->start(3);
  EtcdConfig config = etcd_config({this->cluster_->hosts()[0]}, "/service/batman/", "node1");
  auto& s = this->make(config);
  ASSERT_TRUE(run_task(this->io_, s.store.load(this->in(5s))));
  run_task(this->io_, this->clock_.sleep_for(500ms));  // the list is read beside
  this->cluster_->kill(0);
  auto view = run_task(this->io_, s.store.load(this->in(5s)));
  EXPECT_TRUE(view) << view.error().text();
}

TYPED_TEST(EtcdInTrouble, certificates) {
  testing::TemporaryDirectory files, strangers;
  testing::make_certificates(files.path());
  testing::make_certificates(strangers.path());
  EtcdClusterOptions options;
  options.tls = testing::EtcdTls{files / "ca.crt", files / "server.crt", files / "server.key", true};
  this->start(1, options);
  EtcdConfig config = etcd_config(this->cluster_->hosts(), "/service/batman/", "node1");
  config.protocol = "https";
  HttpClientSettings good;
  good.cacert = files / "ca.crt";
  good.cert = files / "client.crt";
  good.key = files / "client.key";

  auto& s = this->make(config, good);
  auto loaded = run_task(this->io_, s.store.load(this->in(5s)));
  EXPECT_TRUE(loaded) << loaded.error().text();

  auto refused = [&](HttpClientSettings http, const char* what) {
    const Instant began = this->clock_.now();
    auto view = run_task(this->io_, this->make(config, http).store.load(this->in(5s)));
    EXPECT_FALSE(view) << what;
    if (view) return;
    EXPECT_EQ(view.error().code, ErrorCode::Denied) << what << ": " << view.error().text();
    EXPECT_LT(this->clock_.now() - began, 2s) << what;
    fmt::print("{}: {}\n", what, view.error().text());
  };
  HttpClientSettings bad = good;
  bad.cacert = strangers / "ca.crt";
  refused(bad, "server of another authority");
  bad = good;
  bad.cert = bad.key = "";
  refused(bad, "no client certificate");
  bad.cert = strangers / "client.crt";
  bad.key = strangers / "client.key";
  refused(bad, "client certificate of another authority");
  bad = good;
  bad.cert = files / "absent.crt";
  refused(bad, "certificate file is absent");

  s.transport.update_settings(good);
  EXPECT_TRUE(run_task(this->io_, s.store.load(this->in(5s))));
}

}  // namespace
}  // namespace tamada
