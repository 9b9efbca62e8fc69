// What every Store must do (ports/store.h, safety.md 1), as one suite: it runs over each real store and over the
// simulator's, so that the fake stays honest. Include it in one translation unit of a test and instantiate:
//
//   INSTANTIATE_TEST_SUITE_P(Etcd3, StoreContract, ::testing::Values(StoreContractParam{"etcd3", make_it}),
//   contract_name);
//
// Bodies are coroutines; EXPECT only (ASSERT would return from a coroutine).
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

TEST_P(StoreContract, an_absent_cluster_is_an_empty_view_and_no_error) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    auto view = co_await a.load(t->soon());
    EXPECT_TRUE(view.has_value()) << (view ? "" : view.error().text());
    if (view) {
      EXPECT_TRUE(view->empty());
      EXPECT_FALSE(view->store_id.empty());
    }
    co_await a.stop();
  }(this));
}

TEST_P(StoreContract, only_one_member_gets_the_lock_and_the_other_is_told_who_has_it) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    Store& b = t->store("b");
    auto got = co_await a.acquire_leader(t->ask(), t->soon());
    EXPECT_TRUE(got.applied()) << got.error.text();
    auto lost = co_await b.acquire_leader(t->ask(), t->soon());
    EXPECT_EQ(lost.kind, WriteKind::Refused);
    EXPECT_EQ(lost.found, "a");
    auto view = co_await b.load(t->soon());
    EXPECT_TRUE(view && view->leader);
    if (got.applied() && view && view->leader) {
      EXPECT_EQ(view->leader->generation, got.value->generation);
      EXPECT_EQ(view->leader->name(), "a");
    }
    co_await a.stop();
    co_await b.stop();
  }(this));
}

TEST_P(StoreContract, validity_counts_from_before_the_request_and_never_exceeds_what_was_granted) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    const Instant before = t->clock().now();
    auto got = co_await a.acquire_leader(t->ask(), t->soon());
    const Instant after = t->clock().now();
    EXPECT_TRUE(got.applied());
    if (got.applied()) {
      EXPECT_GE(got.value->granted_ttl, Duration(t->ttl()));
      EXPECT_GE(got.value->valid_until, before + got.value->granted_ttl);
      EXPECT_LT(got.value->valid_until, after + got.value->granted_ttl);
      co_await t->clock().sleep_for(500ms);
      auto again = co_await a.renew(got.value->generation, {t->ttl(), std::nullopt}, t->soon());
      EXPECT_TRUE(again.applied()) << again.error.text();
      if (again.applied()) {
        EXPECT_GT(again.value->valid_until, got.value->valid_until);
        EXPECT_EQ(again.value->generation, got.value->generation);
      }
    }
    co_await a.stop();
  }(this));
}

TEST_P(StoreContract, a_generation_is_an_acquisition_and_not_a_name) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    auto first = co_await a.acquire_leader(t->ask(), t->soon());
    EXPECT_TRUE(first.applied());
    if (!first.applied()) co_return;
    auto released = co_await a.release(first.value->generation, std::nullopt, t->soon());
    EXPECT_TRUE(released.applied()) << released.error.text();
    auto second = co_await a.acquire_leader(t->ask(), t->soon());
    EXPECT_TRUE(second.applied()) << second.error.text();
    if (!second.applied()) co_return;
    EXPECT_NE(first.value->generation, second.value->generation);
    auto renewed = co_await a.renew(first.value->generation, {t->ttl(), std::nullopt}, t->soon());
    EXPECT_EQ(renewed.kind, WriteKind::Refused);
    auto late = co_await a.release(first.value->generation, std::nullopt, t->soon());
    EXPECT_EQ(late.kind, WriteKind::Refused);
    auto view = co_await a.load(t->soon());
    EXPECT_TRUE(view && view->leader && view->leader->generation == second.value->generation);
    co_await a.stop();
  }(this));
}

