// When a scheduled restart takes place, waits, or is over; the rules around it are in tests/rules/scenarios/orders.txt.
#include "core/scheduled_restart.h"

#include <gtest/gtest.h>

#include "core/restart_conditions.h"

namespace tamada {
namespace {

using Kind = ScheduledRestartVerdict::Kind;

struct Situation {
  Situation() {
    o.my_name = "n1";
    o.store = StoreReach::Fresh;
    o.view.emplace();
    o.view->leader = LeaderEntry{{"n2", 7, "a"}, 9};
    o.postgres.row.emplace();
    o.postgres.row->postmaster_start_time = "2026-11-23 05:20:13.398298+00:00";
    o.postgres.row->server_version = 150020;
    o.scheduled_restart.emplace();
    o.scheduled_restart->at = due;
    o.scheduled_restart->postmaster_start_time = o.postgres.row->postmaster_start_time;
    m.role = Role::Replica;
  }
  Kind at(Duration late) const { return judge_scheduled_restart(o, m, due + late, settings).kind; }
  Kind with(RestartRequest request) {
    o.scheduled_restart->request = std::move(request);
    return at(1s);
  }

  WallTime due{std::chrono::seconds(1'800'000'000)};
  Observation o;
  Memory m;
  Settings settings;
};

TEST(ScheduledRestartVerdict, has_a_window) {
  Situation s;
  EXPECT_EQ(s.at(-1h), Kind::Awaited);
  EXPECT_EQ(s.at(-1ms), Kind::Awaited);
  EXPECT_EQ(s.at(0s), Kind::Due);
  EXPECT_EQ(s.at(15s), Kind::Due);
  EXPECT_EQ(s.at(16s), Kind::Cancelled);
  s.settings.dynamic.loop_wait = 20s;
  EXPECT_EQ(s.at(30s), Kind::Due);
  EXPECT_EQ(s.at(31s), Kind::Cancelled);
  s.o.scheduled_restart.reset();
  EXPECT_EQ(s.at(0s), Kind::None);
}

TEST(ScheduledRestartVerdict, is_for_one_server_whatever_zone_its_start_is_told_in) {
  Situation s;
  s.o.postgres.row->postmaster_start_time = "2026-11-23 07:20:13.398298+02:00";
  EXPECT_EQ(s.at(0s), Kind::Due);
  s.o.postgres.row->postmaster_start_time = "2026-11-23 05:20:13.398299+00:00";
  EXPECT_EQ(s.at(-1h), Kind::Cancelled);
  s.o.postgres.row->postmaster_start_time.clear();
  EXPECT_EQ(s.at(-1h), Kind::Awaited);
}

TEST(ScheduledRestartVerdict, nothing_unknown_is_taken_for_a_condition_that_fails) {
  Situation s;
  s.o.postgres.row.reset();
  EXPECT_EQ(s.with({.role = "primary"}), Kind::Awaited);
  s = Situation();
  s.o.store = StoreReach::Doubtful;
  EXPECT_EQ(s.with({.role = "primary"}), Kind::Awaited);
  s = Situation();
  s.o.view->leader.reset();
  EXPECT_EQ(s.at(0s), Kind::Awaited);
  s.o.view.reset();
  EXPECT_EQ(s.at(0s), Kind::Awaited);
}

TEST(ScheduledRestartVerdict, conditions_count_when_it_is_due) {
  Situation s;
  EXPECT_EQ(s.with({.role = "replica"}), Kind::Due);
  EXPECT_EQ(s.with({.role = "primary"}), Kind::Cancelled);
  EXPECT_EQ(s.at(-1s), Kind::Awaited);
  s.m.role = Role::Primary;
  EXPECT_EQ(s.at(1s), Kind::Due);
  EXPECT_EQ(s.with({.postgres_version = "15.21"}), Kind::Due);
  EXPECT_EQ(s.with({.postgres_version = "15.20"}), Kind::Cancelled);
  EXPECT_EQ(s.with({.postgres_version = "9.6.24"}), Kind::Cancelled);
  s.o.postgres.row->server_version = 90623;
  EXPECT_EQ(s.with({.postgres_version = "9.6.24"}), Kind::Due);
  EXPECT_EQ(s.with({.only_pending = true}), Kind::Cancelled);
  s.o.postgres.row->pending_restart_parameters = {"max_connections"};
  EXPECT_EQ(s.with({.only_pending = true}), Kind::Due);
}

TEST(ScheduledRestartVerdict, is_never_due_in_pause_and_waits_for_what_is_in_progress) {
  Situation s;
  s.settings.dynamic.pause = true;
  EXPECT_EQ(s.at(0s), Kind::Awaited);
  EXPECT_EQ(s.at(1h), Kind::Awaited);
  s.settings.dynamic.pause = false;
  s.o.procedure = {ProcedureKind::Follow, "follow", {}};
  s.o.postgres.row->postmaster_start_time = "2026-11-24 05:20:13+00:00";
  EXPECT_EQ(s.at(1h), Kind::Awaited);
}

}  // namespace
}  // namespace tamada
