#include <algorithm>

#include <gtest/gtest.h>

#include "procedures/demote_procedure.h"
#include "procedures/promote_procedure.h"
#include "procedures/start_procedure.h"
#include "support/scripted_world.h"

namespace tamada {
namespace {

using test::every_fault_at_every_step;
using test::ScriptedWorld;

TEST(Promote, goes_in_the_order_that_the_safety_rules_ask_for) {
  ScriptedWorld world;
  world.settings.dynamic.synchronous_mode = SynchronousMode::On;
  auto result = world.run([](ProcedureContext& c) { return promote(c); });
  ASSERT_TRUE(result && *result);
  const char* order[] = {"watchdog.activate",     "store.write /sync",         "server.synchronous_standby_names",
                         "store.write /timeline", "local.save_promotion_note", "lock.confirm",
                         "server.promote",        "callback on_role_change"};
  int last = -1;
  for (const char* what : order) {
    const int at = world.index_of(what);
    EXPECT_GT(at, last) << what << "\n" << world.all_steps();
    last = at;
  }
}

TEST(Promote, never_becomes_writable_without_a_confirmed_lock_whatever_goes_wrong) {
  every_fault_at_every_step([](ScriptedWorld& w) { w.settings.dynamic.synchronous_mode = SynchronousMode::On; },
                            [](ProcedureContext& c) { return promote(c); },
                            [](ScriptedWorld& w, const auto& result) {
                              // S2 is checked at the effect; a success means that it really is primary.
                              if (result && *result) EXPECT_EQ(w.server, ScriptedWorld::Server::Primary);
                            });
}

// Simulation seed 900487: who had every commit was not listed any more, and who was listed lagged too far to lead.
TEST(Promote, puts_sync_back_when_postgres_was_not_asked) {
  const std::string before = R"({"leader":"n2","sync_standby":"n1,n3"})";
  every_fault_at_every_step(
      [&](ScriptedWorld& w) {
        w.settings.dynamic.synchronous_mode = SynchronousMode::On;
        w.settings.compatibility = Compatibility::V3_0;
        w.view.sync = {.leader = "n2", .standbys = {"n1", "n3"}, .revision = 5};
        w.sync = before;
        w.sync_revision = 5;
      },
      [](ProcedureContext& c) { return promote(c); },
      [&](ScriptedWorld& w, const auto& result) {
        if (!result || !w.sync || !w.proof()) return;  // killed, or too late for it
        const std::string step = w.faulty_step < 0 ? "" : w.steps[static_cast<std::size_t>(w.faulty_step)];
        if (w.fault == test::Outcome::Lose && step.starts_with("store.write /sync")) return;  // not known to be ours
        const bool asked = w.called("server.promote") && !(step == "server.promote" && w.fault == test::Outcome::Fail);
        EXPECT_EQ(*w.sync == before, !asked) << w.all_steps();
      });
}

// The version is what proves that nobody else has been made leader by /sync since.
TEST(Promote, leaves_a_sync_that_somebody_else_wrote) {
  ScriptedWorld world;
  world.settings.dynamic.synchronous_mode = SynchronousMode::On;
  world.view.sync = {.leader = "n2", .standbys = {"n1"}, .revision = 5};
  world.sync = "older";
  world.sync_revision = 5;
  world.lock_validity = 3s;  // not confirmed
  world.written_meanwhile = [&] {
    world.sync = "of another";
    ++world.sync_revision;
  };
  auto result = world.run([](ProcedureContext& c) { return promote(c); });
  ASSERT_TRUE(result.has_value());
  EXPECT_FALSE(*result);
  EXPECT_EQ(world.sync, "of another") << world.all_steps();
}

TEST(Promote, leaves_the_note_of_the_timeline_that_the_data_is_of) {
  const PromotionNote former{{}, {}, Timeline{1}, "n2 0/1000000 17"};
  every_fault_at_every_step([&](ScriptedWorld& w) { w.promotion_note = former; },
                            [](ProcedureContext& c) { return promote(c); },
                            [](ScriptedWorld& w, const auto& result) {
                              if (!result) return;  // killed: the deed may be done
                              ASSERT_TRUE(w.promotion_note);
                              if (w.called("server.promote")) {
                                EXPECT_TRUE(w.promotion_note->own());
                                EXPECT_EQ(w.promotion_note->to_timeline.id, 2u);
                              } else {
                                EXPECT_EQ(w.promotion_note->origin, "n2 0/1000000 17") << w.all_steps();
                              }
                            });
}

TEST(Promote, notes_the_number_that_postgres_took) {
  every_fault_at_every_step(
      [](ScriptedWorld& w) { w.numbers_passed_over = 2; }, [](ProcedureContext& c) { return promote(c); },
      [](ScriptedWorld& w, const auto& result) {
        if (!result || !*result) return;
        const int saves = static_cast<int>(std::count(w.steps.begin(), w.steps.end(), "local.save_promotion_note"));
        EXPECT_EQ(saves, 2);
        if (w.steps[w.faulty_step < 0 ? 0 : w.faulty_step] != "local.save_promotion_note")
          EXPECT_EQ(w.promotion_note->to_timeline.id, 4u) << w.all_steps();
      });
}

TEST(Promote, passes_over_timelines_that_others_have_made) {
  ScriptedWorld world;
  world.view.claimed_timeline = Timeline{3};
  auto result = world.run([](ProcedureContext& c) { return promote(c); });
  ASSERT_TRUE(result && *result);
  EXPECT_TRUE(world.called("data.pass_over_timelines 3")) << world.all_steps();
  EXPECT_EQ(world.claimed.id, 4u);
  EXPECT_EQ(world.promotion_note->to_timeline.id, 4u);
}

TEST(Promote, uses_a_claimed_number_again_that_came_to_nothing) {
  ScriptedWorld world;
  world.lock_validity = 3s;  // not confirmed: PostgreSQL is not asked
  std::vector<std::uint32_t> claimed;
  auto result = world.run([&](ProcedureContext& c) -> Task<Result<void>> {
    for (int attempt = 0; attempt < 3; ++attempt) {
      (void)co_await promote(c);
      claimed.push_back(world.claimed.id);
      world.view.claimed_timeline = world.claimed;
      // The revision that the scripted store answers; at last another member has claimed.
      world.view.timeline_revision = attempt == 0 ? 7 : 8;
    }
    co_return Result<void>();
  });
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(claimed, (std::vector<std::uint32_t>{2, 2, 3})) << world.all_steps();
}

TEST(Promote, is_not_done_with_too_little_validity_left) {
  ScriptedWorld world;
  world.lock_validity = 3s;
  auto result = world.run([](ProcedureContext& c) { return promote(c); });
  ASSERT_TRUE(result.has_value());
  EXPECT_FALSE(*result);
  EXPECT_FALSE(world.called("server.promote"));
}

TEST(Promote, gives_the_lock_back_when_pre_promote_refuses) {
  ScriptedWorld world;
  world.settings.postgresql.pre_promote = "/bin/false";
  world.faulty_step = 0;
  world.fault = test::Outcome::Fail;
  auto result = world.run([](ProcedureContext& c) { return promote(c); });
  ASSERT_TRUE(result.has_value());
  EXPECT_FALSE(*result);
  EXPECT_FALSE(world.called("server.promote"));
  EXPECT_FALSE(world.lock_in_store);
  ASSERT_FALSE(world.events.empty());
  EXPECT_TRUE(world.events.back().pre_promote);
}

TEST(Demote, graceful_releases_only_after_the_stop) {
  every_fault_at_every_step([](ScriptedWorld& w) { w.server = ScriptedWorld::Server::Primary; },
                            [](ProcedureContext& c) { return demote(c, {.mode = DemoteMode::Graceful}); },
                            [](ScriptedWorld& w, const auto& result) {
                              if (!w.lock_in_store) EXPECT_NE(w.server, ScriptedWorld::Server::Primary);
                              if (result && *result) EXPECT_EQ(w.server, ScriptedWorld::Server::Stopped);
                            });
}

TEST(Demote, a_stop_that_fails_keeps_the_lock) {
  ScriptedWorld world;
  world.server = ScriptedWorld::Server::Primary;
  world.faulty_step = 1;  // after the checkpoint
  world.fault = test::Outcome::Fail;
  auto result = world.run([](ProcedureContext& c) { return demote(c, {.mode = DemoteMode::Graceful}); });
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(world.steps[1], "server.stop fast") << world.all_steps();
  if (!*result) EXPECT_TRUE(world.lock_in_store);
}

TEST(Demote, of_a_sick_primary_releases_only_what_is_stopped_for_certain) {
  every_fault_at_every_step([](ScriptedWorld& w) { w.server = ScriptedWorld::Server::Primary; },
                            [](ProcedureContext& c) { return demote(c, {.mode = DemoteMode::Sick}); },
                            [](ScriptedWorld& w, const auto& result) {
                              if (!w.lock_in_store) EXPECT_NE(w.server, ScriptedWorld::Server::Primary);
                              if (result && *result) EXPECT_EQ(w.server, ScriptedWorld::Server::Stopped);
                              EXPECT_FALSE(w.called("sql.checkpoint")) << "a hung server would never end it";
                            });
}

TEST(Demote, of_a_sick_primary_ends_in_a_kill_within_seconds) {
  ScriptedWorld world;
  world.server = ScriptedWorld::Server::Primary;
  world.faulty_step = 0;
  world.fault = test::Outcome::Hang;
  const Instant began = world.now();
  auto result = world.run([](ProcedureContext& c) { return demote(c, {.mode = DemoteMode::Sick}); });
  ASSERT_TRUE(result && *result);
  EXPECT_EQ(world.steps[0], "server.stop fast");
  EXPECT_EQ(world.steps[1], "server.stop immediate");
  EXPECT_LE(world.now() - began, 5s) << world.all_steps();
}

TEST(Demote, offline_never_touches_the_lock) {
  ScriptedWorld world;
  world.server = ScriptedWorld::Server::Primary;
  auto result = world.run([](ProcedureContext& c) { return demote(c, {.mode = DemoteMode::Offline}); });
  ASSERT_TRUE(result && *result);
  EXPECT_FALSE(world.called("lock.release"));
  EXPECT_TRUE(world.lock_in_store);
}

DemoteRequest whole_cluster() {
  return {.mode = DemoteMode::Cluster, .remote = {"", "far", "5433", "", true}};
}

TEST(Demote, a_whole_cluster_keeps_the_lock_and_archives_what_nobody_can_continue) {
  ScriptedWorld world;
  world.server = ScriptedWorld::Server::Primary;
  auto result = world.run([](ProcedureContext& c) { return demote(c, whole_cluster()); });
  ASSERT_TRUE(result && *result);
  EXPECT_TRUE(world.lock_in_store);
  EXPECT_TRUE(world.called("server.stop fast")) << world.all_steps();
  EXPECT_LT(world.index_of("sql.checkpoint"), world.index_of("server.stop fast"));
  EXPECT_LT(world.index_of("server.stop fast"), world.index_of("server.follow"));
  EXPECT_LT(world.index_of("server.follow"), world.index_of("data.archive_shutdown_checkpoint"));
}

TEST(Demote, a_whole_cluster_never_archives_the_end_of_data_that_may_go_on_as_a_primary) {
  test::every_fault_at_every_step([](ScriptedWorld& w) { w.server = ScriptedWorld::Server::Primary; },
                                  [](ProcedureContext& c) { return demote(c, whole_cluster()); },
                                  [](ScriptedWorld& w, const auto& result) {
                                    EXPECT_TRUE(w.lock_in_store);
                                    if (result && *result) EXPECT_EQ(w.server, ScriptedWorld::Server::Stopped);
                                  });
}

TEST(Demote, a_standby_leader_leaves_its_position_behind) {
  ScriptedWorld world;
  auto result = world.run([](ProcedureContext& c) {
    return demote(c, {.mode = DemoteMode::Graceful, .standby_position = Lsn{0x3000000}});
  });
  ASSERT_TRUE(result && *result);
  EXPECT_FALSE(world.called("data.shutdown_checkpoint"));
  ASSERT_TRUE(world.final_status.has_value());
  EXPECT_EQ(world.final_status->optime, Lsn{0x3000000});
}

TEST(FencingStop, escalates_to_a_kill_before_validity_ends) {
  const Instant now{Duration(1'000'000'000)};
  const Timing timing = compute_timing(DynamicSettings{});
  const StopPlan plan = fencing_stop(timing, now, now + timing.stop_margin);
  EXPECT_EQ(plan.first, StopMode::Fast);
  EXPECT_LT(plan.immediate_at, plan.kill_at);
  EXPECT_EQ(plan.kill_at, now + timing.stop_margin - timing.kill_bound);
}

TEST(FencingStop, goes_straight_to_the_kill_when_there_is_no_time_left) {
  const Instant now{Duration(1'000'000'000)};
  const StopPlan plan = fencing_stop(compute_timing(DynamicSettings{}), now, now + 200ms);
  EXPECT_EQ(plan.first, StopMode::Kill);
}

TEST(StartAsPrimary, needs_a_lock_that_can_be_confirmed) {
  every_fault_at_every_step([](ScriptedWorld& w) { w.server = ScriptedWorld::Server::Stopped; },
                            [](ProcedureContext& c) { return start_postgres(c, {.request = {.as_primary = true}}); },
                            [](ScriptedWorld& w, const auto& result) {
                              if (result && *result) EXPECT_EQ(w.server, ScriptedWorld::Server::Primary);
                            });
}

TEST(Restart, comes_back_in_the_role_it_had) {
  ScriptedWorld world;
  world.server = ScriptedWorld::Server::Standby;
  auto result = world.run([](ProcedureContext& c) { return restart(c, {}, 60s); });
  ASSERT_TRUE(result && *result);
  EXPECT_EQ(world.server, ScriptedWorld::Server::Standby);
  EXPECT_TRUE(world.called("callback on_restart"));
}

TEST(Restart, is_told_from_an_attempt_to_come_back) {
  ScriptedWorld world;
  world.server = ScriptedWorld::Server::Standby;
  (void)world.run([](ProcedureContext& c) { return restart(c, {}, 60s); });
  const auto launched = [](const tamada::Event& event) { return event.kind == tamada::Event::Kind::StartLaunched; };
  const auto found = std::find_if(world.events.begin(), world.events.end(), launched);
  ASSERT_NE(found, world.events.end());
  EXPECT_TRUE(found->ordered);
  world.events.clear();
  world.server = ScriptedWorld::Server::Stopped;
  (void)world.run([](ProcedureContext& c) { return start_postgres(c, {}); });
  const auto again = std::find_if(world.events.begin(), world.events.end(), launched);
  ASSERT_NE(again, world.events.end());
  EXPECT_FALSE(again->ordered);
}

TEST(RoleCallbacks, a_primary_that_comes_back_as_a_replica_changes_its_role_and_does_not_just_start) {
  ScriptedWorld world;
  world.server = ScriptedWorld::Server::Stopped;
  auto result = world.run([](ProcedureContext& c) -> Task<Result<void>> {
    (void)co_await start_postgres(c, {.request = {.as_primary = true}});
    (void)co_await demote(c, {.mode = DemoteMode::Graceful});
    (void)co_await start_postgres(c, {});
    (void)co_await restart(c, {}, 60s);
    co_return Result<void>();
  });
  ASSERT_TRUE(result && *result);
  std::vector<std::string> told;
  for (const std::string& step : world.steps) {
    if (step.starts_with("callback ")) told.push_back(step.substr(9));
  }
  EXPECT_THAT(told, ::testing::ElementsAre("on_start", "on_stop", "on_role_change", "on_restart"));
}

TEST(RoleCallbacks, the_lead_of_a_standby_cluster_changes_hands_without_a_start) {
  ScriptedWorld world;
  ProcedureContext context = world.context();
  context.tell_standby_role(Role::StandbyLeader);
  EXPECT_FALSE(world.called("callback")) << "nothing was told before, so nothing has changed";
  context.callback(Callbacks::Event::OnStart, Role::Replica);
  context.tell_standby_role(Role::Replica);
  EXPECT_EQ(world.steps.size(), 1u) << world.all_steps();
  context.tell_standby_role(Role::StandbyLeader);
  context.tell_standby_role(Role::StandbyLeader);
  context.tell_standby_role(Role::Replica);
  EXPECT_EQ(world.steps,
            (std::vector<std::string>{"callback on_start", "callback on_role_change", "callback on_role_change"}));
  context.callback(Callbacks::Event::OnRoleChange, Role::Primary);
  context.tell_standby_role(Role::StandbyLeader);
  EXPECT_EQ(world.steps.size(), 4u) << "a primary becomes one by a start";
  context.callback(Callbacks::Event::OnStart, Role::StandbyLeader);
  EXPECT_EQ(world.steps.back(), "callback on_role_change");
}

}  // namespace
}  // namespace tamada
