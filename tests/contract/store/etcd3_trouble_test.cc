// What only etcd has: several nodes of which some are dead or stopped, users, certificates.
#include <signal.h>

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "support/etcd_cluster.h"
#include "support/real_store.h"
#include "support/run_task.h"

namespace tamada {
namespace {

using testing::etcd_config;
using testing::EtcdCluster;
using testing::EtcdClusterOptions;
using testing::RealEtcdStore;
using testing::run_task;

struct Views final : StoreListener {
  std::vector<ClusterView> views;
  std::vector<Instant> at;
  int lost = 0;
  SystemClock clock;
  void on_view(ClusterView view) override {
    views.push_back(std::move(view));
    at.push_back(clock.now());
  }
  void on_watch_lost(const Error&) override { ++lost; }
  std::string config() const {
    if (views.empty() || !views.back().config) return "";
    return to_json(views.back().config->value, JsonStyle::Compact);
  }
};

StoreWrite config_write(std::string value) {
  return {StoreKey::Config, std::move(value), {}, std::nullopt};
}

class EtcdTrouble : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::have_etcd()) GTEST_SKIP() << "etcd is not installed here";
  }
  void TearDown() override {
    for (auto& s : stores_) run_task(io_, s->store.stop());
  }

  void start(int members, EtcdClusterOptions options = {}) {
    options.members = members;
    cluster_ = std::make_unique<EtcdCluster>(options);
  }
  RealEtcdStore& make(const std::string& member, HttpClientSettings http = {}) {
    return make(etcd_config(cluster_->hosts(), "/service/batman/", member), std::move(http));
  }
  RealEtcdStore& make(EtcdConfig config, HttpClientSettings http = {}) {
    stores_.push_back(std::make_unique<RealEtcdStore>(io_.get_executor(), std::move(config), std::move(http)));
    return *stores_.back();
  }
  Instant in(Duration d) const { return clock_.now() + d; }
  LockProof acquire(RealEtcdStore& s, std::chrono::seconds ttl) {
    AcquireRequest request;
    request.ttl = ttl;
    auto got = run_task(io_, s.store.acquire_leader(request, in(5s)));
    EXPECT_TRUE(got.applied()) << got.error.text();
    return got.applied() ? *got.value : LockProof{};
  }
  // Renews as a leader does until `until`; the smallest validity that was left before a renewal was proven.
  Duration keep_renewing(RealEtcdStore& s, LockProof& proof, std::chrono::seconds ttl, Instant until) {
    Duration least = ttl;
    while (clock_.now() < until && ::testing::Test::HasFailure() == false) {
      auto renewed = run_task(io_, s.store.renew(proof.generation, {ttl, std::nullopt}, in(3s)));
      EXPECT_NE(renewed.kind, WriteKind::Refused) << renewed.found << renewed.error.text();
      least = std::min(least, proof.valid_until - clock_.now());
      if (renewed.applied()) proof = *renewed.value;
      run_task(io_, clock_.sleep_for(200ms));
    }
    return least;
  }
  void wait_for(const std::function<bool()>& condition, Duration limit = 10s) {
    const Instant until = in(limit);
    bool holds = condition();
    while (!holds && clock_.now() < until) {
      run_task(io_, clock_.sleep_for(5ms));
      holds = condition();
    }
    EXPECT_TRUE(holds);
  }

  boost::asio::io_context io_;
  SystemClock clock_;
  std::unique_ptr<EtcdCluster> cluster_;
  Views views;  // outlives the stores, which tell it of changes
  std::vector<std::unique_ptr<RealEtcdStore>> stores_;
};

TEST_F(EtcdTrouble, of_eight_racers_one_wins) {
  start(1);
  int won = 0, refused = 0;
  TaskScope scope(io_.get_executor());
  for (int i = 0; i < 8; ++i) {
    scope.spawn([](Store& s, Instant deadline, int& w, int& r) -> Task<void> {
      auto got = co_await s.acquire_leader({}, deadline);
      w += got.applied();
      r += got.kind == WriteKind::Refused;
    }(make("m" + std::to_string(i)).store, in(5s), won, refused));
  }
  wait_for([&] { return won + refused == 8; });
  EXPECT_EQ(won, 1);
  EXPECT_EQ(refused, 7);
}

