// The watch: what others change is seen, and silence is no fault. Part of contract/store_contract.h.
#pragma once

#include "contract/store_contract_fixture.h"

namespace tamada {

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

}  // namespace tamada
