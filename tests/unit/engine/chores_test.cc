// The small steps beside a plan: once at a time, bound to the lock, refused by whatever changed meanwhile.
#include "engine/chores.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "support/engine_parts.h"

namespace tamada {
namespace {

using test::silence;

struct Beside {
  Beside() {
    parts.runs_as(true);
    lock.held = LockProof{{"n1", 7, "a"}, parts.clock.now() + 30s, 30s};
    view = test::healthy_view();
  }
  ~Beside() { parts.clock.run(chores.stop()); }
  void run(Chore chore) {
    chores.run(chore, std::make_shared<ClusterView>(view));
    parts.clock.settle();
  }
  const StoreWrite* written() { return parts.store.writes.size() == 1 ? &parts.store.writes[0] : nullptr; }

  test::EngineParts parts;
  test::FixedLock lock;
  ClusterView view;
  ProcedureContext context = parts.context_with(lock);
  Chores chores{parts.clock.executor(), parts.state, context};
};

TEST(Chores, one_of_a_kind_at_a_time_and_again_afterwards) {
  Beside b;
  b.parts.store.takes = 1s;
  b.run(Chore::ClearFailover);
  b.run(Chore::ClearFailover);
  EXPECT_EQ(b.parts.store.writes.size(), 1u);
  b.run(Chore::WriteInitialize);
  EXPECT_EQ(b.parts.store.writes.size(), 2u) << "another kind does not wait";
  b.parts.clock.advance(1s);
  b.run(Chore::ClearFailover);
  EXPECT_EQ(b.parts.store.writes.size(), 3u);
}

TEST(Chores, writes_of_the_leader_hold_only_while_its_generation_stands) {
  Beside b;
  b.view.failover_revision = 8;
  b.run(Chore::ClearFailover);
  ASSERT_NE(b.written(), nullptr);
  EXPECT_EQ(b.written()->value, "{}");
  EXPECT_EQ(b.written()->condition.revision, 8);
  EXPECT_EQ(b.written()->while_leading, b.lock.held->generation);
}

TEST(Chores, without_the_lock_nothing_of_the_leaders_is_written) {
  Beside b;
  b.lock.held.reset();
  b.view.failover = FailoverRequest{.leader = "n1"};
  b.parts.configure([](Settings& s) { s.dynamic_document = {{"ttl", 20}}; });
  for (Chore chore : {Chore::ClearFailover, Chore::DropFailoverLeader, Chore::RestoreConfig, Chore::UpdateHistory}) {
    b.run(chore);
  }
  EXPECT_TRUE(b.parts.store.writes.empty());
}

TEST(Chores, the_system_identifier_is_written_where_none_or_another_stands) {
  Beside b;
  b.run(Chore::WriteInitialize);
  ASSERT_NE(b.written(), nullptr);
  EXPECT_EQ(b.written()->value, "7711230260053689444");
  EXPECT_EQ(b.written()->condition.kind, WriteCondition::Kind::Absent);
  Beside c;
  c.view.initialize = InitializeKey{"", 4};
  c.run(Chore::WriteInitialize);
  EXPECT_EQ(c.written()->condition.revision, 4);
  Beside d;
  d.parts.state.postgres.control.reset();
  d.run(Chore::WriteInitialize);
  EXPECT_TRUE(d.parts.store.writes.empty());
}

TEST(Chores, the_cached_configuration_is_restored_only_when_there_is_one) {
  Beside b;
  b.run(Chore::RestoreConfig);
  EXPECT_TRUE(b.parts.store.writes.empty());
  b.parts.configure([](Settings& s) { s.dynamic_document = {{"ttl", 20}}; });
  b.run(Chore::RestoreConfig);
  ASSERT_NE(b.written(), nullptr);
  EXPECT_EQ(b.written()->value, R"({"ttl":20})");
  EXPECT_EQ(b.written()->condition.kind, WriteCondition::Kind::Absent);
}

TEST(Chores, a_request_loses_its_leader_and_keeps_the_rest) {
  Beside b;
  b.view.failover = FailoverRequest{.leader = "n1", .candidate = "n2"};
  b.view.failover_revision = 8;
  b.run(Chore::DropFailoverLeader);
  ASSERT_NE(b.written(), nullptr);
  EXPECT_EQ(b.written()->value, R"({"member":"n2"})");
}

TEST(Chores, the_history_of_a_new_timeline) {
  Beside b;
  b.parts.state.postgres.row->timeline = Timeline{2};
  b.parts.postgres.on_history = [] {
    return std::vector<HistoryLine>{{.timeline = Timeline{1}, .lsn = Lsn{9}, .reason = "r"}};
  };
  b.run(Chore::UpdateHistory);
  ASSERT_NE(b.written(), nullptr);
  EXPECT_EQ(b.written()->value, fmt::format(R"([[1,9,"r","{}","n1"]])", format_iso8601(b.parts.clock.wall_now())));
}

TEST(Chores, a_history_that_stands_already_is_not_written_for_ever) {
  Beside b;
  // Timeline 2 was somebody's failed promotion: 3 branched off from 1.
  b.parts.state.postgres.row->timeline = Timeline{3};
  b.parts.postgres.on_history = [] {
    return std::vector<HistoryLine>{{.timeline = Timeline{1}, .lsn = Lsn{9}, .reason = "r"}};
  };
  b.run(Chore::UpdateHistory);
  ASSERT_NE(b.written(), nullptr);
  b.view.history = parse_history(*b.written()->value);
  b.parts.clock.advance(10s);
  b.run(Chore::UpdateHistory);
  EXPECT_EQ(b.parts.store.writes.size(), 1u);
}

TEST(Chores, a_history_file_that_cannot_be_read_writes_nothing) {
  Beside b;
  b.parts.state.postgres.row->timeline = Timeline{2};
  b.parts.postgres.on_history = [] { return Result<std::vector<HistoryLine>>(silence()); };
  b.run(Chore::UpdateHistory);
  EXPECT_TRUE(b.parts.store.writes.empty());
}

TEST(Chores, a_cluster_made_anew_empties_the_history) {
  Beside b;
  b.view.history.emplace();
  b.view.history->lines.push_back({.timeline = Timeline{4}});
  b.view.history->revision = 5;
  b.run(Chore::UpdateHistory);
  ASSERT_NE(b.written(), nullptr);
  EXPECT_EQ(b.written()->value, "[]");
}

TEST(Chores, slots_of_members_come_and_go) {
  Beside b;
  b.parts.postgres.on_slots = [] {
    SlotInfo gone;
    gone.name = "gone";
    SlotInfo n2;
    n2.name = "n2";
    return std::vector<SlotInfo>{gone, n2};
  };
  b.run(Chore::SyncSlots);
  EXPECT_EQ(b.parts.postgres.calls, (std::vector<std::string>{"drop gone", "create n3"}));
}

TEST(Chores, a_slot_that_cannot_be_dropped_keeps_nobody_from_getting_one) {
  Beside b;
  b.parts.postgres.on_slots = [] {
    SlotInfo gone;
    gone.name = "gone";
    return std::vector<SlotInfo>{gone};
  };
  b.parts.postgres.on_drop_slot = [](const std::string&) { return Result<void>(silence()); };
  b.run(Chore::SyncSlots);
  EXPECT_EQ(b.parts.postgres.calls, (std::vector<std::string>{"drop gone", "create n2", "create n3"}));
  EXPECT_TRUE(b.parts.log_lines.contains("replication slot gone was not dropped"));
}

TEST(Chores, slots_that_cannot_be_listed_are_left_alone) {
  Beside b;
  b.parts.postgres.on_slots = [] { return Result<std::vector<SlotInfo>>(silence()); };
  b.run(Chore::SyncSlots);
  EXPECT_TRUE(b.parts.postgres.calls.empty());
}

TEST(Chores, the_checkpoint_after_a_promotion_is_reported_when_it_is_done) {
  Beside b;
  b.parts.postgres.on_checkpoint = [] { return Result<void>(silence()); };
  b.run(Chore::CheckpointAfterPromote);
  EXPECT_TRUE(b.parts.events.empty());
  b.parts.postgres.on_checkpoint = [] { return Result<void>(); };
  b.run(Chore::CheckpointAfterPromote);
  EXPECT_EQ(b.parts.events, std::vector{Event::Kind::CheckpointDone});
}

TEST(Chores, an_activated_watchdog_is_left_armed_only_with_a_lock_renewed_with_it) {
  Beside b;
  b.run(Chore::ActivateWatchdog);
  EXPECT_EQ(b.parts.watchdog.activated, 1);
  EXPECT_EQ(b.parts.watchdog.disabled, 0);
  b.lock.held.reset();  // confirm() fails
  b.run(Chore::ActivateWatchdog);
  EXPECT_EQ(b.parts.watchdog.activated, 2);
  EXPECT_EQ(b.parts.watchdog.disabled, 1);
}

TEST(Chores, the_watchdog_and_callbacks) {
  Beside b;
  b.run(Chore::DisableWatchdog);
  EXPECT_EQ(b.parts.watchdog.disabled, 1);
  b.run(Chore::OnStartCallback);
  ASSERT_EQ(b.parts.callbacks.called.size(), 1u);
  EXPECT_EQ(b.parts.callbacks.called[0], std::make_pair(Callbacks::Event::OnStart, Role::Primary));
}

TEST(Chores, slots_of_absent_members_stay_as_long_as_they_are_retained) {
  Beside b;
  b.view.members.pop_back();
  b.parts.state.memory.slots_seen = {{"n3", b.parts.clock.now()}};
  b.parts.postgres.on_slots = [] {
    return std::vector<SlotInfo>{{.name = "n2"}, {.name = "n3"}, {.name = "stranger"}};
  };
  b.run(Chore::SyncSlots);
  EXPECT_EQ(b.parts.postgres.calls, std::vector<std::string>{"drop stranger"});
  b.parts.postgres.calls.clear();
  b.parts.clock.advance(30min);
  b.run(Chore::SyncSlots);
  EXPECT_EQ(b.parts.postgres.calls, (std::vector<std::string>{"drop n3", "drop stranger"}));
}

TEST(Chores, the_failsafe_map_names_everybody_and_is_bound_to_lock_and_version) {
  Beside b;
  b.parts.configure([](Settings& s) { s.restapi.connect_address = "127.0.0.1:8008"; });
  b.view.failsafe_revision = 17;
  b.view.members[2].api_url.clear();
  b.run(Chore::WriteFailsafe);
  ASSERT_NE(b.written(), nullptr);
  EXPECT_EQ(b.written()->key, StoreKey::Failsafe);
  EXPECT_EQ(b.written()->value, R"({"n1":"http://127.0.0.1:8008/patroni","n2":"http://127.0.0.2:8008/patroni"})");
  EXPECT_EQ(b.written()->condition.revision, 17);
  EXPECT_EQ(b.written()->while_leading, b.lock.held->generation);
  EXPECT_TRUE(b.parts.state.failsafe_maps.confirmed(b.lock.held->generation));
}

TEST(Chores, a_failsafe_map_without_an_answer_may_stand_in_the_store) {
  Beside b;
  const LockGeneration mine = b.lock.held->generation;
  FailsafeMaps& maps = b.parts.state.failsafe_maps;
  b.run(Chore::WriteFailsafe);
  b.view.failsafe = {{"n1", "u1"}};
  b.parts.store.on_write = [](auto) { return Written<std::int64_t>::make_unknown(silence()); };
  Member fourth = b.view.members[2];
  fourth.name = "n4";
  b.view.members = {fourth};
  b.run(Chore::WriteFailsafe);
  auto all = maps.everybody(mine, b.view, "n1");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 4u) << "read, written, and perhaps written";
  EXPECT_FALSE(maps.everybody({"n1", 8, "b"}, b.view, "n1")) << "another lock";
  b.view.failsafe.clear();
  EXPECT_FALSE(maps.everybody(mine, b.view, "n1")) << "the map that was read does not name this member";
}

}  // namespace
}  // namespace tamada