TEST_P(StoreContract, renewing_never_creates_the_lock) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    auto got = co_await a.acquire_leader(t->ask(), t->soon());
    EXPECT_TRUE(got.applied());
    if (!got.applied()) co_return;
    auto released = co_await a.release(got.value->generation, std::nullopt, t->soon());
    EXPECT_TRUE(released.applied());
    auto renewed = co_await a.renew(got.value->generation, {t->ttl(), std::nullopt}, t->soon());
    EXPECT_EQ(renewed.kind, WriteKind::Refused);
    auto view = co_await a.load(t->soon());
    EXPECT_TRUE(view && view->unlocked());
    co_await a.stop();
  }(this));
}

TEST_P(StoreContract, an_abandoned_lock_goes_to_another_but_not_before_its_validity_ends) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    Store& b = t->store("b");
    auto got = co_await a.acquire_leader(t->ask(), t->soon());
    EXPECT_TRUE(got.applied());
    if (!got.applied()) co_return;
    co_await a.stop();
    const Instant limit = got.value->valid_until + t->under_test_->expiry_slack();
    bool taken = false;
    while (!taken && t->clock().now() < limit) {
      auto attempt = co_await b.acquire_leader(t->ask(), t->soon());
      taken = attempt.applied();
      if (!taken) co_await t->clock().sleep_for(50ms);
    }
    EXPECT_TRUE(taken);
    EXPECT_GE(t->clock().now(), got.value->valid_until);
    co_await b.stop();
  }(this));
}

TEST_P(StoreContract, a_renewed_lock_outlives_its_first_validity) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    auto got = co_await a.acquire_leader(t->ask(), t->soon());
    EXPECT_TRUE(got.applied());
    if (!got.applied()) co_return;
    const Instant end = got.value->valid_until + 2s;
    while (t->clock().now() < end) {
      co_await t->clock().sleep_for(1s);
      auto renewed = co_await a.renew(got.value->generation, {t->ttl(), std::nullopt}, t->soon());
      EXPECT_TRUE(renewed.applied()) << renewed.error.text();
    }
    co_await a.stop();
  }(this));
}

TEST_P(StoreContract, the_race_is_lost_when_what_it_was_decided_on_has_changed) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    auto sync = co_await a.write(contract::write_of(StoreKey::Sync, R"({"leader":"x","quorum":0,"sync_standby":"a"})"),
                                 t->soon());
    EXPECT_TRUE(sync.applied());
    auto request = t->ask();
    request.sync_revision = 0;  // decided when there was no /sync
    auto refused = co_await a.acquire_leader(request, t->soon());
    EXPECT_EQ(refused.kind, WriteKind::Refused);
    request.sync_revision = sync.value.value_or(0);
    request.failover_revision = 0;
    auto claim = co_await a.write(contract::write_of(StoreKey::Timeline, R"({"claimed":2,"by":"x"})"), t->soon());
    request.timeline_revision = 0;
    refused = co_await a.acquire_leader(request, t->soon());
    EXPECT_EQ(refused.kind, WriteKind::Refused) << "somebody has claimed a timeline";
    EXPECT_EQ(refused.found, "") << "and nobody holds the lock";
    request.timeline_revision = claim.value.value_or(0);
    auto applied = co_await a.acquire_leader(request, t->soon());
    EXPECT_TRUE(applied.applied()) << applied.error.text();
    co_await a.stop();
  }(this));
}

