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

// A standby n1 of n2, with a permanent logical slot in the settings.
struct WithLogicalSlot : Beside {
  WithLogicalSlot() {
    follows("n2", 7);
    parts.configure([](Settings& s) {
      s.dynamic.slots["changes"] = json::object{{"database", "app"}, {"plugin", "test_decoding"}};
      s.postgresql.parameters["wal_level"] = "logical";
    });
    for (Member& member : view.members) member.version = "4.1.4";
    view.status->slots["changes"] = 0x4000000;
    here.confirmed_flush_lsn = Lsn{0x4000000};
    parts.postgres.on_slots = [this] {
      std::vector<SlotInfo> list{{.name = "n2", .restart_lsn = Lsn{1}}, {.name = "n3", .restart_lsn = Lsn{1}}};
      if (exists) list.push_back(here);
      return list;
    };
    parts.postgres.on_slots_of = [this] {
      return std::vector<SlotInfo>{there, {.name = "n1", .has_xmin = true, .catalog_xmin = feedback}};
    };
  }
  void follows(const std::string& leader, std::int64_t revision) {
    lock.held.reset();
    view.leader = LeaderEntry{{leader, revision, "b"}, revision};
    parts.runs_as(false);
    parts.state.postgres = parts.postgres.status;
    parts.state.postgres.row->replayed_lsn = Lsn{0x5000000};
  }
  void leads(std::int64_t revision) {
    view.leader = LeaderEntry{{"n1", revision, "c"}, revision};
    lock.held = LockProof{view.leader->generation, parts.clock.now() + 30s, 30s};
    parts.runs_as(true);
    parts.state.postgres = parts.postgres.status;
    parts.state.postgres.row->timeline = Timeline{2};
    parts.postgres.on_history = [this] { return std::vector<HistoryLine>{{.timeline = Timeline{1}, .lsn = fork}}; };
  }
  void look() {
    run(Chore::SyncSlots);
    parts.clock.advance(2s);
  }
  bool sound() const {
    const auto& names = parts.local.sound_slots ? parts.local.sound_slots->names : std::vector<std::string>();
    return names == std::vector<std::string>{"changes"};
  }
  std::string gap() const {
    const auto& gaps = parts.state.slots.gaps;
    return gaps.contains("changes") ? gaps.at("changes") : "";
  }
  bool exists = true;
  SlotInfo here{.name = "changes",
                .physical = false,
                .plugin = "test_decoding",
                .database = "app",
                .restart_lsn = Lsn{0x3000000},
                .catalog_xmin = 700};
  SlotInfo there = here;
  std::uint32_t feedback = 700;
  Lsn fork{0x4800000};
};

TEST(LogicalSlots, are_offered_for_a_copy_where_they_are_missing_and_not_again_at_once) {
  WithLogicalSlot b;
  b.exists = false;
  b.look();
  ASSERT_EQ(b.parts.state.slots.to_copy.size(), 1u);
  EXPECT_EQ(b.parts.state.slots.to_copy[0].name, "changes");
  EXPECT_EQ(b.parts.events, std::vector{Event::Kind::SlotsLooked});
  b.chores.copying_slots();
  EXPECT_TRUE(b.parts.state.slots.to_copy.empty());
  b.look();
  EXPECT_TRUE(b.parts.state.slots.to_copy.empty()) << "a copy is a restart";
  b.parts.clock.advance(120s);
  b.look();
  EXPECT_EQ(b.parts.state.slots.to_copy.size(), 1u);
}

TEST(LogicalSlots, are_not_copied_into_a_server_that_would_not_start_with_them) {
  WithLogicalSlot b;
  b.exists = false;
  b.parts.configure([](Settings& s) { s.postgresql.parameters["wal_level"] = "replica"; });
  b.look();
  EXPECT_TRUE(b.parts.state.slots.to_copy.empty());
  b.parts.configure([](Settings& s) {
    s.postgresql.parameters["wal_level"] = "logical";
    s.postgresql.parameters["max_replication_slots"] = "2";
  });
  b.look();
  EXPECT_TRUE(b.parts.state.slots.to_copy.empty());
  EXPECT_TRUE(b.parts.log_lines.contains("max_replication_slots is 2"));
}

TEST(LogicalSlots, are_sound_once_rows_and_wal_are_proven_to_be_here) {
  WithLogicalSlot b;
  b.feedback = 0;
  b.look();
  EXPECT_FALSE(b.sound()) << "no feedback holds the rows";
  b.feedback = 700;
  b.look();
  EXPECT_TRUE(b.sound());
  EXPECT_EQ(b.parts.state.slots.slots.back().sound, false) << "of the look before";
  WithLogicalSlot c;
  c.parts.postgres.on_advance = [](const std::string& name) {
    return name == "changes" ? Result<void>(Error(ErrorCode::NotFound, "the segment has been removed"))
                             : Result<void>();
  };
  c.look();
  EXPECT_FALSE(c.sound()) << "its WAL is not here";
  c.look();
  EXPECT_EQ(c.parts.postgres.calls.back(), "drop changes") << "to be copied again";
}

