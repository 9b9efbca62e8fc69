#include "engine/event_feed.h"

#include <gtest/gtest.h>

#include "support/snapshot_builder.h"

namespace tamada {
namespace {

using test::SnapshotBuilder;

// The kinds of what is different between a healthy replica's snapshot and the changed one.
std::vector<std::string> kinds(const std::function<void(SnapshotBuilder&)>& change) {
  const auto before = SnapshotBuilder::replica();
  auto after = before;
  change(after);
  // The same settings are the same object, as in the engine.
  auto first = std::make_shared<Snapshot>(*before.build());
  auto second = std::make_shared<Snapshot>(*after.build());
  if (first->settings->dynamic_document == second->settings->dynamic_document) second->settings = first->settings;
  std::vector<std::string> out;
  for (const MemberEvent& event : changes_between(*first, *second)) out.push_back(event.kind);
  return out;
}

using Kinds = std::vector<std::string>;

TEST(ChangesBetween, finds_each_kind_of_change_and_nothing_else) {
  EXPECT_EQ(kinds([](auto&) {}), Kinds{});
  EXPECT_EQ(kinds([](auto& b) { b.snapshot.role = Role::Primary; }), Kinds{"role"});
  EXPECT_EQ(kinds([](auto& b) { b.snapshot.state_text = "stopped"; }), Kinds{"state"});
  EXPECT_EQ(kinds([](auto& b) { b.snapshot.own_member.timeline = Timeline{2}; }), Kinds{"timeline"});
  EXPECT_EQ(kinds([](auto& b) { b.snapshot.lock_valid_until = test::at(1020); }), Kinds{"lock"});
  EXPECT_EQ(kinds([](auto& b) { b.view.leader->generation.holder = "n3"; }), Kinds{"leader"});
  EXPECT_EQ(kinds([](auto& b) { b.view.leader.reset(); }), Kinds{"leader"});
  EXPECT_EQ(kinds([](auto& b) { b.has_view = false; }), Kinds{"store"});
  EXPECT_EQ(kinds([](auto& b) { b.snapshot.explanation.rule = "NL-01"; }), Kinds{"decision"});
  EXPECT_EQ(kinds([](auto& b) { b.snapshot.health_verdict.level = HealthVerdict::Level::Sick; }), Kinds{"health"});
  EXPECT_EQ(kinds([](auto& b) { b.snapshot.paused = true; }), Kinds{"pause"});
  EXPECT_EQ(kinds([](auto& b) { b.snapshot.failsafe_active = true; }), Kinds{"failsafe"});
  EXPECT_EQ(kinds([](auto& b) { b.snapshot.watchdog_failed = true; }), Kinds{"watchdog"});
  EXPECT_EQ(kinds([](auto& b) { b.snapshot.pending_restart = true; }), Kinds{"pending_restart"});
  EXPECT_EQ(kinds([](auto& b) { b.view.sync = {"n1", {"n3"}, 0, 5}; }), Kinds{"synchronous"});
  EXPECT_EQ(kinds([](auto& b) { b.settings.dynamic_document["ttl"] = 20; }), Kinds{"configuration"});
}

TEST(ChangesBetween, what_moves_all_the_time_is_no_event) {
  EXPECT_EQ(kinds([](auto& b) {
              b.snapshot.postgres.row->replayed_lsn = Lsn{0x6000000};
              b.snapshot.status = "following, 3 s left";
              b.snapshot.loop_ran_at = test::at(2000);
              b.view.revision = 77;
            }),
            Kinds{});
  const auto later = [](auto& b) { b.snapshot.lock_valid_until = test::at(1030); };
  auto first = SnapshotBuilder::primary();
  auto second = first;
  later(second);
  auto renewed = std::make_shared<Snapshot>(*second.build());
  const auto before = first.build();
  renewed->settings = before->settings;
  EXPECT_TRUE(changes_between(*before, *renewed).empty()) << "a renewal";
}

TEST(EventFeed, numbers_grow_without_gaps_and_the_ring_is_bounded) {
  EventFeed feed;
  auto calm = SnapshotBuilder::replica();
  auto paused = calm;
  paused.snapshot.paused = true;
  const auto a = calm.build();
  auto b = std::make_shared<Snapshot>(*paused.build());
  b->settings = a->settings;
  feed.compare(*a, *b, WallTime(1s));
  const auto first = feed.shown();
  ASSERT_EQ(first->events.size(), 1u);
  EXPECT_EQ(first->events[0]->number, 1u);
  EXPECT_EQ(first->events[0]->at, WallTime(1s));
  feed.compare(*b, *b, WallTime(2s));
  EXPECT_EQ(feed.shown(), first) << "nothing new";
  for (int i = 0; i < 3000; ++i) feed.compare(i % 2 == 0 ? *b : *a, i % 2 == 0 ? *a : *b, WallTime(3s));
  EXPECT_EQ(feed.shown()->events.size(), EventFeed::kMostEvents);
  EXPECT_EQ(feed.shown()->events.back()->number, 3001u);
  EXPECT_EQ(feed.shown()->events.front()->number, 3002u - EventFeed::kMostEvents);
  EXPECT_EQ(feed.shown()->run, first->run);
}

}  // namespace
}  // namespace tamada