TEST_P(StoreContract, writes_obey_their_condition) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    auto created = co_await a.write(contract::write_of(StoreKey::Initialize, "", WriteCondition::absent()), t->soon());
    EXPECT_TRUE(created.applied()) << created.error.text();
    auto again = co_await a.write(contract::write_of(StoreKey::Initialize, "1", WriteCondition::absent()), t->soon());
    EXPECT_EQ(again.kind, WriteKind::Refused);
    auto view = co_await a.load(t->soon());
    EXPECT_TRUE(view && view->initialize);
    if (!view || !view->initialize) co_return;
    EXPECT_EQ(view->initialize->value, "");  // empty is not absent
    EXPECT_EQ(view->initialize->revision, created.value.value_or(-1));
    const auto revision = view->initialize->revision;
    auto set = co_await a.write(
        contract::write_of(StoreKey::Initialize, "7711229962259062644", WriteCondition::unchanged(revision)),
        t->soon());
    EXPECT_TRUE(set.applied());
    auto stale = co_await a.write(
        contract::write_of(StoreKey::Initialize, std::nullopt, WriteCondition::unchanged(revision)), t->soon());
    EXPECT_EQ(stale.kind, WriteKind::Refused);
    auto gone = co_await a.write(
        contract::write_of(StoreKey::Initialize, std::nullopt, WriteCondition::unchanged(set.value.value_or(0))),
        t->soon());
    EXPECT_TRUE(gone.applied());
    auto after = co_await a.load(t->soon());
    EXPECT_TRUE(after && !after->initialize);
    auto unconditional = co_await a.write(contract::write_of(StoreKey::History, "[]"), t->soon());
    EXPECT_TRUE(unconditional.applied());
    co_await a.stop();
  }(this));
}

TEST_P(StoreContract, what_a_leader_writes_is_refused_once_its_generation_is_gone) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    auto got = co_await a.acquire_leader(t->ask(), t->soon());
    EXPECT_TRUE(got.applied());
    if (!got.applied()) co_return;
    auto write = contract::write_of(StoreKey::History, "[]");
    write.while_leading = got.value->generation;
    auto first = co_await a.write(write, t->soon());
    EXPECT_TRUE(first.applied()) << first.error.text();
    auto released = co_await a.release(got.value->generation, std::nullopt, t->soon());
    EXPECT_TRUE(released.applied());
    auto again = co_await a.acquire_leader(t->ask(), t->soon());
    EXPECT_TRUE(again.applied());
    write.value = "[[1,2,\"x\"]]";
    auto late = co_await a.write(write, t->soon());
    EXPECT_EQ(late.kind, WriteKind::Refused);
    auto view = co_await a.load(t->soon());
    EXPECT_TRUE(view && view->history && view->history->lines.empty());
    co_await a.stop();
  }(this));
}

TEST_P(StoreContract, status_travels_with_a_renewal_and_with_a_release) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    auto got = co_await a.acquire_leader(t->ask(), t->soon());
    EXPECT_TRUE(got.applied());
    if (!got.applied()) co_return;
    StatusDocument status;
    status.optime = Lsn{100663296};
    status.slots["b"] = 100663200;
    auto renewed = co_await a.renew(got.value->generation, {t->ttl(), status}, t->soon());
    EXPECT_TRUE(renewed.applied()) << renewed.error.text();
    auto view = co_await a.load(t->soon());
    EXPECT_TRUE(view && view->status && *view->status == status);
    StatusDocument last = status;
    last.optime = Lsn{200663296};
    LockGeneration other = got.value->generation;
    other.create_revision += 1;
    auto foreign = co_await a.release(other, last, t->soon());
    EXPECT_EQ(foreign.kind, WriteKind::Refused);
    auto released = co_await a.release(got.value->generation, last, t->soon());
    EXPECT_TRUE(released.applied()) << released.error.text();
    view = co_await a.load(t->soon());
    EXPECT_TRUE(view && view->status && *view->status == last && view->unlocked());
    co_await a.stop();
  }(this));
}

