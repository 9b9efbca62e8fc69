// Real clusters of etcd in trouble, for the stores on either of its APIs.
#pragma once

#include <signal.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/etcd_cluster.h"
#include "support/real_store.h"
#include "support/run_task.h"

namespace tamada::testing {

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

inline StoreWrite config_write(std::string value) {
  return {StoreKey::Config, std::move(value), {}, std::nullopt};
}

template <class EtcdStore>
class EtcdTroubleOf : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!have_etcd()) GTEST_SKIP() << "etcd is not installed here";
  }
  void TearDown() override {
    for (auto& s : stores_) run_task(io_, s->store.stop());
  }

  void start(int members, EtcdClusterOptions options = {}) {
    options.members = members;
    cluster_ = std::make_unique<EtcdCluster>(options);
  }
  RealStore<EtcdStore>& make(const std::string& member, HttpClientSettings http = {}) {
    return make(etcd_config(cluster_->hosts(), "/service/batman/", member), std::move(http));
  }
  RealStore<EtcdStore>& make(EtcdConfig config, HttpClientSettings http = {}) {
    stores_.push_back(std::make_unique<RealStore<EtcdStore>>(io_.get_executor(), std::move(config), std::move(http)));
    return *stores_.back();
  }
  Instant in(Duration d) const { return clock_.now() + d; }
  LockProof acquire(RealStore<EtcdStore>& s, std::chrono::seconds ttl) {
    AcquireRequest request;
    request.ttl = ttl;
    auto got = run_task(io_, s.store.acquire_leader(request, in(5s)));
    EXPECT_TRUE(got.applied()) << got.error.text();
    return got.applied() ? *got.value : LockProof{};
  }
  // Renews as a leader does until `until`; the smallest validity that was left before a renewal was proven.
  Duration keep_renewing(RealStore<EtcdStore>& s, LockProof& proof, std::chrono::seconds ttl, Instant until) {
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
  std::vector<std::unique_ptr<RealStore<EtcdStore>>> stores_;
};

}  // namespace tamada::testing
