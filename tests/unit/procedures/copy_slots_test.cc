#include "procedures/copy_slots_procedure.h"

#include <gtest/gtest.h>

#include "support/scripted_world.h"

namespace tamada {
namespace {

using test::every_fault_at_every_step;
using test::ScriptedWorld;
using Server = ScriptedWorld::Server;

Member leader() {
  Member m;
  m.name = "n2";
  m.conn_url = "postgres://n2:5432/postgres";
  m.role = Role::Primary;
  return m;
}

void standby_of_n2(ScriptedWorld& w) {
  w.view.members = {leader()};
  w.view.leader = LeaderEntry{{"n2", 5, "a"}, 5};
  w.drop_lock();
  w.leader_slots = {{"a", "state of a", Lsn{0x2000000}}, {"b", "state of b", Lsn{0x2500000}}};
}

Task<Result<void>> copy(ProcedureContext& context) {
  return copy_logical_slots(context, {leader(), {{.name = "a", .physical = false}, {.name = "b", .physical = false}}});
}

TEST(CopySlots, takes_all_of_them_in_one_restart) {
  ScriptedWorld world;
  standby_of_n2(world);
  auto result = world.run(copy);
  ASSERT_TRUE(result && *result) << world.all_steps();
  EXPECT_EQ(world.installed_slots, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(world.server, Server::Standby);
  ASSERT_EQ(world.starts.size(), 1u);
  EXPECT_EQ(world.starts[0].follow.member, "n2");
  EXPECT_LT(world.index_of("data.read_logical_slots"), world.index_of("server.stop fast"));
  EXPECT_LT(world.index_of("server.stop fast"), world.index_of("data.install_logical_slots"));
  EXPECT_LT(world.index_of("data.install_logical_slots"), world.index_of("server.start"));
}

TEST(CopySlots, stops_nothing_without_slots_to_take) {
  ScriptedWorld world;
  standby_of_n2(world);
  world.leader_slots.clear();
  auto result = world.run(copy);
  ASSERT_TRUE(result && !*result);
  EXPECT_FALSE(world.called("server.stop"));
}

TEST(CopySlots, takes_no_slot_that_is_ahead_of_the_standby) {
  ScriptedWorld world;
  standby_of_n2(world);
  world.leader_slots[1].confirmed_flush_lsn = Lsn{world.replayed.bytes + 1};
  auto result = world.run(copy);
  ASSERT_TRUE(result && !*result);
  EXPECT_EQ(result->error().code, ErrorCode::Conflict);
  EXPECT_FALSE(world.called("server.stop"));
}

TEST(CopySlots, stops_nothing_when_another_leads_meanwhile) {
  ScriptedWorld world;
  standby_of_n2(world);
  world.view.leader->generation.holder = "n3";
  auto result = world.run(copy);
  ASSERT_TRUE(result && !*result);
  EXPECT_FALSE(world.called("server.stop"));
}

TEST(CopySlots, nor_with_the_lock_in_hand) {
  ScriptedWorld world;
  standby_of_n2(world);
  world.take_lock();
  auto result = world.run(copy);
  ASSERT_TRUE(result && !*result);
  EXPECT_FALSE(world.called("server.stop"));
}

TEST(CopySlots, leaves_synchronous_duty_before_it_stops) {
  ScriptedWorld world;
  standby_of_n2(world);
  world.settings.dynamic.synchronous_mode = SynchronousMode::On;
  world.view.sync = {"n2", {"n1"}, 0, 3};
  ProcedureContext context = world.context();
  std::vector<bool> told;
  auto result = world.run([&](ProcedureContext& c) {
    c.refuse_sync_duty = [&](bool on) {
      told.push_back(on);
      world.steps.push_back(on ? "refuses sync duty" : "returns to sync duty");
      if (on) world.view.sync.standbys.clear();
    };
    return copy(c);
  });
  ASSERT_TRUE(result && *result) << world.all_steps();
  EXPECT_EQ(told, (std::vector<bool>{true, false}));
  EXPECT_LT(world.index_of("refuses sync duty"), world.index_of("server.stop"));
}

// Whatever fails: nothing but a whole slot is in place (checked by the port), and PostgreSQL runs again, or its stop is
// on record for the brain that starts it, or the process is gone and the next one finds a stopped standby.
TEST(CopySlots, leaves_a_server_that_can_go_on_after_every_fault) {
  every_fault_at_every_step(standby_of_n2, copy, [](ScriptedWorld& w, const auto& result) {
    if (!w.called("server.stop")) EXPECT_EQ(w.server, Server::Standby);
    const bool told = std::any_of(w.events.begin(), w.events.end(), [](const tamada::Event& e) {
      return e.kind == tamada::Event::Kind::PostgresStoppedByUs || e.kind == tamada::Event::Kind::StartFailed;
    });
    const bool stop_failed = result && !*result && !w.called("data.install_logical_slots");
    if (result && w.server == Server::Stopped && !stop_failed) EXPECT_TRUE(told);
    if (result && *result) EXPECT_EQ(w.server, Server::Standby);
    EXPECT_NE(w.server, Server::Primary);
  });
}

}  // namespace
}  // namespace tamada
