// How far the view of the cluster can be believed (safety.md 4).
#include <gtest/gtest.h>

#include "engine/view_keeper.h"
#include "support/engine_parts.h"

namespace tamada {
namespace {

using test::healthy_view;
using test::silence;

struct Views {
  Views() {
    parts.store.on_load = [this] { return stored; };
    views.update_settings(parts.settings->dynamic);
  }
  ~Views() { clock().run(views.stop()); }
  test::ManualClock& clock() { return parts.clock; }
  Instant now() { return parts.clock.now(); }
  bool load() { return clock().run(views.load(now() + 5s)).has_value(); }
  // Fresh and fed by the watch.
  void start() {
    EXPECT_TRUE(load());
    views.start();
    views.on_view(stored);
    clock().settle();
    changes = 0;
    parts.store.calls.clear();
  }

  test::EngineParts parts;
  ClusterView stored = healthy_view();
  int changes = 0;
  ViewKeeper views{clock().executor(), parts.clock, parts.store, parts.log, [this] { ++changes; }};
};

TEST(ViewKeeper, begins_in_doubt_and_a_load_settles_it) {
  Views v;
  EXPECT_EQ(v.views.reach(), StoreReach::Doubtful);
  EXPECT_EQ(v.views.view(), nullptr);
  EXPECT_TRUE(v.load());
  EXPECT_EQ(v.views.reach(), StoreReach::Fresh);
  EXPECT_EQ(v.changes, 1);
  EXPECT_EQ(v.views.last_seen_at(), v.now());
}

TEST(ViewKeeper, without_a_watch_a_view_is_fresh_for_loop_wait_from_its_request_on) {
  Views v;
  v.parts.store.takes = 2s;
  const Instant asked = v.now();
  EXPECT_TRUE(v.load());
  EXPECT_EQ(v.views.next_change(), asked + 10s);
  v.clock().advance(8s);
  EXPECT_EQ(v.views.reach(), StoreReach::Doubtful);
}

TEST(ViewKeeper, the_watch_keeps_it_fresh) {
  Views v;
  v.start();
  v.clock().advance(1h);
  EXPECT_EQ(v.views.reach(), StoreReach::Fresh);
  EXPECT_EQ(v.views.next_change(), kNever);
  EXPECT_EQ(v.parts.store.count("load"), 0);
}

TEST(ViewKeeper, a_lost_watch_is_a_doubt_that_its_next_view_settles) {
  Views v;
  v.start();
  v.parts.store.takes = 1s;
  v.views.on_watch_lost(silence());
  EXPECT_EQ(v.views.reach(), StoreReach::Doubtful);
  EXPECT_EQ(v.changes, 1);
  v.views.on_view(v.stored);
  EXPECT_EQ(v.views.reach(), StoreReach::Fresh);
  EXPECT_EQ(v.changes, 2);
}

TEST(ViewKeeper, a_lost_watch_loads_at_once) {
  Views v;
  v.start();
  v.views.on_watch_lost(silence());
  v.clock().settle();
  EXPECT_EQ(v.parts.store.count("load"), 1);
  EXPECT_EQ(v.views.reach(), StoreReach::Fresh);
  v.clock().advance(1min);
  EXPECT_EQ(v.views.reach(), StoreReach::Fresh) << "read again in time";
  EXPECT_GE(v.parts.store.count("load"), 6);
  EXPECT_LE(v.parts.store.count("load"), 14);
}

TEST(ViewKeeper, a_stall_is_settled_by_a_load_only) {
  Views v;
  v.start();
  v.parts.store.takes = 1s;
  v.views.doubt("a stall");
  v.clock().settle();
  v.views.on_view(v.stored);
  EXPECT_EQ(v.views.reach(), StoreReach::Doubtful) << "what the watch brings may have waited in a buffer";
  v.clock().advance(1s);
  EXPECT_EQ(v.views.reach(), StoreReach::Fresh);
}

TEST(ViewKeeper, a_stall_while_the_watch_is_lost_is_settled_by_a_load_only) {
  Views v;
  v.start();
  v.parts.store.takes = 1s;
  v.views.on_watch_lost(silence());
  v.clock().settle();
  v.views.doubt("a stall");
  v.views.on_view(v.stored);
  EXPECT_EQ(v.views.reach(), StoreReach::Doubtful);
}

TEST(ViewKeeper, a_watch_that_is_lost_after_a_stall_does_not_settle_it_either) {
  Views v;
  v.start();
  v.parts.store.takes = 1s;
  v.views.doubt("a stall");
  v.views.on_watch_lost(silence());
  v.views.on_view(v.stored);
  EXPECT_EQ(v.views.reach(), StoreReach::Doubtful);
}

TEST(ViewKeeper, an_answer_to_a_request_before_the_doubt_does_not_settle_it) {
  Views v;
  v.start();
  v.parts.store.takes = 2s;
  v.clock().start(v.views.load(v.now() + 5s));
  v.clock().advance(1s);
  v.views.doubt("a stall");
  v.clock().advance(1s);
  EXPECT_EQ(v.views.reach(), StoreReach::Doubtful);
  v.clock().advance(1s);
  EXPECT_EQ(v.views.reach(), StoreReach::Fresh);
  EXPECT_EQ(v.parts.store.count("load"), 2);
}

// One that was on its way while a load brought something newer, or a store that went back: a load tells which.
TEST(ViewKeeper, a_view_of_the_watch_older_than_what_was_loaded_is_doubted_not_believed) {
  Views v;
  v.start();
  const ClusterView old = v.stored;
  v.stored.revision += 5;
  v.stored.leader.reset();
  EXPECT_TRUE(v.load());
  v.views.on_view(old);
  EXPECT_FALSE(v.views.view()->leader);
  EXPECT_EQ(v.views.reach(), StoreReach::Doubtful);
  v.clock().advance(1s);
  EXPECT_EQ(v.views.reach(), StoreReach::Fresh);
  EXPECT_FALSE(v.views.view()->leader);
  v.stored = old;  // it did go back
  v.views.on_view(old);
  v.clock().advance(1s);
  EXPECT_TRUE(v.views.view()->leader);
}

TEST(ViewKeeper, an_answer_older_than_what_the_watch_brought_changes_nothing) {
  Views v;
  v.start();
  v.parts.store.takes = 2s;
  const auto loaded = v.clock().start(v.views.load(v.now() + 5s));
  v.clock().advance(1s);
  ClusterView newer = v.stored;
  newer.revision = 30;
  newer.leader.reset();
  v.views.on_view(newer);
  v.clock().advance(1s);
  EXPECT_TRUE(loaded()->has_value());
  EXPECT_EQ(v.views.view()->revision, 30);
}

TEST(ViewKeeper, an_answer_newer_than_what_the_watch_brought_is_taken) {
  Views v;
  v.start();
  v.parts.store.takes = 2s;
  ClusterView newer = v.stored;
  newer.revision = 30;
  v.clock().start(v.views.load(v.now() + 5s));
  v.clock().advance(1s);
  v.views.on_view(newer);
  v.stored.revision = 31;
  v.clock().advance(1s);
  EXPECT_EQ(v.views.view()->revision, 31);
}

TEST(ViewKeeper, a_store_that_went_back_is_believed) {
  Views v;
  v.start();
  v.stored.revision = 3;
  EXPECT_TRUE(v.load());
  EXPECT_EQ(v.views.view()->revision, 3);
  EXPECT_EQ(v.changes, 1);
}

TEST(ViewKeeper, unreachable_after_retry_timeout_without_an_answer) {
  Views v;
  v.start();
  v.parts.store.on_load = [] { return Result<ClusterView>(silence()); };
  v.views.on_watch_lost(silence());
  v.clock().settle();
  EXPECT_EQ(v.views.next_change(), v.now() + 10s);
  v.clock().advance(10s - 1ms);
  EXPECT_EQ(v.views.reach(), StoreReach::Doubtful);
  v.clock().advance(1ms);
  EXPECT_EQ(v.views.reach(), StoreReach::Unreachable);
  EXPECT_EQ(v.views.next_change(), kNever) << "a time of the past would make the loop run without a rest";
  const int before = v.changes;
  v.parts.store.on_load = [&] { return v.stored; };
  v.clock().advance(1s);
  EXPECT_EQ(v.views.reach(), StoreReach::Fresh);
  EXPECT_GT(v.changes, before);
}

TEST(ViewKeeper, a_view_whose_time_ran_out_is_no_reason_to_look_all_the_time) {
  Views v;
  EXPECT_TRUE(v.load());
  v.clock().advance(11s);
  EXPECT_EQ(v.views.reach(), StoreReach::Doubtful);
  EXPECT_EQ(v.views.next_change(), kNever);
  v.parts.store.on_load = [] { return Result<ClusterView>(silence()); };
  EXPECT_FALSE(v.load());
  EXPECT_EQ(v.views.next_change(), v.now() + 10s);
}

TEST(ViewKeeper, own_writes_and_positions_do_not_run_the_loop) {
  Views v;
  v.start();
  ClusterView next = v.stored;
  next.revision = 21;
  next.status->optime = Lsn{0x6000000};
  next.status_revision = 21;
  next.members[1].xlog_location = Lsn{0x6000000};
  next.leader->revision = 21;
  v.views.on_view(next);
  EXPECT_EQ(v.changes, 0);
  EXPECT_EQ(v.views.view()->revision, 21);
}

TEST(ViewKeeper, what_a_decision_depends_on_runs_the_loop) {
  const ClusterView before = healthy_view();
  const auto matters = [&](const std::function<void(ClusterView&)>& change) {
    ClusterView after = before;
    change(after);
    return decision_relevant(before, after);
  };
  EXPECT_FALSE(matters([](ClusterView&) {}));
  EXPECT_TRUE(matters([](ClusterView& v) { v.leader.reset(); }));
  EXPECT_TRUE(matters([](ClusterView& v) { v.leader->generation.session = "b"; }));
  EXPECT_TRUE(matters([](ClusterView& v) { v.failover_revision = 9; }));
  EXPECT_TRUE(matters([](ClusterView& v) { v.config_revision = 9; }));
  EXPECT_TRUE(matters([](ClusterView& v) { v.sync.revision = 9; }));
  EXPECT_TRUE(matters([](ClusterView& v) { v.initialize = InitializeKey{"", 9}; }));
  EXPECT_TRUE(matters([](ClusterView& v) { v.store_id = "other"; }));
  EXPECT_TRUE(matters([](ClusterView& v) { v.revision = 1; }));
  EXPECT_TRUE(matters([](ClusterView& v) { v.members.pop_back(); }));
  EXPECT_TRUE(matters([](ClusterView& v) { v.members[1].state = PgState::Stopped; }));
  EXPECT_TRUE(matters([](ClusterView& v) { v.members[1].timeline = Timeline{2}; }));
  EXPECT_TRUE(matters([](ClusterView& v) { v.members[1].tags.raw["nofailover"] = true; }));
}

}  // namespace
}  // namespace tamada