TEST_F(EtcdTrouble, one_dead_host_among_three_costs_no_renewal) {
  start(3);
  RealEtcdStore& s = make("node1");
  LockProof proof = acquire(s, 5s);
  for (int dead = 0; dead < 3; ++dead) {
    cluster_->kill(dead);
    const Duration least = keep_renewing(s, proof, 5s, in(2s));
    EXPECT_GT(least, 1s);
    cluster_->restart(dead);
    cluster_->wait_until_healthy(dead);
    keep_renewing(s, proof, 5s, in(1s));
  }
}

TEST_F(EtcdTrouble, a_stopped_node_costs_no_renewal_not_even_etcds_leader) {
  start(3);
  RealEtcdStore& s = make("node1");
  LockProof proof = acquire(s, 6s);
  for (int round = 0; round < 2; ++round) {
    const int leader = cluster_->leader();
    ASSERT_GE(leader, 0);
    cluster_->signal(leader, SIGSTOP);
    const Duration least = keep_renewing(s, proof, 6s, in(3s));
    cluster_->signal(leader, SIGCONT);
    fmt::print("least validity while etcd's leader was stopped: {:.2f} s of 6\n", to_seconds(least));
    EXPECT_GT(least, 1s);
  }
}

TEST_F(EtcdTrouble, a_lost_lock_is_refused_and_the_holder_is_named) {
  start(1);
  RealEtcdStore& a = make("node1");
  RealEtcdStore& b = make("node2");
  const LockProof proof = acquire(a, 2s);
  Written<LockProof> other;
  const Instant sent = clock_.now();
  wait_for([&] {
    other = run_task(io_, b.store.acquire_leader({.ttl = 5s}, in(1s)));
    return other.applied();
  });
  fmt::print("lock of ttl 2 s passed after {:.2f} s\n", to_seconds(clock_.now() - sent));
  EXPECT_GE(clock_.now(), proof.valid_until);
  auto renewed = run_task(io_, a.store.renew(proof.generation, {2s, std::nullopt}, in(1s)));
  EXPECT_EQ(renewed.kind, WriteKind::Refused);
  EXPECT_EQ(renewed.found, "node2");
  auto late = run_task(io_, a.store.release(proof.generation, std::nullopt, in(1s)));
  EXPECT_EQ(late.kind, WriteKind::Refused);
  auto still = run_task(io_, b.store.renew(other.value->generation, {5s, std::nullopt}, in(1s)));
  EXPECT_TRUE(still.applied());
}

TEST_F(EtcdTrouble, another_ttl_takes_effect_with_the_next_renewal_and_shortens_the_expiry) {
  start(1);
  RealEtcdStore& a = make("node1");
  RealEtcdStore& b = make("node2");
  const LockProof proof = acquire(a, 30s);
  auto renewed = run_task(io_, a.store.renew(proof.generation, {2s, std::nullopt}, in(2s)));
  ASSERT_TRUE(renewed.applied()) << renewed.error.text();
  EXPECT_EQ(renewed.value->granted_ttl, Duration(2s));
  EXPECT_EQ(renewed.value->generation.create_revision, proof.generation.create_revision);
  EXPECT_NE(renewed.value->generation.session, proof.generation.session);
  auto again = run_task(io_, a.store.renew(renewed.value->generation, {2s, std::nullopt}, in(2s)));
  ASSERT_TRUE(again.applied()) << again.error.text();
  wait_for([&] { return run_task(io_, b.store.acquire_leader({.ttl = 5s}, in(1s))).applied(); });
  EXPECT_GE(clock_.now(), again.value->valid_until);
  EXPECT_LT(clock_.now(), again.value->valid_until + 4s);
}

TEST_F(EtcdTrouble, a_ttl_below_what_etcd_grants_is_refused_with_the_reason) {
  start(1, {.more = {"--heartbeat-interval", "400", "--election-timeout", "4000"}});
  auto got = run_task(io_, make("node1").store.acquire_leader({.ttl = 3s}, in(5s)));
  EXPECT_EQ(got.kind, WriteKind::Refused);
  EXPECT_EQ(got.error.code, ErrorCode::Unsupported) << got.error.text();
  EXPECT_NE(got.error.text().find("election-timeout"), std::string::npos);
}

