// The other keys: conditions of a write, members on their leases, the end of a cluster, calls without an answer. Part
// of contract/store_contract.h.
#pragma once

#include "contract/store_contract_fixture.h"

namespace tamada {

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
      if (t->under_test_->has_sessions()) {
        EXPECT_NE(view->member("a")->session, view->leader->generation.session);
      }
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

}  // namespace tamada