TEST_P(StoreContract, a_member_key_lives_on_its_own_lease_and_vanishes_without_it) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    Store& b = t->store("b");
    const std::string value =
        R"({"conn_url":"postgres://10.0.0.1:5432/postgres","state":"running","role":"replica","x":"ä"})";
    auto touched = co_await a.touch_member(value, t->ttl(), false, t->soon());
    EXPECT_TRUE(touched.applied()) << touched.error.text();
    auto got = co_await a.acquire_leader(t->ask(), t->soon());
    EXPECT_TRUE(got.applied());
    auto view = co_await b.load(t->soon());
    EXPECT_TRUE(view && view->member("a") != nullptr && view->leader);
    if (view && view->member("a") != nullptr && view->leader) {
      EXPECT_EQ(view->member("a")->conn_url, "postgres://10.0.0.1:5432/postgres");
      EXPECT_NE(view->member("a")->session, view->leader->generation.session);
    }
    const Instant end = t->clock().now() + t->ttl() + 2s;
    while (t->clock().now() < end) {
      auto kept = co_await a.touch_member(value, t->ttl(), true, t->soon());
      EXPECT_TRUE(kept.applied()) << kept.error.text();
      co_await t->clock().sleep_for(1s);
    }
    view = co_await b.load(t->soon());
    EXPECT_TRUE(view && view->member("a") != nullptr);
    co_await a.stop();
    co_await t->clock().sleep_for(t->ttl() + t->under_test_->expiry_slack());
    view = co_await b.load(t->soon());
    EXPECT_TRUE(view && view->member("a") == nullptr);
    co_await b.stop();
  }(this));
}

TEST_P(StoreContract, releasing_the_lock_keeps_the_member_key) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    auto touched = co_await a.touch_member("{}", t->ttl(), false, t->soon());
    EXPECT_TRUE(touched.applied());
    auto got = co_await a.acquire_leader(t->ask(), t->soon());
    EXPECT_TRUE(got.applied());
    if (!got.applied()) co_return;
    auto released = co_await a.release(got.value->generation, std::nullopt, t->soon());
    EXPECT_TRUE(released.applied());
    auto view = co_await a.load(t->soon());
    EXPECT_TRUE(view && view->unlocked() && view->member("a") != nullptr);
    co_await a.stop();
  }(this));
}

TEST_P(StoreContract, a_watcher_sees_what_others_change) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    Store& b = t->store("b");
    contract::Views views;
    b.watch(views);
    const Instant first_by = t->clock().now() + 5s;
    while (views.views.empty() && t->clock().now() < first_by) co_await t->clock().sleep_for(20ms);
    EXPECT_FALSE(views.views.empty());
    auto got = co_await a.acquire_leader(t->ask(), t->soon());
    EXPECT_TRUE(got.applied());
    auto config = co_await a.write(contract::write_of(StoreKey::Config, R"({"ttl":20})"), t->soon());
    EXPECT_TRUE(config.applied());
    const Instant by = t->clock().now() + 5s;
    auto complete = [&] {
      return !views.views.empty() && views.views.back().leader && views.views.back().config &&
             views.views.back().leader->name() == "a";
    };
    while (!complete() && t->clock().now() < by) co_await t->clock().sleep_for(20ms);
    EXPECT_TRUE(complete());
    if (got.applied()) {
      auto released = co_await a.release(got.value->generation, std::nullopt, t->soon());
      EXPECT_TRUE(released.applied());
    }
    const Instant gone_by = t->clock().now() + 5s;
    while (views.views.back().leader && t->clock().now() < gone_by) co_await t->clock().sleep_for(20ms);
    EXPECT_FALSE(views.views.back().leader);
    for (std::size_t i = 1; i < views.views.size(); ++i) {
      EXPECT_GE(views.views[i].revision, views.views[i - 1].revision);
    }
    co_await a.stop();
    co_await b.stop();
  }(this));
}

TEST_P(StoreContract, a_quiet_watch_is_not_taken_for_a_broken_one) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    // The key that was written last is not the one that sorts first.
    for (StoreKey key : {StoreKey::Config, StoreKey::History}) {
      auto written = co_await a.write(contract::write_of(key, "[]"), t->soon());
      EXPECT_TRUE(written.applied());
    }
    contract::Views views;
    t->store("b").watch(views);
    co_await t->clock().sleep_for(6s);
    EXPECT_EQ(views.views.size(), 1u);
    EXPECT_EQ(views.lost, 0);
    co_await a.stop();
    co_await t->store("b").stop();
  }(this));
}

