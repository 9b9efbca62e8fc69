// What only the v2 API of etcd has: it must be switched on, users are its own, and it forgets changes after a thousand.
#include <fmt/format.h>

#include "etcd_trouble_fixture.h"

namespace tamada {
namespace {

using testing::config_write;
using testing::etcd_config;
using testing::run_task;

using Etcd2Trouble = testing::EtcdTroubleOf<Etcd2Store>;

TEST_F(Etcd2Trouble, an_etcd_that_does_not_serve_the_api_is_told_so) {
  start(1, {.more = {"--enable-v2=false"}});
  const Instant began = clock_.now();
  auto view = run_task(io_, make("node1").store.load(in(5s)));
  ASSERT_FALSE(view);
  EXPECT_NE(view.error().text().find("--enable-v2"), std::string::npos) << view.error().text();
  EXPECT_LT(clock_.now() - began, 2s);
}

TEST_F(Etcd2Trouble, users_and_passwords) {
  start(1);
  cluster_->ctl2(0, "user add root:secret");
  cluster_->ctl2(0, "auth enable");
  cluster_->ctl2(0, "-u root:secret role add patroni");
  cluster_->ctl2(0, "-u root:secret role grant patroni -path '/service/batman/*' -readwrite");
  cluster_->ctl2(0, "-u root:secret user add patroni:pw");
  cluster_->ctl2(0, "-u root:secret user grant patroni -roles patroni");
  cluster_->ctl2(0, "-u root:secret role revoke guest -path '/*' -readwrite");
  auto config = etcd_config(cluster_->hosts(), "/service/batman/", "node1");
  config.username = "patroni";
  config.password = "wrong";
  auto& s = make(config);
  auto wrong = run_task(io_, s.store.write(config_write("{}"), in(3s)));
  EXPECT_EQ(wrong.kind, WriteKind::Refused);
  EXPECT_EQ(wrong.error.code, ErrorCode::Denied) << wrong.error.text();
  EXPECT_FALSE(run_task(io_, s.store.load(in(3s))));
  config.password = "pw";
  s.store.update_config(config);
  EXPECT_TRUE(run_task(io_, s.store.write(config_write("{}"), in(3s))).applied());
  const LockProof proof = acquire(s, 5s);
  EXPECT_TRUE(run_task(io_, s.store.renew(proof.generation, {5s, std::nullopt}, in(3s))).applied());
  config.key_prefix = "/service/other/";
  auto foreign = run_task(io_, make(config).store.write(config_write("{}"), in(3s)));
  EXPECT_EQ(foreign.kind, WriteKind::Refused) << foreign.error.text();
}

TEST_F(Etcd2Trouble, a_watch_goes_on_after_a_restart_of_etcd_and_after_changes_that_were_forgotten) {
  start(1);
  auto& s = make("node1");
  s.store.watch(views);
  wait_for([&] { return !views.views.empty(); });
  EXPECT_TRUE(run_task(io_, s.store.write(config_write(R"({"ttl":1})"), in(3s))).applied());
  wait_for([&] { return views.config() == R"({"ttl":1})"; });
  cluster_->restart(0);
  cluster_->wait_until_healthy(0);
  EXPECT_TRUE(run_task(io_, s.store.write(config_write(R"({"ttl":2})"), in(5s))).applied());
  wait_for([&] { return views.config() == R"({"ttl":2})"; });
  // More changes elsewhere than etcd remembers.
  auto& other = make(etcd_config(cluster_->hosts(), "/service/other/", "node1"));
  for (int i = 0; i < 1100; ++i) {
    ASSERT_TRUE(run_task(io_, other.store.write(config_write("{}"), in(5s))).applied());
  }
  EXPECT_TRUE(run_task(io_, s.store.write(config_write(R"({"ttl":3})"), in(5s))).applied());
  wait_for([&] { return views.config() == R"({"ttl":3})"; });
}

TEST_F(Etcd2Trouble, keys_that_are_only_refreshed_wake_nobody) {
  start(1);
  auto& a = make("node1");
  auto& b = make("node2");
  b.store.watch(views);
  ASSERT_TRUE(run_task(io_, a.store.touch_member("{}", 30s, false, in(3s))).applied());
  wait_for([&] { return !views.views.empty() && views.views.back().member("node1") != nullptr; });
  const std::size_t before = views.views.size();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(run_task(io_, a.store.touch_member("{}", 30s, true, in(3s))).applied());
  }
  run_task(io_, clock_.sleep_for(300ms));
  EXPECT_EQ(views.views.size(), before);
}

}  // namespace
}  // namespace tamada
