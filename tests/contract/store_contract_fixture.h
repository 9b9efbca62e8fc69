// The store under test of contract/store_contract.h, and what its rooms share. Bodies of tests are coroutines; EXPECT
// only (ASSERT would return from a coroutine).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "base/async.h"
#include "ports/clock.h"
#include "ports/store.h"

namespace tamada {

// One empty cluster in one store, and a way to run coroutines on it.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  // A client of the same cluster, as a daemon of that member would have it. Lives until the test ends; the test stops
  // it.
  virtual Store& store(const std::string& member) = 0;
  virtual Clock& clock() = 0;
  virtual Executor executor() = 0;
  virtual void run(Task<void> body) = 0;
  // The shortest time to live that the store keeps exactly.
  virtual std::chrono::seconds short_ttl() const { return std::chrono::seconds(5); }
  // Keys hang on sessions or leases; else each has a time to live of its own.
  virtual bool has_sessions() const { return true; }
  // How long after its end of validity a lock may stay (scan of expired leases, a store leader's change ...).
  virtual Duration expiry_slack() const { return 4s; }
};

struct StoreContractParam {
  std::string name;
  std::function<std::unique_ptr<StoreUnderTest>()> make;  // null: the store is not installed
};

inline std::string contract_name(const ::testing::TestParamInfo<StoreContractParam>& info) {
  return info.param.name;
}

class StoreContract : public ::testing::TestWithParam<StoreContractParam> {
 public:
  void SetUp() override {
    under_test_ = GetParam().make();
    if (!under_test_) GTEST_SKIP() << GetParam().name << " is not installed here";
  }
  void TearDown() override { under_test_.reset(); }
  Store& store(const std::string& member) { return under_test_->store(member); }
  Clock& clock() { return under_test_->clock(); }
  Instant soon() { return clock().now() + 3s; }
  std::chrono::seconds ttl() { return under_test_->short_ttl(); }
  AcquireRequest ask() {
    AcquireRequest request;
    request.ttl = ttl();
    return request;
  }
  void check(Task<void> body) { under_test_->run(std::move(body)); }

  std::unique_ptr<StoreUnderTest> under_test_;
};

namespace contract {

struct Views final : StoreListener {
  std::vector<ClusterView> views;
  int lost = 0;
  void on_view(ClusterView view) override { views.push_back(std::move(view)); }
  void on_watch_lost(const Error&) override { ++lost; }
};

inline StoreWrite write_of(StoreKey key, std::optional<std::string> value, WriteCondition condition = {}) {
  StoreWrite w;
  w.key = key;
  w.value = std::move(value);
  w.condition = condition;
  return w;
}

}  // namespace contract

}  // namespace tamada