TEST_P(StoreContract, a_restarted_daemon_adopts_exactly_its_own_lock) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    auto got = co_await a.acquire_leader(t->ask(), t->soon());
    auto view = co_await a.load(t->soon());
    EXPECT_TRUE(got.applied() && view);
    if (!got.applied() || !view) co_return;
    AdoptionRecord record{"boot", view->store_id, got.value->generation, got.value->granted_ttl};
    co_await a.stop();
    Store& again = t->store("a#2");  // the same member, another process
    auto adopted = co_await again.adopt_leader(record, t->ttl(), t->soon());
    EXPECT_TRUE(adopted.applied()) << adopted.error.text();
    if (adopted.applied()) {
      EXPECT_EQ(adopted.value->generation, got.value->generation);
      EXPECT_GT(adopted.value->valid_until, got.value->valid_until - 1s);
      auto renewed = co_await again.renew(adopted.value->generation, {t->ttl(), std::nullopt}, t->soon());
      EXPECT_TRUE(renewed.applied()) << renewed.error.text();
    }
    AdoptionRecord other = record;
    other.generation.create_revision -= 1;
    auto refused = co_await again.adopt_leader(other, t->ttl(), t->soon());
    EXPECT_EQ(refused.kind, WriteKind::Refused);
    auto released = co_await again.release(got.value->generation, std::nullopt, t->soon());
    EXPECT_TRUE(released.applied());
    auto gone = co_await again.adopt_leader(record, t->ttl(), t->soon());
    EXPECT_EQ(gone.kind, WriteKind::Refused);
    co_await again.stop();
  }(this));
}

TEST_P(StoreContract, taking_the_lock_after_a_bootstrap_overwrites_what_stands_there) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    Store& b = t->store("b");
    auto got = co_await a.acquire_leader(t->ask(), t->soon());
    EXPECT_TRUE(got.applied());
    auto request = t->ask();
    request.take = true;
    auto taken = co_await b.acquire_leader(request, t->soon());
    EXPECT_TRUE(taken.applied()) << taken.error.text();
    if (got.applied() && taken.applied()) {
      EXPECT_EQ(taken.value->generation.holder, "b");
      auto old = co_await a.renew(got.value->generation, {t->ttl(), std::nullopt}, t->soon());
      EXPECT_EQ(old.kind, WriteKind::Refused);
      auto renewed = co_await b.renew(taken.value->generation, {t->ttl(), std::nullopt}, t->soon());
      EXPECT_TRUE(renewed.applied()) << renewed.error.text();
    }
    co_await a.stop();
    co_await b.stop();
  }(this));
}

TEST_P(StoreContract, deleting_the_cluster_leaves_no_key) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    auto touched = co_await a.touch_member("{}", t->ttl(), false, t->soon());
    auto config = co_await a.write(contract::write_of(StoreKey::Config, "{}"), t->soon());
    auto status = co_await a.write(contract::write_of(StoreKey::OptimeLeader, "5"), t->soon());
    EXPECT_TRUE(touched.applied() && config.applied() && status.applied());
    auto gone = co_await a.delete_cluster(t->soon());
    EXPECT_TRUE(gone.applied()) << gone.error.text();
    auto view = co_await a.load(t->soon());
    EXPECT_TRUE(view && view->empty());
    co_await a.stop();
  }(this));
}

TEST_P(StoreContract, every_call_ends_by_its_deadline_and_an_unanswered_write_is_unknown) {
  check([](StoreContract* t) -> Task<void> {
    Store& a = t->store("a");
    const Instant past = t->clock().now() - 1s;
    const Instant begin = t->clock().now();
    auto view = co_await a.load(past);
    EXPECT_FALSE(view.has_value());
    auto got = co_await a.acquire_leader(t->ask(), past);
    EXPECT_EQ(got.kind, WriteKind::Unknown);
    auto written = co_await a.write(contract::write_of(StoreKey::Config, "{}"), past);
    EXPECT_EQ(written.kind, WriteKind::Unknown);
    auto touched = co_await a.touch_member("{}", t->ttl(), false, past);
    EXPECT_EQ(touched.kind, WriteKind::Unknown);
    EXPECT_LT(t->clock().now(), begin + 2s);
    co_await a.stop();
  }(this));
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreContract);

}  // namespace tamada