TEST(LogicalSlots, are_moved_to_what_the_leader_published) {
  WithLogicalSlot b;
  b.view.status->slots["changes"] = 0x4500000;
  b.look();
  EXPECT_EQ(b.parts.postgres.calls, std::vector<std::string>{"advance changes 0/4500000 in app"});
}

TEST(LogicalSlots, that_are_sound_are_trusted_after_a_promotion) {
  WithLogicalSlot b;
  b.look();
  b.look();
  ASSERT_TRUE(b.sound());
  b.leads(9);
  b.look();
  EXPECT_EQ(b.gap(), "");
}

TEST(LogicalSlots, that_are_not_proven_are_told_after_a_promotion) {
  WithLogicalSlot b;
  b.feedback = 0;
  b.look();
  b.look();
  b.leads(9);
  b.look();
  EXPECT_NE(b.gap().find("not proven"), std::string::npos) << b.gap();
  b.look();
  EXPECT_EQ(b.gap().find("not proven"), b.gap().rfind("not proven")) << "once";
  b.follows("n2", 11);
  b.look();
  EXPECT_EQ(b.gap(), "");
}

TEST(LogicalSlots, that_are_not_proven_are_told_also_by_the_next_run_of_the_daemon) {
  WithLogicalSlot b;
  b.parts.local.sound_slots = SoundSlots{"n2/7/b", {}};
  b.leads(9);
  b.look();
  EXPECT_NE(b.gap().find("not proven"), std::string::npos);
  WithLogicalSlot fresh;
  fresh.leads(9);
  fresh.look();
  EXPECT_EQ(fresh.gap(), "") << "a primary that never was a standby with a record";
}

TEST(LogicalSlots, under_another_leader_everything_is_proven_anew) {
  WithLogicalSlot b;
  b.look();
  b.look();
  ASSERT_TRUE(b.sound());
  b.feedback = 0;
  b.follows("n3", 11);
  b.look();
  EXPECT_FALSE(b.sound());
  EXPECT_EQ(b.parts.local.sound_slots->leader, "n3/11/b");
}

TEST(LogicalSlots, that_are_made_anew_are_told_with_the_position_from_which_changes_are_lost) {
  WithLogicalSlot b;
  b.exists = false;
  b.look();
  b.leads(9);
  b.look();
  EXPECT_NE(b.gap().find("created anew: its changes since 0/4000000 are lost"), std::string::npos) << b.gap();
  EXPECT_EQ(b.parts.postgres.calls.back(), "create logical changes");
  WithLogicalSlot first;
  first.exists = false;
  first.view.status->slots.clear();
  first.leads(9);
  first.look();
  EXPECT_EQ(first.parts.postgres.calls.back(), "create logical changes");
  EXPECT_EQ(first.gap(), "") << "nobody missed anything of a slot that is new";
}

TEST(LogicalSlots, whose_consumer_is_ahead_of_the_new_history_are_told) {
  WithLogicalSlot b;
  b.look();
  b.look();
  b.fork = Lsn{0x3fffff0};
  b.leads(9);
  b.look();
  EXPECT_NE(b.gap().find("had confirmed 0/4000000"), std::string::npos) << b.gap();
}

TEST(LogicalSlots, without_the_store_slots_are_only_moved) {
  WithLogicalSlot b;
  b.exists = false;
  b.parts.state.failsafe_slots = {{{"n3", 0x4000000}}, b.parts.clock.now() + 30s};
  b.parts.postgres.on_slots = [] {
    return std::vector<SlotInfo>{{.name = "n3", .restart_lsn = Lsn{1}}, {.name = "gone", .restart_lsn = Lsn{1}}};
  };
  b.run(Chore::MoveSlots);
  EXPECT_EQ(b.parts.postgres.calls, std::vector<std::string>{"advance n3 0/4000000"});
}

TEST(Chores, slots_that_keep_too_much_wal_are_told_once) {
  Beside b;
  SlotInfo n2{.name = "n2", .restart_lsn = Lsn{0x1000000}, .wal_status = "unreserved"};
  b.parts.postgres.on_slots = [&n2] { return std::vector<SlotInfo>{n2}; };
  b.run(Chore::SyncSlots);
  b.run(Chore::SyncSlots);
  EXPECT_EQ(b.parts.log_lines.count("more than max_slot_wal_keep_size"), 1);
  n2.wal_status = "lost";
  b.run(Chore::SyncSlots);
  EXPECT_EQ(b.parts.log_lines.count("has lost WAL"), 1);
}

TEST(Chores, the_positions_of_the_leaders_slots_are_known_for_the_status) {
  Beside b;
  b.parts.postgres.on_slots = [] { return std::vector<SlotInfo>{{.name = "n2", .restart_lsn = Lsn{0x1000000}}}; };
  b.run(Chore::SyncSlots);
  EXPECT_EQ(b.parts.state.slots.positions, (SlotPositions{{"n2", 0x1000000}}));
  ASSERT_EQ(b.parts.state.slots.slots.size(), 1u);
  EXPECT_GT(b.parts.state.slots.slots[0].retained_bytes, 0u);
}

}  // namespace
}  // namespace tamada