TEST_F(EtcdTrouble, a_member_key_comes_back_after_its_lease_was_lost) {
  start(1);
  RealEtcdStore& s = make("node1");
  ASSERT_TRUE(run_task(io_, s.store.touch_member("{}", 30s, false, in(3s))).applied());
  for (const bool keep_alive_only : {true, false}) {
    auto view = run_task(io_, s.store.load(in(3s)));
    ASSERT_TRUE(view && view->member("node1") != nullptr);
    const std::string lost = view->member("node1")->session;
    cluster_->ctl(0, fmt::format("lease revoke {:x}", std::stoull(lost)));
    auto touched = run_task(io_, s.store.touch_member("{}", 30s, keep_alive_only, in(3s)));
    ASSERT_TRUE(touched.applied()) << touched.error.text();
    view = run_task(io_, s.store.load(in(3s)));
    ASSERT_TRUE(view && view->member("node1") != nullptr);
    EXPECT_NE(view->member("node1")->session, lost);
    EXPECT_EQ(view->member("node1")->revision, *touched.value);
  }
}

TEST_F(EtcdTrouble, a_revoked_leader_lease_is_a_lost_lock_that_nobody_holds) {
  start(1);
  RealEtcdStore& s = make("node1");
  const LockProof proof = acquire(s, 30s);
  cluster_->ctl(0, fmt::format("lease revoke {:x}", std::stoull(proof.generation.session)));
  auto renewed = run_task(io_, s.store.renew(proof.generation, {30s, std::nullopt}, in(3s)));
  EXPECT_EQ(renewed.kind, WriteKind::Refused);
  EXPECT_EQ(renewed.found, "");
  EXPECT_NE(acquire(s, 30s).generation, proof.generation);
}

TEST_F(EtcdTrouble, the_old_position_key_is_written_while_a_member_needs_it) {
  start(1);
  RealEtcdStore& s = make("node1");
  LockProof proof = acquire(s, 30s);
  StatusDocument status;
  status.optime = Lsn{4711};
  auto renew = [&] { return run_task(io_, s.store.renew(proof.generation, {30s, status}, in(3s))).applied(); };
  ASSERT_TRUE(run_task(io_, s.store.touch_member(R"({"version":"4.1.4"})", 30s, false, in(3s))).applied());
  ASSERT_TRUE(run_task(io_, s.store.load(in(3s))));
  ASSERT_TRUE(renew());
  EXPECT_EQ(cluster_->ctl(0, "get --print-value-only /service/batman/optime/leader"), "");
  ASSERT_TRUE(run_task(io_, s.store.touch_member("{}", 30s, false, in(3s))).applied());
  ASSERT_TRUE(run_task(io_, s.store.load(in(3s))));
  ASSERT_TRUE(renew());
  EXPECT_EQ(cluster_->ctl(0, "get --print-value-only /service/batman/optime/leader"), "4711\n");
}

TEST_F(EtcdTrouble, an_unanswered_write_is_unknown_and_everything_works_again_afterwards) {
  start(1);
  RealEtcdStore& s = make("node1");
  const LockProof proof = acquire(s, 30s);
  cluster_->signal(0, SIGSTOP);
  const Instant began = clock_.now();
  auto written = run_task(io_, s.store.write(config_write("{}"), in(1s)));
  EXPECT_EQ(written.kind, WriteKind::Unknown);
  EXPECT_LT(clock_.now() - began, 1200ms);
  EXPECT_EQ(run_task(io_, s.store.renew(proof.generation, {30s, std::nullopt}, in(1s))).kind, WriteKind::Unknown);
  EXPECT_FALSE(run_task(io_, s.store.load(in(500ms))));
  cluster_->signal(0, SIGCONT);
  auto renewed = run_task(io_, s.store.renew(proof.generation, {30s, std::nullopt}, in(5s)));
  EXPECT_TRUE(renewed.applied()) << renewed.error.text();
  cluster_->restart(0);
  renewed = run_task(io_, s.store.renew(proof.generation, {30s, std::nullopt}, in(10s)));
  EXPECT_TRUE(renewed.applied()) << renewed.error.text();
}

