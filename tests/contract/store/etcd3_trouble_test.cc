// What only the v3 API of etcd has: leases, users with rights, transactions.
#include <fmt/format.h>

#include "etcd_trouble_fixture.h"

namespace tamada {
namespace {

using testing::config_write;
using testing::etcd_config;
using testing::EtcdClusterOptions;
using testing::RealEtcdStore;
using testing::run_task;

using EtcdTrouble = testing::EtcdTroubleOf<Etcd3Store>;

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

}  // namespace
}  // namespace tamada
