#include <gtest/gtest.h>

#include "procedures/bootstrap_procedure.h"
#include "procedures/rebuild_procedures.h"
#include "support/scripted_world.h"

namespace tamada {
namespace {

using test::every_fault_at_every_step;
using test::ScriptedWorld;
using Directory = ScriptedWorld::Directory;
using Server = ScriptedWorld::Server;

// What the next start finds after any fault (S8): a whole directory, an empty one, or a note that says what to do.
void expect_continuable(ScriptedWorld& w) {
  if (w.directory == Directory::Half) EXPECT_TRUE(w.work_note.has_value()) << "half a data directory without a note";
}

TEST(Bootstrap, ends_with_identifier_config_and_lock) {
  ScriptedWorld world;
  world.server = Server::Stopped;
  world.directory = Directory::Empty;
  world.lock_in_store = false;
  auto result = world.run([](ProcedureContext& c) { return bootstrap_cluster(c); });
  ASSERT_TRUE(result && *result) << world.all_steps();
  EXPECT_EQ(world.initialize, "7711229962259062644");
  EXPECT_TRUE(world.config_written);
  EXPECT_TRUE(world.lock_in_store);
  EXPECT_FALSE(world.work_note.has_value());
  EXPECT_LT(world.index_of("sql.post_bootstrap"), world.index_of("store.write /initialize 77"));
}

TEST(Bootstrap, the_settings_of_a_custom_one_end_before_it_is_published) {
  for (const bool custom : {true, false}) {
    ScriptedWorld world;
    world.server = Server::Stopped;
    world.directory = Directory::Empty;
    world.lock_in_store = false;
    world.settings.bootstrap.method = "restore";
    world.settings.bootstrap.methods["restore"] = json::object{{custom ? "command" : "misspelt", "/bin/restore"}};
    auto result = world.run([](ProcedureContext& c) { return bootstrap_cluster(c); });
    ASSERT_TRUE(result && *result) << world.all_steps();
    EXPECT_EQ(world.called("data.custom_bootstrap"), custom);
    EXPECT_EQ(world.called("server.apply_settings"), custom);
    if (!custom) continue;
    EXPECT_LT(world.index_of("sql.post_bootstrap"), world.index_of("server.apply_settings"));
    EXPECT_LT(world.index_of("server.apply_settings"), world.index_of("store.write /initialize 77"));
  }
}

TEST(Bootstrap, a_failed_one_clears_the_key_and_moves_the_directory_aside) {
  every_fault_at_every_step(
      [](ScriptedWorld& w) {
        w.server = Server::Stopped;
        w.directory = Directory::Empty;
        w.lock_in_store = false;
      },
      [](ProcedureContext& c) { return bootstrap_cluster(c); },
      [](ScriptedWorld& w, const auto& result) {
        expect_continuable(w);
        if (!result) {
          // Killed on the way: the note is there as long as the work is open.
          const bool open = w.initialize && w.initialize->empty();
          if (open) EXPECT_TRUE(w.work_note.has_value());
          return;
        }
        if (!*result && result->error().code == ErrorCode::Failed && !w.initialize) {
          EXPECT_EQ(w.server, Server::Stopped);
          EXPECT_NE(w.directory, Directory::Half);
        }
      });
}

TEST(Bootstrap, one_that_was_killed_is_undone_by_the_next_start) {
  for (int at = 1; at < 14; ++at) {
    ScriptedWorld world;
    world.server = Server::Stopped;
    world.directory = Directory::Empty;
    world.lock_in_store = false;
    world.faulty_step = at;
    world.fault = test::Outcome::CrashAfter;
    auto result = world.run([](ProcedureContext& c) { return bootstrap_cluster(c); });
    if (result) break;  // past its end
    SCOPED_TRACE(world.all_steps());
    world.faulty_step = -1;
    world.view.initialize.reset();
    if (world.initialize) world.view.initialize = InitializeKey{*world.initialize, world.initialize_revision};
    const bool finished = world.initialize && *world.initialize != "";
    auto undone = world.run([&](ProcedureContext& c) -> Task<Result<void>> {
      Result<bool> done = co_await undo_interrupted_bootstrap(c, world.view);
      if (!done) co_return done.error();
      co_return Result<void>();
    });
    ASSERT_TRUE(undone && *undone);
    EXPECT_FALSE(world.work_note.has_value());
    if (!finished) {
      EXPECT_FALSE(world.initialize.has_value());
      EXPECT_EQ(world.server, Server::Stopped);
    }
  }
}

StartRequest first_start_with(json::object method) {
  ScriptedWorld world;
  world.server = Server::Stopped;
  world.directory = Directory::Empty;
  world.lock_in_store = false;
  world.settings.bootstrap.method = "restore";
  world.settings.bootstrap.methods = {{"restore", std::move(method)}};
  auto result = world.run([](ProcedureContext& c) { return bootstrap_cluster(c); });
  EXPECT_TRUE(result && *result) << world.all_steps();
  EXPECT_EQ(world.starts.size(), 1u);
  return world.starts.empty() ? StartRequest{} : world.starts[0];
}

TEST(Bootstrap, a_custom_one_starts_with_the_recovery_that_it_was_given) {
  const StartRequest plain = first_start_with({{"command", "restore.sh"}});
  EXPECT_FALSE(plain.recovery_conf);
  EXPECT_FALSE(plain.keep_recovery);
  const StartRequest targeted =
      first_start_with({{"command", "restore.sh"},
                        {"keep_existing_recovery_conf", true},
                        {"recovery_conf", {{"restore_command", "cp %f %p"}, {"recovery_target_timeline", 2}}}});
  ASSERT_TRUE(targeted.recovery_conf);
  EXPECT_EQ(*targeted.recovery_conf,
            (std::map<std::string, std::string>{{"recovery_target_timeline", "2"}, {"restore_command", "cp %f %p"}}));
  EXPECT_FALSE(targeted.keep_recovery);
  EXPECT_TRUE(first_start_with({{"command", "restore.sh"}, {"keep_existing_recovery_conf", true}}).keep_recovery);
  const StartRequest no_command = first_start_with({{"recovery_conf", {{"restore_command", "cp %f %p"}}}});
  EXPECT_FALSE(no_command.recovery_conf) << "a section without a command is initdb";
}

TEST(Bootstrap, loses_the_race_without_touching_anything) {
  ScriptedWorld world;
  world.server = Server::Stopped;
  world.directory = Directory::Empty;
  world.initialize = "";
  world.initialize_revision = 3;
  auto result = world.run([](ProcedureContext& c) { return bootstrap_cluster(c); });
  ASSERT_TRUE(result.has_value());
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().code, ErrorCode::Conflict);
  EXPECT_FALSE(world.called("data.initdb"));
  EXPECT_FALSE(world.work_note.has_value());
}

const FollowTarget kRemote{"", "far", "5433", "slot", true};

void nothing_there_yet(ScriptedWorld& w) {
  w.server = Server::Stopped;
  w.directory = Directory::Empty;
  w.lock_in_store = false;
}

TEST(BootstrapStandbyLeader, copies_the_remote_and_never_writes) {
  ScriptedWorld world;
  nothing_there_yet(world);
  auto result = world.run([](ProcedureContext& c) { return bootstrap_standby_leader(c, kRemote); });
  ASSERT_TRUE(result && *result) << world.all_steps();
  EXPECT_EQ(world.initialize, "7711229962259062644");
  EXPECT_TRUE(world.config_written);
  EXPECT_TRUE(world.lock_in_store);
  EXPECT_EQ(world.server, Server::Standby);
  ASSERT_EQ(world.starts.size(), 1u);
  EXPECT_EQ(world.starts[0].follow, kRemote);
  EXPECT_FALSE(world.starts[0].as_primary);
  EXPECT_FALSE(world.called("sql.post_bootstrap"));
  EXPECT_FALSE(world.called("watchdog.activate"));
  EXPECT_LT(world.index_of("server.start standby"), world.index_of("lock.take"));
  EXPECT_FALSE(world.work_note.has_value());
  EXPECT_FALSE(world.events.back().as_primary);
}

TEST(BootstrapStandbyLeader, is_undone_whatever_goes_wrong) {
  every_fault_at_every_step(
      nothing_there_yet, [](ProcedureContext& c) { return bootstrap_standby_leader(c, kRemote); },
      [](ScriptedWorld& w, const auto& result) {
        EXPECT_NE(w.server, Server::Primary);
        expect_continuable(w);
        const bool open = w.initialize && w.initialize->empty();
        if (!result && open) EXPECT_TRUE(w.work_note.has_value());
        if (result && !*result && result->error().code == ErrorCode::Failed && !w.initialize) {
          EXPECT_EQ(w.server, Server::Stopped);
          EXPECT_NE(w.directory, Directory::Half);
        }
      });
}

TEST(CheckDivergence, a_timeline_that_was_made_here_is_not_the_remotes) {
  for (const bool made_here : {true, false}) {
    ScriptedWorld world;
    world.settings.dynamic.standby_cluster.emplace();
    world.verdict = TimelineComparison::Verdict::Same;
    world.timeline = Timeline{4};
    world.promotion_note = PromotionNote{};
    world.promotion_note->to_timeline = Timeline{made_here ? 4u : 3u};
    auto result = world.run([](ProcedureContext& c) { return check_divergence(c, Member{}); });
    ASSERT_TRUE(result && *result);
    EXPECT_EQ(world.events.back().diverged, made_here) << world.events.back().detail;
  }
}

TEST(Clone, leaves_a_note_for_as_long_as_the_directory_is_not_usable) {
  every_fault_at_every_step([](ScriptedWorld& w) { w.server = Server::Stopped; },
                            [](ProcedureContext& c) {
                              CloneRequest request;
                              request.source = {"n2", "host", 5432};
                              return clone_replica(c, std::move(request));
                            },
                            [](ScriptedWorld& w, const auto&) { expect_continuable(w); });
}

TEST(Reinitialize, stops_and_notes_before_it_removes) {
  every_fault_at_every_step([](ScriptedWorld& w) { w.server = Server::Standby; },
                            [](ProcedureContext& c) {
                              CloneRequest request;
                              request.source = {"n2", "host", 5432};
                              request.stop_first = true;
                              return clone_replica(c, std::move(request));
                            },
                            [](ScriptedWorld& w, const auto&) { expect_continuable(w); });
}

// A copy of a member may be the last one there is; a backup can be restored once more.
TEST(Clone, the_note_says_whether_a_member_was_copied_and_is_known_without_reading_it) {
  for (const bool copied : {false, true}) {
    const auto kind = copied ? WorkNote::Kind::Clone : WorkNote::Kind::Fill;
    int noted = 0;
    for (const auto fault : {test::Outcome::Fail, test::Outcome::CrashAfter}) {
      for (int at = 1; at < 14; ++at) {
        ScriptedWorld world;
        world.server = copied ? Server::Standby : Server::Stopped;
        world.directory = copied ? Directory::Whole : Directory::Empty;
        world.faulty_step = at;
        world.fault = fault;
        std::optional<WorkNote::Kind> open;
        auto result = world.run([&](ProcedureContext& c) -> Task<Result<void>> {
          CloneRequest request;
          if (copied) request.source = {"n2", "host", 5432};
          request.stop_first = copied;
          auto done = co_await clone_replica(c, std::move(request));
          open = c.open_work;
          co_return done;
        });
        SCOPED_TRACE(world.all_steps());
        if (world.work_note) {
          EXPECT_EQ(world.work_note->kind, kind);
          ++noted;
        }
        // A note whose removal was not answered may be gone; it is taken for open all the same.
        if (result && world.work_note) EXPECT_EQ(open, kind);
        if (result && *result) EXPECT_FALSE(open);
      }
    }
    EXPECT_GT(noted, 2);
  }
}

// Simulation seed 911331: a third promoted himself to the number of the timeline that was copied.
TEST(Rebuild, whose_timeline_was_copied_is_noted_before_the_step_is_over) {
  for (const bool by_rewind : {true, false}) {
    every_fault_at_every_step(
        [&](ScriptedWorld& w) {
          w.server = by_rewind ? Server::Standby : Server::Stopped;
          if (!by_rewind) w.directory = Directory::Empty;
          Member leader;
          leader.name = "n2";
          leader.role = Role::Primary;
          leader.timeline = Timeline{7};
          leader.timeline_origin = "n2 0/1000000 17";
          w.view.members = {leader};
        },
        [&](ProcedureContext& c) {
          if (by_rewind) return rewind(c, c.view()->members[0]);
          return clone_replica(c, {.source = {"n2", "10.0.0.2", 5432}});
        },
        [](ScriptedWorld& w, const auto&) {
          const bool failed = w.faulty_step >= 0 && w.fault == test::Outcome::Fail &&
                              w.steps[static_cast<std::size_t>(w.faulty_step)] == "data.rewind";
          if (!w.called("local.clear_work_note") || failed) return;  // not over, or nothing was copied
          ASSERT_TRUE(w.promotion_note) << w.all_steps();
          EXPECT_EQ(w.promotion_note->origin, "n2 0/1000000 17");
          EXPECT_EQ(w.promotion_note->to_timeline.id, 7u);
          EXPECT_FALSE(w.promotion_note->own());
        });
  }
}

TEST(Rewind, an_interrupted_one_is_remembered) {
  every_fault_at_every_step([](ScriptedWorld& w) { w.server = Server::Standby; },
                            [](ProcedureContext& c) {
                              Member leader;
                              leader.name = "n2";
                              return rewind(c, leader);
                            },
                            [](ScriptedWorld& w, const auto& result) {
                              expect_continuable(w);
                              if (result && *result) EXPECT_FALSE(w.promotion_note.has_value());
                            });
}

}  // namespace
}  // namespace tamada