TEST_F(EtcdTrouble, a_create_whose_answer_was_lost_is_unknown_and_never_refused) {
  start(1);
  RealEtcdStore& s = make("node1");
  ASSERT_TRUE(run_task(io_, s.store.load(in(5s))));
  cluster_->signal(0, SIGSTOP);
  // The first try lies in the stopped server's socket and is carried out when it goes on; the second finds the key.
  Written<std::int64_t> written;
  TaskScope scope(io_.get_executor());
  bool done = false;
  scope.spawn([](Store& store, Instant deadline, Written<std::int64_t>& out, bool& ended) -> Task<void> {
    out = co_await store.write({StoreKey::Initialize, "", WriteCondition::absent(), std::nullopt}, deadline);
    ended = true;
  }(s.store, in(6s), written, done));
  run_task(io_, clock_.sleep_for(800ms));
  cluster_->signal(0, SIGCONT);
  wait_for([&] { return done; });
  EXPECT_NE(written.kind, WriteKind::Refused) << written.error.text();
  auto view = run_task(io_, s.store.load(in(5s)));
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->initialize.has_value());
}

TEST_F(EtcdTrouble, a_release_wakes_the_watchers_soon) {
  start(1);
  RealEtcdStore& a = make("node1");
  RealEtcdStore& b = make("node2");

  b.store.watch(views);
  Duration worst{0};
  for (int i = 0; i < 10; ++i) {
    const LockProof proof = acquire(a, 30s);
    wait_for([&] { return !views.views.empty() && views.views.back().leader.has_value(); });
    const Instant began = clock_.now();
    ASSERT_TRUE(run_task(io_, a.store.release(proof.generation, std::nullopt, in(2s))).applied());
    wait_for([&] { return !views.views.back().leader.has_value(); });
    worst = std::max(worst, views.at.back() - began);
  }
  fmt::print("a release was seen after at most {:.1f} ms\n", to_seconds(worst) * 1000);
  EXPECT_LT(worst, 2s);
}

TEST_F(EtcdTrouble, a_watch_goes_on_after_a_restart_of_etcd_and_a_compaction) {
  start(1);
  RealEtcdStore& s = make("node1");

  s.store.watch(views);
  wait_for([&] { return !views.views.empty(); });
  ASSERT_TRUE(run_task(io_, s.store.write(config_write(R"({"ttl":1})"), in(3s))).applied());
  wait_for([&] { return views.config() == R"({"ttl":1})"; });
  cluster_->restart(0);
  cluster_->wait_until_healthy(0);
  for (int i = 0; i < 20; ++i) cluster_->ctl(0, fmt::format("put /other/{} x", i));
  auto view = run_task(io_, s.store.load(in(5s)));
  ASSERT_TRUE(view);
  cluster_->ctl(0, fmt::format("compact {}", view->revision));
  ASSERT_TRUE(run_task(io_, s.store.write(config_write(R"({"ttl":2})"), in(5s))).applied());
  wait_for([&] { return views.config() == R"({"ttl":2})"; });
  EXPECT_GE(views.lost, 1);
  EXPECT_LE(views.lost, 2);
}

TEST_F(EtcdTrouble, a_watch_on_a_node_that_was_stopped_is_noticed_and_moved) {
  start(3);
  RealEtcdStore& s = make("node1");
  RealEtcdStore& other = make("node2");

  s.store.watch(views);
  wait_for([&] { return !views.views.empty(); });
  // Whichever node it is connected to: stop one after the other.
  for (int i = 0; i < 3; ++i) {
    cluster_->signal(i, SIGSTOP);
    const std::string value = fmt::format(R"({{"ttl":{}}})", i + 10);
    const Instant began = clock_.now();
    auto written = run_task(io_, other.store.write(config_write(value), in(8s)));
    EXPECT_TRUE(written.applied()) << written.error.text();
    wait_for([&] { return views.config() == value; });
    fmt::print("seen {:.2f} s after node {} was stopped\n", to_seconds(clock_.now() - began), i);
    cluster_->signal(i, SIGCONT);
    cluster_->wait_until_healthy(i);
  }
}

