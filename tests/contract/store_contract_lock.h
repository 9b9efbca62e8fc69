// The lock: who gets it, how long it is good for, who may renew, adopt or take it (safety.md 1). Part of
// contract/store_contract.h.
#pragma once

#include "contract/store_contract_fixture.h"

namespace tamada {

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

}  // namespace tamada