TEST_F(EtcdTrouble, nodes_that_are_not_configured_are_found) {
  start(3);
  EtcdConfig config = etcd_config({cluster_->hosts()[0]}, "/service/batman/", "node1");
  RealEtcdStore& s = make(config);
  ASSERT_TRUE(run_task(io_, s.store.load(in(5s))));
  run_task(io_, clock_.sleep_for(500ms));  // the list is read beside
  cluster_->kill(0);
  auto view = run_task(io_, s.store.load(in(5s)));
  EXPECT_TRUE(view) << view.error().text();
}

TEST_F(EtcdTrouble, users_and_passwords) {
  start(1);
  cluster_->ctl(0, "user add root:secret");
  cluster_->ctl(0, "user add patroni:pw");
  cluster_->ctl(0, "role add patroni");
  cluster_->ctl(0, "role grant-permission patroni --prefix=true readwrite /service/batman/");
  cluster_->ctl(0, "user grant-role patroni patroni");
  cluster_->ctl(0, "auth enable");
  EtcdConfig config = etcd_config(cluster_->hosts(), "/service/batman/", "node1");

  auto nobody = run_task(io_, make(config).store.load(in(3s)));
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, ErrorCode::Denied) << nobody.error().text();

  config.username = "patroni";
  config.password = "wrong";
  RealEtcdStore& s = make(config);
  const Instant began = clock_.now();
  auto wrong = run_task(io_, s.store.load(in(5s)));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::Denied);
  EXPECT_NE(wrong.error().text().find("patroni"), std::string::npos) << wrong.error().text();
  EXPECT_LT(clock_.now() - began, 2s);

  config.password = "pw";
  s.store.update_config(config);

  s.store.watch(views);
  const LockProof proof = acquire(s, 5s);
  EXPECT_TRUE(run_task(io_, s.store.renew(proof.generation, {5s, std::nullopt}, in(3s))).applied());
  EXPECT_TRUE(run_task(io_, s.store.touch_member("{}", 5s, false, in(3s))).applied());
  wait_for([&] { return !views.views.empty() && views.views.back().leader && !views.views.back().members.empty(); });
  // A restart voids simple tokens.
  cluster_->restart(0);
  auto renewed = run_task(io_, s.store.renew(proof.generation, {5s, std::nullopt}, in(10s)));
  EXPECT_TRUE(renewed.applied()) << renewed.error.text();
  const std::size_t before = views.views.size();
  EXPECT_TRUE(run_task(io_, s.store.write(config_write("{}"), in(5s))).applied());
  wait_for([&] { return views.views.size() > before && views.views.back().config.has_value(); });

  config.key_prefix = "/service/other/";
  auto foreign = run_task(io_, make(config).store.write(config_write("{}"), in(3s)));
  EXPECT_EQ(foreign.kind, WriteKind::Refused);
  EXPECT_EQ(foreign.error.code, ErrorCode::Denied) << foreign.error.text();
}

TEST_F(EtcdTrouble, certificates) {
  testing::TemporaryDirectory files, strangers;
  testing::make_certificates(files.path());
  testing::make_certificates(strangers.path());
  EtcdClusterOptions options;
  options.tls = testing::EtcdTls{files / "ca.crt", files / "server.crt", files / "server.key", true};
  start(1, options);
  EtcdConfig config = etcd_config(cluster_->hosts(), "/service/batman/", "node1");
  config.protocol = "https";
  HttpClientSettings good;
  good.cacert = files / "ca.crt";
  good.cert = files / "client.crt";
  good.key = files / "client.key";

  RealEtcdStore& s = make(config, good);
  auto loaded = run_task(io_, s.store.load(in(5s)));
  EXPECT_TRUE(loaded) << loaded.error().text();

  auto refused = [&](HttpClientSettings http, const char* what) {
    const Instant began = clock_.now();
    auto view = run_task(io_, make(config, http).store.load(in(5s)));
    EXPECT_FALSE(view) << what;
    if (view) return;
    EXPECT_EQ(view.error().code, ErrorCode::Denied) << what << ": " << view.error().text();
    EXPECT_LT(clock_.now() - began, 2s) << what;
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
  EXPECT_TRUE(run_task(io_, s.store.load(in(5s))));
}

}  // namespace
}  // namespace tamada
